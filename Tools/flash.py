#!/usr/bin/env python3
"""Writes the image to an SD card or an eMMC, reads it back, and refuses what looks like somebody's disk.

  flash.py IMAGE DEVICE [--confirm NAME] [--big]

NAME is that of the device without /dev/, typed instead of asked for. --big allows more than 256 GiB.
"""

import argparse
import mmap
import os
import pathlib
import stat
import sys

BIGGEST = 256 << 30
CHUNK = 1 << 20
SIGNATURE = b"GMBL"


class Refusal(Exception):
    pass


class Machine:
    """What this computer says about its disks; a test brings folders of its own."""

    def __init__(self, sys_root="/sys", proc_root="/proc"):
        self.sys_root, self.proc_root = pathlib.Path(sys_root), pathlib.Path(proc_root)

    def is_root(self):
        return os.geteuid() == 0

    def is_block(self, device):
        return os.path.exists(device) and stat.S_ISBLK(os.stat(device).st_mode)

    def node(self, name):
        return self.sys_root / "class" / "block" / name

    def read(self, path):
        return path.read_text().strip() if path.exists() else ""

    def size(self, name):
        """Bytes; sysfs counts sectors of 512 bytes whatever the device's own are."""
        return int(self.read(self.node(name) / "size") or 0) * 512

    def family(self, name):
        """The disk and its partitions."""
        node = self.node(name)
        parts = [entry.name for entry in node.iterdir() if (entry / "partition").exists()] if node.exists() else []
        return [name, *sorted(parts)]

    def holders(self, name):
        folder = self.node(name) / "holders"
        return sorted(entry.name for entry in folder.iterdir()) if folder.exists() else []

    def numbers(self, name):
        return self.read(self.node(name) / "dev")

    def mounted(self, name):
        """Where it is mounted, found by device numbers: the name in the table of mounts may be another."""
        for line in self.read(self.proc_root / "self" / "mountinfo").splitlines():
            fields = line.split()
            if fields[2] == self.numbers(name):
                return fields[4]
        return None

    def swaps(self):
        return {os.path.basename(line.split()[0]) for line in self.read(self.proc_root / "swaps").splitlines()[1:]}

    def comes_off(self, name):
        """A card or a stick: removable, or on USB or MMC. Fixed disks of a computer are neither."""
        where = os.path.realpath(self.node(name))
        removable = self.read(self.node(name) / "removable") == "1"
        return removable or "/usb" in where or "/mmc" in where


def check(machine, device, image_size, big):
    """Refuses for the first reason that there is; returns the name of the device."""
    if not machine.is_root():
        raise Refusal("must run as root")
    device = os.path.realpath(device)
    if not machine.is_block(device):
        raise Refusal(f"{device} is no block device")
    name = os.path.basename(device)
    if not machine.node(name).exists():
        raise Refusal(f"{name} is unknown to the kernel")
    if (machine.node(name) / "partition").exists():
        raise Refusal(f"{name} is a partition; name the whole device")
    for part in machine.family(name):
        if where := machine.mounted(part):
            raise Refusal(f"{part} is mounted on {where}")
        if part in machine.swaps():
            raise Refusal(f"{part} is swap space")
        if holders := machine.holders(part):
            raise Refusal(f"{part} is used by {', '.join(holders)}")
    if not machine.comes_off(name):
        raise Refusal(f"{name} is neither removable nor on USB or MMC")
    size = machine.size(name)
    if size < image_size:
        raise Refusal(f"{name} has {size} bytes, the image {image_size}")
    if size > BIGGEST and not big:
        raise Refusal(f"{name} has {size >> 30} GiB; more than {BIGGEST >> 30} is no usual card, --big if it is one")
    return name


def confirm(name, size, given, ask):
    answer = given if given is not None else ask(f"{name} with {size >> 20} MiB will be overwritten; type {name}: ")
    if answer.strip() != name:
        raise Refusal("not confirmed")


def write(image, device):
    """Writes and flushes. O_EXCL on a block device is refused by the kernel while anything else has it."""
    flags = os.O_WRONLY | (os.O_EXCL if stat.S_ISBLK(os.stat(device).st_mode) else 0)
    target = os.open(device, flags)
    try:
        with open(image, "rb") as source:
            while chunk := source.read(CHUNK):
                view = memoryview(chunk)
                while view:
                    view = view[os.write(target, view) :]
        os.fsync(target)
    finally:
        os.close(target)


def differs_at(image, device):
    """The first offset at which the device holds something else, or None. Read past the cache where that goes."""
    try:
        target = os.open(device, os.O_RDONLY | os.O_DIRECT)
    except OSError:
        target = os.open(device, os.O_RDONLY)
    # O_DIRECT wants memory that is aligned; a mapping is.
    room = mmap.mmap(-1, CHUNK)
    try:
        os.posix_fadvise(target, 0, 0, os.POSIX_FADV_DONTNEED)
        with open(image, "rb") as source:
            offset = 0
            while chunk := source.read(CHUNK):
                count = os.readv(target, [room])
                found = room[: min(count, len(chunk))]
                if found != chunk:
                    same = next((i for i, (a, b) in enumerate(zip(found, chunk)) if a != b), len(found))
                    return offset + same
                offset += len(chunk)
    finally:
        os.close(target)
        room.close()
    return None


def image_size(image):
    """Bytes of the image; something else than an image of ours is refused."""
    if not os.path.isfile(image):
        raise Refusal(f"no {image}: run make image")
    with open(image, "rb") as file:
        file.seek(440)
        if file.read(4) != SIGNATURE:
            raise Refusal(f"{image} is no image of the module")
    return os.path.getsize(image)


def identity(device):
    """What changes when a device of this name goes and another comes."""
    facts = os.stat(device)
    return facts.st_rdev, facts.st_ino, facts.st_ctime_ns


def flash(machine, options, ask=input):
    size = image_size(options.image)
    # A link may lead elsewhere, and a card may be exchanged, while somebody types.
    device = os.path.realpath(options.device)
    name = check(machine, device, size, options.big)
    before = identity(device)
    confirm(name, machine.size(name), options.confirm, ask)
    if identity(device) != before:
        raise Refusal(f"{name} is another device now")
    check(machine, device, size, options.big)
    write(options.image, device)
    offset = differs_at(options.image, device)
    if offset is not None:
        raise Refusal(f"{name} holds something else at byte {offset}: the medium is bad, do not use it")
    print(f"flash: {size} bytes on {name}, written and read back")


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("image")
    parser.add_argument("device", nargs="?")
    parser.add_argument("--confirm", metavar="NAME")
    parser.add_argument("--big", action="store_true")
    options = parser.parse_args(arguments)
    try:
        if not options.device:
            raise Refusal("which device? make flash DEVICE=/dev/NAME; lsblk tells")
        flash(Machine(), options)
    except (Refusal, OSError, EOFError) as fault:
        print(f"error: flash: {fault}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
