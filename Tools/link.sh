#!/usr/bin/env bash
# Links the Embedded objects of `gimbal` once more, with the linker script and the kind of image that are asked for.
# SwiftPM has one link per scratch folder; the static image and the budget test need others of the same objects.
# usage: Tools/link.sh x86|arm64 dynamic|static SCRIPT OUTPUT
set -eu -o pipefail
cd "$(dirname "$0")/.."
processor=$1 kind=$2 script=$3 output=$4
case $processor in
  x86) target=() ;;
  arm64) target=(-target aarch64-none-none-elf -Xclang-linker --target=aarch64-linux-gnu) ;;
  *) echo "link.sh: unknown processor '$processor'" >&2; exit 2 ;;
esac
case $kind in
  dynamic) ;;
  static) target+=(-Xclang-linker -static) ;;
  *) echo "link.sh: unknown kind '$kind'" >&2; exit 2 ;;
esac
objects=.build-firmware-$processor/release/gimbal.product/Objects.LinkFileList
mkdir -p "$(dirname "$output")"
# SwiftPM names the entry point of an executable after its module.
exec swiftc "${target[@]}" -enable-experimental-feature Embedded -emit-executable -use-ld=lld "@$objects" \
  -lgpiod -li2c -lm -Xlinker --gc-sections -Xlinker --defsym -Xlinker main=Firmware_main \
  -Xlinker -T -Xlinker "$script" -o "$output"
