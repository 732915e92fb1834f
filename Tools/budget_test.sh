#!/usr/bin/env bash
# Sees each budget of Linker/gimbal.ld fail: with the limit at what the image uses, the link passes; one byte less, and
# it fails with that budget's message. Needs the arm64 objects of `make firmware`; links the static image of the board.
set -eu -o pipefail
cd "$(dirname "$0")/.."
image=.build-firmware-arm64/gimbal-static
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Links with one limit replaced; the linker's words are left in $scratch/words.
link_within() {
  sed "s/^gimbal_$1_limit = .*;/gimbal_$1_limit = $2;/" Linker/gimbal.ld > "$scratch/limited.ld"
  grep -qx "gimbal_$1_limit = $2;" "$scratch/limited.ld"
  Tools/link.sh "$scratch/limited.ld" "$scratch/image" > "$scratch/words" 2>&1
}

for budget in memory data text; do
  used=$(python3 Tools/image.py bytes "$budget" "$image")
  if ! link_within "$budget" "$used"; then
    cat "$scratch/words"
    echo "budget-test: $budget: the link fails with exactly the $used bytes that it uses" && exit 1
  fi
  if link_within "$budget" $((used - 1)); then
    echo "budget-test: $budget: the link passes with one byte less than the $used that it uses" && exit 1
  fi
  others=$(grep 'error:' "$scratch/words" | grep -v "gimbal: $budget budget exceeded" | grep -v 'command failed with' \
    || true)
  if ! grep -q "error: .*gimbal: $budget budget exceeded" "$scratch/words" || [ -n "$others" ]; then
    cat "$scratch/words"
    echo "budget-test: $budget: the link fails, but not for the budget" && exit 1
  fi
  echo "budget-test: $budget: links at $used bytes, fails at $((used - 1)) with the budget's message"
done
