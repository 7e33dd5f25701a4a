#!/bin/sh
# Prints the first line of its configuration every second, and reads it again when it was published anew.
. "$(dirname -- "$0")/holdfast-flag.sh"

[ "$#" -eq 1 ] || {
  echo "usage: $0 CONFIGURATION" >&2
  exit 2
}

holdfast_flag_open 9 "$1" || exit
IFS= read -r configuration <"$1"
while :; do
  if holdfast_flag_stale 9; then
    holdfast_flag_open 9 "$1" || exit
    IFS= read -r configuration <"$1"
  fi
  printf '%s\n' "$configuration"
  sleep 1 # Here: serve a request.
done
