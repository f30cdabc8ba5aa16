#!/bin/sh
# Starts when the original would: with both databases, their schemas, and a dynamic configuration.
set -eu
[ "$DB" = postgres12 ] || { echo "no such plugin: $DB" >&2; exit 1; }
for database in temporal temporal_visibility; do
  version=$(PGPASSWORD=$POSTGRES_PWD psql --no-psqlrc --no-align --tuples-only \
    --host="$POSTGRES_SEEDS" --port="$DB_PORT" --username="$POSTGRES_USER" --dbname="$database" \
    --command "SELECT curr_version FROM schema_version")
  [ -n "$version" ] || { echo "no schema in the database $database" >&2; exit 1; }
done
settings=$(python /etc/temporal/dynamic_config.py "$DYNAMIC_CONFIG_FILE_PATH")
# shellcheck disable=SC2086  # these are several arguments
exec temporal server start-dev --ip "${BIND_ON_IP:-127.0.0.1}" --port 7233 --http-port 7243 \
  --ui-ip 0.0.0.0 --ui-port 8233 --log-level warn --db-filename /tmp/temporal.db \
  --sqlite-pragma journal_mode=wal --sqlite-pragma synchronous=1 $settings
