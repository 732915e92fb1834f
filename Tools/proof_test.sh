#!/usr/bin/env bash
# Sees the proofs of Tools/image.py fail on images made to offend, and pass on their innocent siblings.
set -eu -o pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

embedded() {
  swiftc -enable-experimental-feature Embedded -wmo -O -parse-as-library -Xfrontend -function-sections \
    -target aarch64-none-none-elf -Xfrontend -clang-target -Xfrontend aarch64-unknown-linux-gnu \
    -Xclang-linker --target=aarch64-linux-gnu -use-ld=lld -Xlinker --gc-sections \
    "Tools/proofs/$1.swift" -o "$scratch/$1"
}

# expect pass|fail PROOF IMAGE WORDS: the proof ends that way and says so.
expect() {
  local status=pass
  python3 Tools/image.py "$2" "$scratch/$3" > "$scratch/words" || status=fail
  if [ "$status" != "$1" ] || ! grep -qE "$4" "$scratch/words"; then
    cat "$scratch/words"
    echo "proof-test: $2 on $3: expected to $1 with '$4'" && exit 1
  fi
  echo "proof-test: $2 on $3: ${1}es as it should" | sed 's/failes/fails/'
}

embedded Allocates
embedded Quiet
aarch64-linux-gnu-gcc -O1 Tools/proofs/crypto.c -o "$scratch/portable"
aarch64-linux-gnu-gcc -O1 -DLACKING Tools/proofs/crypto.c -o "$scratch/lacking"
cp "$scratch/Quiet" "$scratch/stripped"
aarch64-linux-gnu-strip "$scratch/stripped"

expect fail allocator Allocates 'allocator posix_memalign \(undefined\)'
expect fail allocator Allocates 'allocator swift_slowAlloc|swift_allocObject.* \(defined\)'
expect pass allocator Quiet 'allocator: none'
expect fail allocator stripped 'no symbol table'
expect pass instructions portable 'all within ARMv8.0'
for instruction in pmull aese sha256h ldaddal udot; do
  expect fail instructions lacking "main: .* $instruction "
done
