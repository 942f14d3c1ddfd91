#!/bin/bash
# What the official PostgreSQL image's entrypoint promises, as far as this repository relies on it:
#
#   POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE   the superuser's password; one of the two must be given
#   POSTGRES_USER, POSTGRES_DB (or ..._FILE)      the superuser's name (postgres) and a database (the user's name)
#   POSTGRES_INITDB_ARGS, PGDATA                  as their names say
#   /docker-entrypoint-initdb.d/*.sql, *.sh       run once, on a new cluster
#
# A new cluster is prepared by a server that listens on its socket only; what answers on TCP is ready for use.
set -Eeuo pipefail

# value NAME DEFAULT: the variable NAME from itself, or from the file that NAME_FILE names
value() {
  local name=$1 file="${1}_FILE"
  if [ -n "${!name:-}" ] && [ -n "${!file:-}" ]; then
    echo "error: both $name and $file are set" >&2
    exit 1
  fi
  if [ -n "${!file:-}" ]; then
    export "$name"="$(< "${!file}")"
  else
    export "$name"="${!name:-$2}"
  fi
  unset "$file"
}

prepare_cluster() {
  if [ -z "$POSTGRES_PASSWORD" ]; then
    echo "error: the superuser has no password" >&2
    echo "hint: Set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE." >&2
    exit 1
  fi
  # shellcheck disable=SC2086 # several arguments in one variable, as the official image has it
  initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") \
    --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 ${POSTGRES_INITDB_ARGS:-}
  printf '\nhost all all all scram-sha-256\n' >> "$PGDATA/pg_hba.conf"

  pg_ctl --wait --options="-c listen_addresses=''" start
  if [ "$POSTGRES_DB" != postgres ]; then
    psql --no-psqlrc --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres --set=name="$POSTGRES_DB" \
      <<< 'CREATE DATABASE :"name";'
  fi
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
      *.sql) psql --no-psqlrc --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" --file="$file" ;;
      *.sh) bash "$file" ;;
    esac
  done
  pg_ctl --wait --mode=fast stop
}

if [ $# -eq 0 ] || [ "${1:0:1}" = - ]; then
  set -- postgres "$@"
fi

if [ "$1" = postgres ]; then
  value POSTGRES_PASSWORD ''
  value POSTGRES_USER postgres
  value POSTGRES_DB "$POSTGRES_USER"
  if [ "$(id -u)" = 0 ]; then
    # secrets have been read as root; a volume may arrive owned by root
    mkdir -p "$PGDATA"
    chown -R postgres:postgres "$PGDATA"
    chmod 0700 "$PGDATA"
    exec setpriv --reuid=postgres --regid=postgres --init-groups "${BASH_SOURCE[0]}" "$@"
  fi
  if [ ! -s "$PGDATA/PG_VERSION" ]; then
    prepare_cluster
  fi
  unset POSTGRES_PASSWORD
fi

exec "$@"
