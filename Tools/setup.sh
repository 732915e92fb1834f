#!/usr/bin/env bash
# Installs the Debian packages that the firmware build and the checks need besides git, make and Swift 6.3, and only
# those that are missing, as root or through sudo.
# usage: Tools/setup.sh programs                      only what the programs and suites of this machine need
#        Tools/setup.sh [bench|timing|telemetry|sessions|hil|image]
#                                                     with those that the comparison with other programs, the timing,
#                                                     the tests of the telemetry helper, of the consoles, of the
#                                                     devices of a kernel, or the image for the board need
set -eu -o pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "setup: $1" >&2
  exit 1
}

command -v swiftc > /dev/null || fail "no swiftc on the path: install a Swift 6.3 toolchain (swift.org/install)"

# What has to be there, and the Debian package that brings it.
missing=() architecture=
needs_file() { [ -e "$1" ] || missing+=("$2"); }
needs_program() { command -v "$1" > /dev/null || missing+=("$2"); }
needs_program python3 python3
needs_file "/usr/lib/$(uname -m)-linux-gnu/libgpiod.so" libgpiod-dev
needs_file "/usr/lib/$(uname -m)-linux-gnu/libi2c.so" libi2c-dev
if [ "${1-}" != programs ]; then
  needs_program readelf binutils
  needs_program valgrind valgrind
  needs_program aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu
  needs_program aarch64-linux-gnu-objdump binutils-aarch64-linux-gnu
  needs_program qemu-aarch64-static qemu-user-static
  needs_file /usr/aarch64-linux-gnu/lib/libc.a libc6-dev-arm64-cross
  needs_file /usr/lib/aarch64-linux-musl/libc.a musl-dev:arm64
  needs_file /usr/lib/aarch64-linux-gnu/libgpiod.a libgpiod-dev:arm64
  needs_file /usr/lib/aarch64-linux-gnu/libi2c.a libi2c-dev:arm64
  python3 -c 'import ensurepip, venv' 2> /dev/null || missing+=(python3-venv)
fi
if [ "${1-}" = bench ]; then
  needs_program gcc gcc
  needs_program make make
  # The static emulator takes no plugins, and instructions are counted by one.
  needs_program qemu-aarch64 qemu-user
  needs_file /usr/include/fftw3.h libfftw3-dev
  needs_file /usr/include/gf2x.h libgf2x-dev
  needs_program taskset util-linux
fi
if [ "${1-}" = timing ]; then
  needs_program cyclictest rt-tests
fi
if [ "${1-}" = telemetry ]; then
  # Not on everybody's path.
  needs_file /usr/sbin/mosquitto mosquitto
fi
if [ "${1-}" = sessions ]; then
  needs_program picocom picocom
  needs_program socat socat
fi
if [ "${1-}" = hil ]; then
  needs_program qemu-system-aarch64 qemu-system-arm
  needs_program make make
  # What the guest consists of is downloaded from the archive of its processor, so that has to be known here.
  apt-cache show busybox-static:arm64 > /dev/null 2>&1 || architecture=arm64
fi
if [ "${1-}" = image ]; then
  needs_program aarch64-linux-gnu-cpp cpp-aarch64-linux-gnu
  needs_program dtc device-tree-compiler
  needs_program genimage genimage
  needs_program mcopy mtools
  # Not on everybody's path.
  needs_file /usr/sbin/mkfs.vfat dosfstools
  needs_file /usr/sbin/mke2fs e2fsprogs
  needs_program mkimage u-boot-tools
  needs_program cpio cpio
  needs_program depmod kmod
  needs_program qemu-system-aarch64 qemu-system-arm
  apt-cache show busybox-static:arm64 > /dev/null 2>&1 || architecture=arm64
fi

if [ ${#missing[@]} -gt 0 ] || [ -n "$architecture" ]; then
  command -v apt-get > /dev/null || fail "missing: ${missing[*]} (names of Debian packages); install them and try again"
  as_root=()
  if [ "$(id -u)" != 0 ]; then
    as_root=(sudo -n)
    sudo -n true 2> /dev/null || fail "not root and no sudo: have someone run apt-get install ${missing[*]}"
  fi
  echo "setup: installing Debian packages: ${missing[*]}${architecture:+, lists for $architecture}"
  log=$(mktemp)
  # Packages of the board's processor beside those of this machine.
  if [[ "${missing[*]}" == *:arm64* ]]; then architecture=arm64; fi
  [ -z "$architecture" ] || "${as_root[@]}" dpkg --add-architecture "$architecture"
  if ! { "${as_root[@]}" apt-get update && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends "${missing[@]}"; } > "$log" 2>&1; then
    tail -n 5 "$log" >&2
    fail "apt-get could not install ${missing[*]}"
  fi
  rm -f "$log"
fi
