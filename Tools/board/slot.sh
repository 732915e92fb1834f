#!/usr/bin/env bash
# Makes the content of a slot, which is also the file of an update: a FIT of kernel and root, and a seal behind it.
# usage: Tools/board/slot.sh PROGRAM PACKAGES_ROOT VERSION WORK OUTPUT [FOLDER]    FOLDER as in initramfs.sh
set -eu -o pipefail
cd "$(dirname "$0")/../.."
program=$1 packages=$2 version=$3 work=$4 output=$5
mkdir -p "$work"
Tools/board/initramfs.sh "$program" "$packages" "$version" "$work/ramdisk.gz" ${6+"$6"}
kernel=$(ls "$packages"/boot/vmlinuz-*)
[ "$work/kernel.gz" -nt "$kernel" ] || gzip -9 -n < "$kernel" > "$work/kernel.gz"
arguments=$(python3 Tools/board.py cmdline)
sed -e "s|@VERSION@|$version|" -e "s|@ARGUMENTS@|$arguments|" Board/CM4/image/slot.its > "$work/slot.its"
mkimage -f "$work/slot.its" "$output" > "$work/mkimage.log" 2>&1 || { cat "$work/mkimage.log" >&2; exit 1; }
# The seal is the sector behind the FIT, which fills whole blocks of 64 KiB. `slot` of the image reads it.
size=$(stat -c %s "$output")
truncate -s $(((size + 65535) / 65536 * 65536)) "$output"
sum=$(sha256sum < "$output" | cut -d ' ' -f 1)
printf 'board=cm4\nversion=%s\nsha256=%s\n' "$version" "$sum" | dd bs=512 conv=sync status=none \
  >> "$output"
