#!/usr/bin/env bash
# Builds the arm64 images of this working tree once more, in another folder with another name and from nothing, and
# compares them with those of `make firmware`: the same bytes, symbols included, without the lines for a debugger, which
# name the folder.
# usage: Tools/reproducible.sh IMAGE...    images below .build-firmware-arm64
set -eu -o pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || { echo "usage: reproducible.sh IMAGE..." >&2; exit 2; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
other=$scratch/a-folder-of-another-name
mkdir "$other"
# What git knows or would take, as it is now.
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
  if [ -e "$file" ]; then printf '%s\0' "$file"; fi
done | tar -c --null -T - | tar -x -C "$other"

log=$scratch/log
if ! (cd "$other" && make --no-print-directory arm64) > "$log" 2>&1; then
  tail -n 20 "$log"
  echo "reproducible: the other folder does not build" && exit 1
fi
for image in "$@"; do
  for folder in . "$other"; do
    aarch64-linux-gnu-strip --strip-debug -o "$folder/$image.plain" "$folder/$image"
  done
  if ! cmp "$image.plain" "$other/$image.plain"; then
    echo "reproducible: $image differs between two folders" && exit 1
  fi
  echo "reproducible: $image: $(stat -c %s "$image.plain") bytes, the same in two folders," \
    "SHA-256 $(sha256sum < "$image.plain" | cut -c 1-16)"
done
