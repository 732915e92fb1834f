#!/usr/bin/env bash
# Runs the twin twice with one seed: every line of the report but the wall-clock time has to be the same.
# usage: Tools/determinism.sh TWIN
set -eu -o pipefail
twin=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

for run in 1 2; do
  # A run this short may end without secret bits, and says so with status 1: the report counts, not the status.
  status=0
  "$twin" run --scenario drone --seconds 1 --seed 7 > "$scratch/out$run" 2> "$scratch/err$run" || status=$?
  sed -n '/^report$/,$p' "$scratch/out$run" | grep -v '^wall_s=' > "$scratch/report$run" || true
  if [ "$status" -gt 1 ] || ! grep -q '^seed=7$' "$scratch/report$run"; then
    tail -n 20 "$scratch/out$run" "$scratch/err$run"
    echo "determinism: run $run ended with status $status and no report" && exit 1
  fi
  echo "status=$status" >> "$scratch/report$run"
done
if ! diff "$scratch/report1" "$scratch/report2"; then
  echo "determinism: two runs with one seed differ" && exit 1
fi
echo "determinism: $(grep -c '=' "$scratch/report1") report lines the same in two runs"
