"""The image in the emulator: one card, its serial line, and what stands on the card, seen from outside."""

import binascii
import pathlib
import shutil
import subprocess

import pexpect

SECTOR = 512
STATE_SECTORS = (256, 264)
# First sectors of the partitions, as genimage.cfg lays them out.
BOOT_START = 2048
SLOT_START = {"A": 133120, "B": 231424}
PROMPT = "gimbal-alice> "
# Generous: nothing is judged by how long it took.
TIMEOUT_S = 240


class Card:
    """A copy of the image, changed by the machine and by the test."""

    def __init__(self, image, path):
        shutil.copyfile(image, path)
        self.path = pathlib.Path(path)

    def put(self, name, content):
        """A file onto the boot partition, as another computer would write it."""
        source = self.path.with_suffix(".file")
        source.write_bytes(content)
        where = f"{self.path}@@{BOOT_START * SECTOR}"
        subprocess.run(["mcopy", "-o", "-i", where, source, f"::{name}"], check=True)
        source.unlink()

    def files(self):
        where = f"{self.path}@@{BOOT_START * SECTOR}"
        listing = subprocess.run(["mdir", "-b", "-i", where, "::"], capture_output=True, text=True, check=True)
        return {line.removeprefix("::/") for line in listing.stdout.splitlines()}

    def sectors(self, first, count):
        with self.path.open("rb") as file:
            file.seek(first * SECTOR)
            return file.read(count * SECTOR)

    def write(self, offset, content):
        with self.path.open("r+b") as file:
            file.seek(offset)
            file.write(content)

    def states(self):
        """Sector to variables, of those sectors whose checksum is right."""
        found = {}
        for sector in STATE_SECTORS:
            content = self.sectors(sector, 1)
            if int.from_bytes(content[:4], "little") == binascii.crc32(content[4:]):
                text = content[4:].split(b"\0\0")[0].decode()
                found[sector] = dict(entry.split("=", 1) for entry in text.split("\0"))
        return found

    def newest(self):
        """Sector and variables of the state that counts."""
        return max(self.states().items(), key=lambda item: int(item[1]["BOOT_SERIAL"], 16))

    def state(self):
        return self.newest()[1]

    def damage(self, slot, offset):
        """Turns one byte of a slot round."""
        place = SLOT_START[slot] * SECTOR + offset
        byte = self.sectors(place // SECTOR, 1)[place % SECTOR]
        self.write(place, bytes([byte ^ 0xFF]))


def virt(firmware, card, update=None):
    """QEMU's `virt` with four Cortex-A72; U-Boot is its BIOS, the card and an update its disks."""
    arguments = ["-M", "virt", "-cpu", "cortex-a72", "-smp", "4", "-m", "512", "-bios", str(firmware)]
    arguments += ["-serial", "stdio", "-nic", "none"]
    for number, path in enumerate((card.path, update)):
        if path:
            arguments += ["-drive", f"if=none,id=d{number},file={path},format=raw,cache=writeback"]
    # The last device on the bus is the first one that Linux sees.
    for number in (1, 0) if update else (0,):
        arguments += ["-device", f"virtio-blk-device,drive=d{number}"]
    return arguments


def raspberry(firmware, tree, card):
    """QEMU's Raspberry Pi 3, which starts the same U-Boot as the CM4, from an SD card; its line is the PL011."""
    with card.path.open("r+b") as file:
        # The emulator takes cards whose size is a power of two.
        file.truncate(256 << 20)
    ours = card.path.with_suffix(".dtb")
    shutil.copyfile(tree, ours)
    # As the overlay of the CM4 has it: the line is the operator's and not Bluetooth's.
    subprocess.run(["fdtput", "-t", "s", ours, "/chosen", "stdout-path", "serial0:115200n8"], check=True)
    subprocess.run(["fdtput", "-r", ours, "/soc/serial@7e201000/bluetooth"], check=True)
    return [
        "-M", "raspi3b", "-kernel", str(firmware), "-dtb", str(ours), "-serial", "stdio",
        "-drive", f"if=sd,file={card.path},format=raw,cache=writeback",
    ]


class Machine:
    """A machine in the emulator, switched on."""

    def __init__(self, arguments, log):
        arguments = [*arguments, "-display", "none", "-monitor", "none"]
        self.line = pexpect.spawn("qemu-system-aarch64", arguments, timeout=TIMEOUT_S, encoding="latin-1")
        self.line.logfile_read = log

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.cut()

    def expect(self, *patterns):
        """Waits for one of the patterns and tells which."""
        return self.line.expect(list(patterns))

    def maintain(self):
        """Comes to a shell; the card asks for long enough."""
        self.expect("m for maintenance")
        self.line.send("m")
        self.expect("# ")

    def command(self, text):
        """Types a command into the shell and returns what it printed."""
        self.line.sendline(f"{text}; echo =$?=")
        self.line.expect(r"\n(.*?)=(\d+)=\r")
        output, status = self.line.match[1], int(self.line.match[2])
        self.line.expect("# ")
        return status, output.replace("\r", "")

    def cut(self):
        """The power goes: nothing is flushed, nothing is told."""
        self.line.close(force=True)
