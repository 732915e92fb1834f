#!/usr/bin/env bash
# Links the Embedded arm64 objects of `gimbal` once more, into the static image of the board: with the linker script
# that is asked for, and with what only this image has (Sources/CStatic). SwiftPM has one link per scratch folder, which
# is the dynamic one. OUTPUT.map lists what the linker took and from where.
# usage: Tools/link.sh SCRIPT OUTPUT
set -eu -o pipefail
cd "$(dirname "$0")/.."
. Tools/musl.sh
script=$1 output=$2
build=.build-firmware-arm64/release
options=()
for option in "${link_musl[@]}"; do options+=(-Xclang-linker "$option"); done
mkdir -p "$(dirname "$output")"
# SwiftPM names the entry point of an executable after its module.
exec swiftc -target aarch64-none-none-elf "${options[@]}" -enable-experimental-feature Embedded -emit-executable \
  -use-ld=lld "@$build/gimbal.product/Objects.LinkFileList" "$build"/CStatic.build/*.o -lgpiod -li2c -lm \
  -Xlinker --gc-sections -Xlinker --defsym -Xlinker main=Firmware_main -Xlinker -T -Xlinker "$script" \
  -Xlinker "-Map=$output.map" -o "$output"
