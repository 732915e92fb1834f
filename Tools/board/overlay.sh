#!/usr/bin/env bash
# Compiles the overlay of the board and applies it to the kernel's tree of the CM4. A warning is an error.
# usage: Tools/board/overlay.sh BASE.dtb OUTPUT    writes OUTPUT/gimbal.dtbo and OUTPUT/gimbal.dtb
set -eu -o pipefail
cd "$(dirname "$0")/../.."
base=$1 output=$2
mkdir -p "$output"

quiet() {
  if ! "$@" > "$output/log" 2>&1 || [ -s "$output/log" ]; then
    cat "$output/log" >&2
    echo "error: overlay: $1 has something to say" >&2
    return 1
  fi
}

python3 Tools/board.py header "$base" > "$output/board.h"
aarch64-linux-gnu-cpp -nostdinc -undef -x assembler-with-cpp -Werror -P -I "$output" Board/CM4/gimbal.dtso \
  > "$output/gimbal.dts"
quiet dtc -@ -I dts -O dtb -o "$output/gimbal.dtbo" "$output/gimbal.dts"
# The kernel's tree has no labels: those that the overlay uses are added.
script=()
while read -r label path; do
  fdtget -p "$base" "$path" > /dev/null
  script+=(-e "s|^\\(\\s*\\)\\(${path##*/} {\\)|\\1$label: \\2|")
done < <(python3 Tools/board.py labels)
dtc -q -I dtb -O dts "$base" | sed "${script[@]}" | dtc -q -@ -I dts -O dtb -o "$output/base.dtb" -
quiet fdtoverlay -i "$output/base.dtb" -o "$output/gimbal.dtb" "$output/gimbal.dtbo"
