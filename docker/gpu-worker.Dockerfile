# A worker with an NVIDIA GPU, for Whisper and the neural families.
# Build it from the root of the repository:  docker build -f docker/gpu-worker.Dockerfile -t voicemill-gpu-worker .
# The base image and onnxruntime-gpu bring NVIDIA's libraries, which are not free software: see docs/reference/licences.md.
FROM nvidia/cuda:12.6.3-cudnn-runtime-ubuntu24.04
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 DEBIAN_FRONTEND=noninteractive
RUN apt-get update && apt-get install --yes --no-install-recommends python3.12 python3.12-venv && rm -rf /var/lib/apt/lists/*
WORKDIR /app
RUN python3.12 -m venv /opt/venv
COPY pyproject.toml constraints.txt README.md LICENSE ./
RUN /opt/venv/bin/pip install --constraint constraints.txt ".[text]"
# onnxruntime and onnxruntime-gpu fill the same directory: whichever is installed last wins, so the other one goes first.
RUN /opt/venv/bin/pip uninstall --yes onnxruntime && /opt/venv/bin/pip install "onnxruntime-gpu>=1.31,<2"
COPY api api
COPY framework framework
COPY jobs jobs
COPY migrations migrations
COPY pipelines pipelines
COPY voicemill voicemill
COPY workers workers
RUN /opt/venv/bin/pip install --no-deps --editable . && /opt/venv/bin/python -m compileall -q api framework jobs migrations pipelines voicemill workers
COPY docs/reference/licences.md /usr/share/doc/voicemill/licences.md
RUN useradd --uid 10001 --create-home voicemill && install -d -o voicemill /data /weights
USER voicemill
ENV PATH=/opt/venv/bin:$PATH VOICEMILL_DATA_DIR=/data VOICEMILL_LOG_JSON=true HF_HOME=/weights
VOLUME ["/data", "/weights"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["voicemill", "worker"]
CMD ["--family", "whisper", "--device", "cuda:0"]
