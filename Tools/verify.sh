#!/usr/bin/env bash
# Runs the twin with these options, records what it does, and recomputes it.
# usage: Tools/verify.sh PYTHON TWIN OPTION...
set -eu -o pipefail
python=$1 twin=$2
shift 2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

status=0
"$twin" run --quiet --record "$scratch/blocks" "$@" > "$scratch/report" 2> "$scratch/errors" || status=$?
if [ "$status" != 0 ] || ! grep -q '^keys_match=yes$' "$scratch/report"; then
  tail -n 20 "$scratch/report" "$scratch/errors"
  echo "verify: twin run $* ended with status $status and no key" && exit 1
fi
echo "twin run $*: $(grep -E '^(ad_block|qber|final_bits)=' "$scratch/report" | paste -sd ' ')"
"$python" "$(dirname "$0")/verify_record.py" "$scratch/blocks"
