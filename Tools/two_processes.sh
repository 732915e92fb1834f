#!/usr/bin/env bash
# Runs the tests of whole processes with another image of the program than the host build, for example the Embedded one.
# usage: Tools/two_processes.sh IMAGE
set -eu -o pipefail
cd "$(dirname "$0")/.."
[ $# = 1 ] && [ -x "$1" ] || { echo "usage: two_processes.sh IMAGE" >&2; exit 2; }
GIMBAL_PROGRAM=$(realpath "$1") swift test -c release --filter FirmwareTests
