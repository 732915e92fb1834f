"""A guest that nothing from outside reaches: one command, and time that passes with the instructions it executes. What
it measures is the same in every run and on every computer."""

import pathlib
import re
import subprocess
import tempfile

from archive import archive
from guest import RUN_SECONDS_MAX, GuestFault, contents

# Two nanoseconds an instruction; nothing random from outside, no network, no clock of the host.
ARGUMENTS = """-M virt,dtb-randomness=off -cpu cortex-a72 -smp 1 -m 512M -nodefaults -display none -no-reboot
-icount shift=1,sleep=off -rtc base=2026-01-01,clock=vm""".split()
KERNEL_COMMAND = "console=ttyAMA0 quiet panic=-1 nokaslr norandmaps"
END = re.compile(r"^guest: status (\d+)\s*$", re.M)


def run(parts, command, files):
    """(status, output) of a shell command; the devices are there, and no board behind them."""
    needed = [module for module in parts.modules if module.name in ("i2c-dev.ko", "gimbal_sim.ko")]
    with tempfile.TemporaryDirectory(prefix="gimbal-hil-") as name:
        folder = pathlib.Path(name)
        held = contents(needed, {"bin/busybox": parts.busybox, **files}, "alone=1")
        (folder / "root").write_bytes(archive(held | {"command": f"{command}\n".encode()}))
        call = ["qemu-system-aarch64", *ARGUMENTS, "-kernel", str(parts.kernel), "-initrd", str(folder / "root")]
        call += ["-append", KERNEL_COMMAND, "-serial", f"file:{folder / 'console'}"]
        try:
            subprocess.run(call, stdin=subprocess.DEVNULL, timeout=RUN_SECONDS_MAX, check=True, capture_output=True)
        except subprocess.SubprocessError as fault:
            raise GuestFault(f"QEMU: {fault}: {(fault.stderr or b'').decode()}") from fault
        said = (folder / "console").read_text(errors="replace").replace("\r", "")
    end = END.search(said)
    if not end:
        raise GuestFault(f"{command}: no end\n{said}")
    return int(end[1]), said[: end.start()]
