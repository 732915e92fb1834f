#!/usr/bin/env bash
# What the static image has instead of glibc: libraries that were built for glibc work with musl, the allocator gives
# what it should, and a call after its seal is a trap. Runs in the emulator.
set -eu -o pipefail
cd "$(dirname "$0")/.."
. Tools/musl.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
libraries=/usr/lib/aarch64-linux-gnu

# build NAME SOURCE: with all of CLinux, the static memory and what only the static image has.
build() {
  clang "${compile_musl[@]}" "${link_musl[@]}" -fuse-ld=lld -O1 -fno-builtin -ffunction-sections -Wl,--gc-sections \
    -Wall -Wextra -Werror -Wno-unused-command-line-argument -I Sources/CLinux/include -I Sources/CArena/include \
    "$2" Sources/CLinux/*.c Sources/CStatic/*.c Sources/CArena/*.c -lgpiod -li2c -lm \
    "-Wl,-Map=$scratch/$1.map" -o "$scratch/$1"
}

python3 Tools/library.py names $libraries/libgpiod.a $libraries/libi2c.a
python3 Tools/library.py layouts

build start Tools/library/start.c
python3 Tools/library.py image "$scratch/start"
qemu-aarch64-static "$scratch/start" "$scratch/records"
echo "library-test: libgpiod and libi2c start with musl and say what is missing"

build heap Tools/proofs/heap.c
qemu-aarch64-static "$scratch/heap"
qemu-aarch64-static "$scratch/heap" nothing
echo "library-test: the allocator answers as it should"
for call in malloc calloc realloc aligned_alloc strdup; do
  status=0
  { qemu-aarch64-static "$scratch/heap" "$call" > "$scratch/words" 2>&1; } 2> /dev/null || status=$?
  # 128 and SIGTRAP.
  if [ $status != 133 ] || ! grep -qx 'error: allocator: memory asked for after the start' "$scratch/words"; then
    cat "$scratch/words"
    echo "library-test: $call after the seal ends with $status, wanted a trap and a line" && exit 1
  fi
  echo "library-test: $call after the seal is a trap"
done
