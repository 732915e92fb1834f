"""Everything that the guest is made of: Debian's kernel for arm64, our module for it, and our programs.

Packages are downloaded and unpacked, not installed. What is there already is not asked for again; `make clean` and
the newest kernel comes.
"""

import dataclasses
import pathlib
import re
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
CACHE = REPOSITORY / ".build-hil"
SERIES = "6.1"
CROSS = "aarch64-linux-gnu-"

# Debian's own modules that the guest loads, each after those that it needs.
STOCK_MODULES = (
    "drivers/virtio/virtio_mmio.ko",
    "drivers/char/virtio_console.ko",
    "drivers/char/hw_random/virtio-rng.ko",
    "net/core/failover.ko",
    "drivers/net/net_failover.ko",
    "drivers/net/virtio_net.ko",
    "drivers/i2c/i2c-dev.ko",
    "drivers/watchdog/softdog.ko",
)


class PrepareFault(Exception):
    """Something that the guest needs cannot be had, with the reason."""


@dataclasses.dataclass
class Parts:
    """Files that make a guest."""

    version: str
    kernel: pathlib.Path
    modules: list
    busybox: pathlib.Path
    agent: pathlib.Path
    devices: pathlib.Path


def call(arguments, folder=REPOSITORY):
    """The output of a program; its complaints are part of the fault."""
    done = subprocess.run([str(a) for a in arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise PrepareFault(f"{' '.join(map(str, arguments))}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def versions(package):
    """The versions of a package in the archive, newest first."""
    lines = call(["apt-cache", "madison", package]).splitlines()
    return list(dict.fromkeys(line.split("|")[1].strip() for line in lines if line.count("|") == 2))


def newest_kernel():
    """Names, with versions, of the packages of the newest kernel of the series that is complete."""
    found = call(["apt-cache", "search", "--names-only", rf"^linux-image-{re.escape(SERIES)}\.0-[0-9]+-arm64$"])
    names = sorted({line.split()[0] for line in found.splitlines()}, key=lambda name: int(name.split("-")[3]))
    tools = versions(f"linux-kbuild-{SERIES}")
    for image in reversed(names):
        release = image.removeprefix("linux-image-").removesuffix("-arm64")
        parts = [f"{image}:arm64", f"linux-headers-{release}-arm64:arm64", f"linux-headers-{release}-common"]
        for version in versions(parts[0]):
            if version in tools and all(version in versions(part) for part in parts):
                return [f"{part}={version}" for part in [*parts, f"linux-kbuild-{SERIES}"]]
    raise PrepareFault(
        f"no complete kernel {SERIES} for arm64 in the package lists: run Tools/setup.sh hil, or apt-get update"
    )


def unpacked():
    """The folder with the unpacked packages, downloaded when they are not there yet."""
    root, stamp = CACHE / "root", CACHE / "packages"
    if stamp.exists():
        return root
    packages = [*newest_kernel(), "busybox-static:arm64"]
    downloads = CACHE / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    call(["apt-get", "download", *packages], downloads)
    for file in sorted(downloads.glob("*.deb")):
        call(["dpkg-deb", "--extract", file, root])
    stamp.write_text("\n".join(packages) + "\n")
    return root


def refresh(source, target):
    """Copies a file where its content differs, so that nothing is compiled for nothing."""
    if not target.exists() or target.read_bytes() != source.read_bytes():
        target.write_bytes(source.read_bytes())


def build_module(root, version):
    """Our module, compiled against the headers of exactly this kernel."""
    headers = root / "usr/src" / f"linux-headers-{version}"
    common = root / "usr/src" / f"linux-headers-{version.removesuffix('-arm64')}-common"
    # The package's file includes a path of a machine where it is installed.
    (headers / "Makefile").write_text(f"include {common}/Makefile\n")
    folder = CACHE / "module"
    folder.mkdir(exist_ok=True)
    for source in sorted((HERE / "kernel").iterdir()):
        refresh(source, folder / source.name)
    call(["make", "-s", "-C", headers, f"M={folder}", "ARCH=arm64", f"CROSS_COMPILE={CROSS}", "modules"])
    module = CACHE / "gimbal_sim.ko"
    call([f"{CROSS}strip", "-g", "-o", module, folder / "gimbal_sim.ko"])
    return module


def build_program(name, sources, libraries=()):
    program = CACHE / name
    flags = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-static"]
    call([f"{CROSS}gcc", *flags, "-o", program, *(HERE / "guest" / s for s in sources), *libraries])
    return program


def parts():
    root = unpacked()
    kernel = next((root / "boot").glob("vmlinuz-*"))
    version = kernel.name.removeprefix("vmlinuz-")
    stock = [root / "lib/modules" / version / "kernel" / name for name in STOCK_MODULES]
    return Parts(
        version=version,
        kernel=kernel,
        modules=[*stock, build_module(root, version)],
        busybox=root / "bin/busybox",
        agent=build_program("agent", ["agent.c", "board.c", "jobs.c"]),
        devices=build_program("devices", ["devices.c"], ["-lgpiod", "-li2c"]),
    )


if __name__ == "__main__":
    print(parts())
