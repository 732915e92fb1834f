#!/usr/bin/env python3
"""Boots the guest, runs one command there, and ends as it does.

  boot.py [--board SOCKET] [--file INSIDE=OUTSIDE]... [--count-instructions] COMMAND...

For example, with a board's server: boot.py --board b.bob --file bin/gimbal=.build-firmware-arm64/gimbal-static
gimbal --selftest. The command is one of a shell. With --count-instructions time in the guest passes with its
instructions, so that figures are the same on every computer.
"""

import argparse
import sys

import prepare
from guest import Guest, GuestFault


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--board", metavar="SOCKET")
    parser.add_argument("--file", action="append", default=[], metavar="INSIDE=OUTSIDE")
    parser.add_argument("--count-instructions", action="store_true")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if not options.command or any("=" not in file for file in options.file):
        parser.error("a command, and files as INSIDE=OUTSIDE")
    files = dict(file.split("=", 1) for file in options.file)
    try:
        parts = prepare.parts()
        files.setdefault("bin/devices", parts.devices)
        with Guest(parts, options.board, files, options.count_instructions) as guest:
            status, output = guest.run(" ".join(options.command))
    except (GuestFault, prepare.PrepareFault) as fault:
        print(f"boot: {fault}", file=sys.stderr)
        return 99
    sys.stdout.buffer.write(output)
    return status


if __name__ == "__main__":
    sys.exit(main())
