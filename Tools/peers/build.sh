#!/usr/bin/env bash
# Compiles the programs that hash with other libraries. Debian's libgf2x is built for every x86-64 and so without
# carry-less multiplication; its source, from Debian too, is compiled once more for this very processor.
# usage: Tools/peers/build.sh FOLDER
set -eu -o pipefail
folder=$1
sources=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
compile() { gcc -O3 -march=native -Wall -Wextra -Werror -o "$folder/$1" "${@:2}"; }

compile toeplitz-fftw "$sources/toeplitz_fftw.c" -lfftw3 -lm
compile toeplitz-gf2x "$sources/toeplitz_gf2x.c" -lgf2x

# A list of sources and a cache of its own: apt's configuration stays as it is.
fetch() {
  local apt=$folder/apt
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
  # shellcheck disable=SC1091
  local release
  release=$(. /etc/os-release && echo "$VERSION_CODENAME")
  echo "deb-src http://deb.debian.org/debian $release main" > "$apt/sources.list"
  local options=(-o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt/cache")
  apt-get "${options[@]}" update && (cd "$apt" && apt-get "${options[@]}" source --download-only gf2x)
}

native=$folder/gf2x-native
if [ ! -e "$native/lib/libgf2x.a" ]; then
  if ! fetch > "$folder/apt.log" 2>&1; then
    tail -n 3 "$folder/apt.log" >&2
    echo "peers: no source of libgf2x to be had: its figures for this very processor will be missing" >&2
    exit 0
  fi
  echo "peers: compiling libgf2x for this processor"
  rm -rf "$folder/gf2x-source" && mkdir "$folder/gf2x-source"
  tar -xf "$folder"/apt/gf2x_*.orig.tar.gz --strip-components=1 -C "$folder/gf2x-source"
  (cd "$folder/gf2x-source" && ./configure --disable-shared --prefix="$native" CFLAGS="-O3 -march=native" &&
    make && make install) > "$folder/gf2x.log" 2>&1 || { tail -n 5 "$folder/gf2x.log" >&2; exit 1; }
fi
compile toeplitz-gf2x-native '-DKERNEL="libgf2x-native"' -I"$native/include" "$sources/toeplitz_gf2x.c" \
  "$native/lib/libgf2x.a"
