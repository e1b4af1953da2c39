# A worker with an NVIDIA GPU, for Whisper and the neural families.
# Build it from the root of the repository:  docker build -f docker/gpu-worker.Dockerfile -t voicemill-gpu-worker .
# It contains eSpeak NG (GPL-3.0) and NVIDIA's libraries, which are not free software: see docs/reference/licences.md.
#
# What has to fit, by what the wheels of these versions ask for (this image was never built or run: docs/reference/untested.md):
#
#   torch 2.13.0             CUDA 13.0 and cuDNN 9.20 for CUDA 13, which its wheel brings as nvidia-* packages
#   onnxruntime-gpu 1.31.1   CUDA 13 and cuDNN 9 (from 1.27 on; 1.26 was the last one for CUDA 12)
#   ctranslate2 4.8.5        cuBLAS 12, loaded by name (libcublas.so.12); no cuDNN, its CUDA runtime is linked in
#
# So everything runs on CUDA 13 from PyPI, with cuBLAS 12 beside cuBLAS 13: the two have different file names. The
# driver of the host has to know CUDA 13 (release 580 or later), the GPU has to be Turing or later.
# Python 3.11, because constraints.txt was made with it and PocketSphinx has no wheel for 3.12.
FROM python:3.11-slim-bookworm AS build
ARG EXTRAS=worker,espeak,text,torch
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
RUN python -m venv /opt/venv
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY docker/gpu-constraints.txt ./
# constraints.txt has the versions of the tests, which run without a GPU; gpu-constraints.txt has those that differ here.
RUN grep -ivE '^(torch|triton)==' constraints.txt > /tmp/constraints.txt \
    && /opt/venv/bin/pip install --constraint /tmp/constraints.txt --constraint gpu-constraints.txt \
       ".[${EXTRAS}]" "onnxruntime-gpu[cuda,cudnn]" nvidia-cublas-cu12
# onnxruntime and onnxruntime-gpu fill the same directory: whichever is installed last wins, so the other one goes first.
RUN /opt/venv/bin/pip uninstall --yes onnxruntime \
    && /opt/venv/bin/pip install --no-deps --force-reinstall --constraint gpu-constraints.txt onnxruntime-gpu
COPY api api
COPY framework framework
COPY jobs jobs
COPY migrations migrations
COPY pipelines pipelines
COPY voicemill voicemill
COPY workers workers
RUN /opt/venv/bin/pip install --no-deps --editable . && /opt/venv/bin/python -m compileall -q api framework jobs migrations pipelines voicemill workers

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --create-home voicemill && install -d -o voicemill /data /weights
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
COPY docs/reference/licences.md /usr/share/doc/voicemill/licences.md
RUN ln -s /usr/share/common-licenses/GPL-3 /usr/share/doc/voicemill/espeak-ng-COPYING \
    && echo "Source of eSpeak NG 1.52: https://github.com/espeak-ng/espeak-ng/tree/1.52.0" > /usr/share/doc/voicemill/espeak-ng-SOURCE
WORKDIR /app
USER voicemill
ENV PATH=/opt/venv/bin:$PATH VOICEMILL_DATA_DIR=/data VOICEMILL_LOG_JSON=true HF_HOME=/weights
# Where CTranslate2 and ONNX Runtime find the libraries of the nvidia-* packages; torch finds them by itself.
ENV NVIDIA=/opt/venv/lib/python3.11/site-packages/nvidia
ENV LD_LIBRARY_PATH=$NVIDIA/cublas/lib:$NVIDIA/cu13/lib:$NVIDIA/cudnn/lib
# For the NVIDIA container runtime, which brings the driver's libraries from the host.
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
# A worker that waits for the database or the storage lives; one that hangs does not. Weights may be fetched at the start.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["python", "-m", "workers.liveness"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["voicemill", "worker"]
CMD ["--family", "whisper", "--device", "cuda:0"]
