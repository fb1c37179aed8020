#!/usr/bin/env bash
# One fuzz target for some seconds: says how much it ran, or what it found.
# Usage: tools/fuzz.sh TARGET SECONDS
set -euo pipefail
log=$1.log
if ! "$1" -max_total_time="$2" -max_len=131072 -len_control=0 -print_final_stats=1 >"$log" 2>&1; then
  tail -n 40 "$log" >&2
  echo "$(basename "$1") failed" >&2
  exit 255  # no further target
fi
echo "$(basename "$1"): $(grep number_of_executed_units "$log")"
