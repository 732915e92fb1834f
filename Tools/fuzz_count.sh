#!/usr/bin/env bash
# Passes the output of a test run on and ends with its count; fails unless all tests ran and passed.
set -eu -o pipefail
log=$(mktemp)
trap 'rm -f "$log"' EXIT
tee "$log" | grep -vE '^(◇|↳)' || true
passed=$(grep -E '^✔ Test .* passed' "$log" | grep -vc '^✔ Test run with' || true)
failed=$(grep -E '^✘ Test .* failed' "$log" | grep -vc '^✘ Test run with' || true)
# A crash leaves no last line.
grep -qE '^✔ Test run with [1-9][0-9]* tests' "$log" || failed=$((failed + 1))
if grep -q 'ERROR: AddressSanitizer' "$log"; then failed=$((failed + 1)); fi
echo "fuzz: $passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
