#!/usr/bin/env bash
# Makes the image of SD card or eMMC: OUTPUT/gimbal.img, and OUTPUT/gimbal.update, what `slot install` takes.
# The same sources and packages make the same bytes; the time in it is the last commit's.
# usage: Tools/board/image.sh PROGRAM OUTPUT
set -eu -o pipefail
cd "$(dirname "$0")/../.."
export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C
program=$1 output=$2
packages=$output/packages/root
work=$output/work
board=Board/CM4/image
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH
rm -rf "$work"
mkdir -p "$work"/{input,root/boot,tmp}
input=$work/input

version=$(git describe --always --dirty --abbrev=12)
Tools/board/slot.sh "$program" "$packages" "$version" "$work/slot" "$input/slot.update"

# What the firmware of the CM4 and U-Boot read.
boot=$work/root/boot
firmware=$packages/usr/lib/raspi-firmware
cp "$packages/usr/lib/u-boot/rpi_arm64/u-boot.bin" "$firmware/start4.elf" "$firmware/fixup4.dat" "$boot/"
cp Board/CM4/config.txt .build-board/gimbal.dtb "$boot/"
cp Board/CM4/module.conf "$boot/module.conf.example"
mkimage -A arm64 -T script -C none -n slots -d "$board/boot.cmd" "$boot/boot.scr" > "$work/mkimage.log"
find "$work/root" -exec touch --date "@$SOURCE_DATE_EPOCH" {} +

printf 'BOOT_A_LEFT=3\nBOOT_B_LEFT=0\nBOOT_ORDER=A B\nBOOT_SERIAL=1\n' | mkenvimage -s 512 -p 0 -o "$input/state.bin" -
dd if=/dev/zero of="$input/empty.bin" bs=512 count=1 status=none
# One mebibyte in the journal of a file system this small leaves room for keys, trace and configuration.
rm -f "$input/journal.ext4"
mke2fs -q -t ext4 -L journal -U 474d424c-0000-4000-8000-000000000001 -J size=4 -m 0 \
  -E hash_seed=474d424c-0000-4000-8000-000000000002,lazy_itable_init=0,root_owner=0:0 "$input/journal.ext4" 64M
genimage --loglevel 0 --config "$board/genimage.cfg" --rootpath "$work/root" --inputpath "$input" \
  --outputpath "$work/output" --tmppath "$work/tmp"
mv "$work/output/gimbal.img" "$input/slot.update" "$output/"
mv "$output/slot.update" "$output/gimbal.update"
cp "$packages/usr/lib/u-boot/qemu_arm64/u-boot.bin" "$output/u-boot-qemu.bin"
bytes() { stat -c %s "$output/$1"; }
echo "image: $output/gimbal.img $(bytes gimbal.img) bytes, of which a slot takes $(bytes gimbal.update)"
