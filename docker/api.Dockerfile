# The web process, migrations, keys and Flower: the extra `server` alone, without model runtimes and audio libraries.
# Build it from the root of the repository:  docker build -f docker/api.Dockerfile -t voicemill-api .
FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
RUN python -m venv /opt/venv
# The dependencies first: they change less often than the code.
COPY pyproject.toml constraints.txt README.md LICENSE ./
RUN /opt/venv/bin/pip install --constraint constraints.txt ".[server]"
COPY api api
COPY framework framework
COPY jobs jobs
COPY migrations migrations
COPY pipelines pipelines
COPY voicemill voicemill
COPY workers workers
RUN /opt/venv/bin/pip install --no-deps --editable . && /opt/venv/bin/python -m compileall -q api framework jobs migrations pipelines voicemill workers

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --create-home voicemill && install -d -o voicemill /data
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
COPY docs/reference/licences.md /usr/share/doc/voicemill/licences.md
WORKDIR /app
USER voicemill
ENV PATH=/opt/venv/bin:$PATH VOICEMILL_DATA_DIR=/data VOICEMILL_LOG_JSON=true
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/livez', timeout=4)"]
# With several processes, counts for Prometheus are summed through a directory that has to be empty at start.
CMD ["sh", "-c", "export PROMETHEUS_MULTIPROC_DIR=/tmp/prometheus && rm -rf \"$PROMETHEUS_MULTIPROC_DIR\" && mkdir -p \"$PROMETHEUS_MULTIPROC_DIR\" && exec granian --interface rsgi --host 0.0.0.0 --port 8080 --workers 2 --respawn-failed-workers api.rsgi:server"]
