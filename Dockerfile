# One image for API, worker, migrations and commands; which one it is, the command says. The target
# `backup` is the same with PostgreSQL's own programs, for `backup`, `restore` and `backup-check`.
# BASE is a tag so that it can be read; whoever deploys pins it:
#   docker build --build-arg BASE=docker.io/library/python:3.13-slim@sha256:... .
# It needs no writable root and no user of its own: any uid will do, with a tmpfs on /tmp. The engine's
# own init is enough (`init: true`, `--init`), and without one API and worker stop when they are asked.
ARG BASE=docker.io/library/python:3.13-slim

FROM ${BASE} AS dependencies
COPY requirements-runtime.lock /tmp/
# Wheels only: nothing that comes from outside runs code while the image is built. The installer stays
# in an environment of its own: who breaks in finds none beside the program.
RUN python -m venv /opt/pip && python -m venv --without-pip /opt/venv \
    && /opt/pip/bin/pip --python /opt/venv install --no-cache-dir --disable-pip-version-check \
        --only-binary=:all: --require-hashes -r /tmp/requirements-runtime.lock

FROM dependencies AS backup-dependencies
COPY requirements-backup.lock /tmp/
RUN /opt/pip/bin/pip --python /opt/venv install --no-cache-dir --disable-pip-version-check \
        --only-binary=:all: --require-hashes -r /tmp/requirements-backup.lock

FROM ${BASE} AS program
WORKDIR /app
# What may come along is listed in .dockerignore, and nowhere else.
COPY . .
# Compiled now, because later the root is read-only; readable whatever umask the clone had. Of the
# sandbox a deployment has its errors alone; only `backup-check` runs a server.
RUN chmod -R a+rX,go-w . && rm requirements-*.lock \
    && mkdir --parents /server/sandbox \
    && find sandbox -name '*.py' ! -name __init__.py ! -name errors.py -exec mv -t /server/sandbox {} + \
    && python -m compileall -q . /server

FROM ${BASE} AS application
LABEL org.opencontainers.image.title="Assets" \
    org.opencontainers.image.description="Peer-to-peer lending: API, worker, migrations and commands"
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY --from=dependencies /opt/venv /opt/venv
# The files belong to root: who breaks into the process cannot rewrite its program.
COPY --from=program /app /app
USER 10001:10001

EXPOSE 8000
STOPSIGNAL SIGTERM
# For the API. docker-compose.yml says the same, because an image in OCI's own format has no place
# for it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=6 CMD ["python", "-m", "api.probe"]
# The application writes a line for each request itself; a browser that keeps a stream open must not
# keep the server from stopping.
CMD ["uvicorn", "--factory", "api.app:create_app", "--host", "0.0.0.0", "--port", "8000", \
    "--no-server-header", "--no-access-log", "--timeout-graceful-shutdown", "10"]

FROM application AS backup
USER root
COPY --from=backup-dependencies /opt/venv /opt/venv
COPY --from=program /server /app
# The server of `backup-check` starts for nobody who has no name; the folder is also for the group 0,
# which any other uid belongs to where uids are given out by chance.
RUN echo "assets:x:10001:10001::/app:/usr/sbin/nologin" >> /etc/passwd \
    && install --directory --owner=10001 --group=0 --mode=0770 /backups
USER 10001:10001
VOLUME /backups
HEALTHCHECK NONE
CMD ["python", "cli.py", "backup", "/backups", "--deployment"]

FROM application
