# One image for API, worker, migrations and commands; which one it is, the command says.
# BASE is a tag so that it can be read; whoever deploys pins it:
#   docker build --build-arg BASE=python:3.13-slim@sha256:... .
ARG BASE=python:3.13-slim

FROM ${BASE} AS dependencies
COPY requirements-runtime.lock /tmp/
# Wheels only: nothing that comes from outside runs code while the image is built.
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check \
        --only-binary=:all: --require-hashes -r /tmp/requirements-runtime.lock

FROM ${BASE}
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY --from=dependencies /opt/venv /opt/venv
# What may come along is listed in .dockerignore, and nowhere else.
COPY . .
# Compiled now, because later the root is read-only; readable whatever umask the clone had.
RUN python -m compileall -q . && chmod -R a+rX,go-w .
# The files belong to root: who breaks into the process cannot rewrite its program.
USER 10001:10001

EXPOSE 8000
STOPSIGNAL SIGTERM
# For the API; it answers only to the hosts it was told, so the check calls itself one of them.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["python", "-c", "\
import os, urllib.request as http; \
host = os.environ.get('ALLOWED_HOSTS', 'localhost').split(',')[0].strip(); \
http.urlopen(http.Request('http://127.0.0.1:8000/healthz', headers={'Host': host}), timeout=3)"]
# The application writes a line for each request itself; a browser that keeps a stream open must not
# keep the server from stopping.
CMD ["uvicorn", "--factory", "api.app:create_app", "--host", "0.0.0.0", "--port", "8000", \
    "--no-server-header", "--no-access-log", "--timeout-graceful-shutdown", "10"]
