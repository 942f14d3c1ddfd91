#!/bin/sh
# Applies a script of migrations with psql: migrate.sh FILE. The database is where the PG... variables say.
#
# A lock that was not to be had and a server that does not answer yet are tried again; any other error ends it.
# Of what the server says only the message is repeated, and not even that where it may quote a row's value.
set -u
file=$1
attempts=${ATTEMPTS:-10}
pause=${PAUSE:-5}
said=$(mktemp)
trap 'rm -f "$said"' EXIT

# Whether what went wrong may go right in a while.
passing() {
  # 55P03 lock_not_available, 40P01 deadlock_detected; 57P01 to 57P03: the server goes or comes
  if grep -Eq 'ERROR:  (55P03|40P01):|FATAL:  57P0[123]:|FATAL:  the database system is ' "$said"; then
    return 0
  fi
  # 2 is psql's word for a lost connection; a FATAL is the server's own, and final: a wrong password, no such database
  [ "$status" -eq 2 ] && ! grep -q 'FATAL:' "$said"
}

attempt=1
while :; do
  psql --no-psqlrc --no-password --quiet --set=VERBOSITY=verbose --file="$file" 2> "$said"
  status=$?
  if [ "$status" -eq 0 ]; then
    exit 0
  fi
  # class 22 is about data: "invalid input syntax for type integer: ..."
  sed -nE \
    -e 's/^(psql:[^ ]* (ERROR|FATAL):  22[0-9A-Z]{3}:).*/\1 a value is wrong; it is not repeated here/' \
    -e 's/^psql:[^ ]*\/([^/ ]*: )/\1/' \
    -e '/^[^ ]*: (ERROR|FATAL|PANIC):/p' -e '/^HINT:/p' -e '/^psql: error:/p' "$said" >&2
  if ! passing; then
    exit "$status"
  fi
  if [ "$attempt" -ge "$attempts" ]; then
    echo "given up after $attempts attempts" >&2
    exit "$status"
  fi
  attempt=$((attempt + 1))
  sleep "$pause"
done
