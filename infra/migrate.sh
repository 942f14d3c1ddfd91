#!/bin/sh
# Applies a script of migrations with psql: migrate.sh FILE. The database is where the PG... variables say.
#
# A lock that was not to be had and a server that does not answer yet are tried again, for some minutes; any other error
# ends it. Of what the server says only the message is repeated, and not even that where it may quote a row's value.
set -u
file=$1
attempts=${ATTEMPTS:-10}
pause=${PAUSE:-5}
said=$(mktemp)
trap 'rm -f "$said"' EXIT

attempt=1
while :; do
  psql --no-psqlrc --no-password --quiet --set=VERBOSITY=verbose --file="$file" 2> "$said"
  status=$?
  if [ "$status" -eq 0 ]; then
    exit 0
  fi
  # class 22 is about data: "invalid input syntax for type integer: ..."
  sed -n \
    -e 's/^\(psql:[^ ]* \(ERROR\|FATAL\):  22[0-9A-Z][0-9A-Z][0-9A-Z]:\).*/\1 a value is wrong; it is not repeated here/' \
    -e 's/^psql:[^ ]*\/\([^/ ]*: \)/\1/' \
    -e '/^[^ ]*: \(ERROR\|FATAL\|PANIC\):/p' -e '/^HINT:/p' -e '/^psql: error:/p' "$said" >&2
  # 55P03 lock_not_available, 40P01 deadlock_detected; 2 is psql's word for a lost connection
  if [ "$status" -ne 2 ] && ! grep -Eq 'ERROR:  (55P03|40P01):' "$said"; then
    exit "$status"
  fi
  if [ "$attempt" -ge "$attempts" ]; then
    echo "given up after $attempts attempts" >&2
    exit "$status"
  fi
  attempt=$((attempt + 1))
  sleep "$pause"
done
