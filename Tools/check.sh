#!/usr/bin/env bash
# Runs the named make targets one after the other, all of them even when one fails, and counts.
# usage: Tools/check.sh TARGET...
set -eu -o pipefail
cd "$(dirname "$0")/.."
logs=.build-checks
rm -rf "$logs"
mkdir -p "$logs"
passed=0 failed=0
for target in "$@"; do
  start=$SECONDS
  if "${MAKE:-make}" --no-print-directory "$target" > "$logs/$target" 2>&1 < /dev/null; then
    passed=$((passed + 1)) verdict=ok
  else
    failed=$((failed + 1)) verdict=FAILED
  fi
  if [ "$verdict" = FAILED ]; then tail -n 60 "$logs/$target"; fi
  printf '%-6s %-16s %4d s  %s\n' "$verdict" "$target" $((SECONDS - start)) "$(tail -n 1 "$logs/$target")"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
