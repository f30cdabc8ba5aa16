#!/bin/sh
# temporal-sql-tool --database NAME setup-schema|update-schema ...: logs in and makes what can be looked for.
set -eu
[ "$SQL_PLUGIN" = postgres12 ] || { echo "no such plugin: $SQL_PLUGIN" >&2; exit 1; }
[ "$1" = --database ] || { echo "usage: temporal-sql-tool --database NAME COMMAND" >&2; exit 2; }
database=$2
command=$3
shift 3
sql() {
  PGPASSWORD=$SQL_PASSWORD psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 \
    --host="$SQL_HOST" --port="$SQL_PORT" --username="$SQL_USER" --dbname="$database" --command "$1"
}
case "$command $*" in
  "setup-schema --version 0.0")
    sql "CREATE TABLE IF NOT EXISTS schema_version (curr_version TEXT)" ;;
  "update-schema --schema-name postgresql/v12/temporal" | "update-schema --schema-name postgresql/v12/visibility")
    sql "INSERT INTO schema_version SELECT '1' WHERE NOT EXISTS (SELECT FROM schema_version)" ;;
  *) echo "not what the original is asked for: $command $*" >&2; exit 2 ;;
esac
