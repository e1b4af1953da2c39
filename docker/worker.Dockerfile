# A worker on the CPU: planning and stitching, speakers, noise reduction, eSpeak NG, PocketSphinx, Whisper.
# Build it from the root of the repository:  docker build -f docker/worker.Dockerfile -t voicemill-worker .
# It contains eSpeak NG (GPL-3.0): see docs/reference/licences.md before you pass the image on, or build with EXTRAS=worker,text.
FROM python:3.11-slim-bookworm AS build
ARG EXTRAS=worker,espeak,text,speakers,denoise
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
RUN python -m venv /opt/venv
COPY pyproject.toml constraints.txt README.md LICENSE ./
RUN /opt/venv/bin/pip install --constraint constraints.txt ".[${EXTRAS}]"
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
# A worker that waits for the database or the storage lives; one that hangs does not. Weights may be fetched at the start.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["python", "-m", "workers.liveness"]
# 60 s: what a graceful stop may take (docker stop --time 60).
STOPSIGNAL SIGTERM
ENTRYPOINT ["voicemill", "worker"]
CMD ["--family", "cpu"]
