#!/usr/bin/env python3
"""Holds what the static image mixes: musl, and two libraries that Debian built for glibc.

  library.py names ARCHIVE...  every name that the archives want is one whose interface was compared (table below)
  library.py layouts           the structures and numbers that go through it are the same in both sets of headers
  library.py image IMAGE       the image has code of the listed archives only (IMAGE.map), and no other allocator;
                               one that is there is sealed by somebody
  library.py headers FOLDER    the C objects under FOLDER saw no header of glibc (their .d files)
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LAYOUTS = ROOT / "Tools" / "library" / "layouts.c"

# Names by why glibc's and musl's can take each other's place on arm64.
COMPARED = {
    "strings and memory, plain pointers and numbers": "calloc free malloc memcpy memset snprintf strcmp strdup strlen"
    " strncmp strncpy strtoul",
    "a system call on paths, descriptors and numbers": "access close open read realpath",
    # glibc takes the request as long and musl as int: one register, of which the kernel reads 32 bits.
    "a system call, the rest in registers": "ioctl",
    "structures that library/layouts.c compares": "alphasort lstat ppoll scandir stat",
    "musl has glibc's name, for errno and the stack guard": "__errno_location __stack_chk_fail __stack_chk_guard",
    # library/start.c compares the bit.
    "musl has glibc's name and table": "__ctype_b_loc",
    # glibc's <string.h> leaves its argument alone, musl's cuts slashes at the end: libgpiod gives it a copy of its own.
    "POSIX's instead of GNU's": "basename",
    "Sources/CStatic/fortified.c": "__asprintf_chk __snprintf_chk",
}

DISASSEMBLE = ("aarch64-linux-gnu-objdump", "-d", "--no-show-raw-insn")
# Archives that the image may have code of.
ARCHIVES = {"aarch64-linux-musl/libc.a", "aarch64-linux-musl/libm.a", "libgcc.a", "libgpiod.a", "libi2c.a"}
# Names of musl's own heap; its stub for fork(2) is there always and does nothing without it.
HEAP = re.compile(r"^(__libc_malloc\w*|__libc_free|__libc_realloc|__malloc_(?!atfork$)\w+|brk|sbrk)$")
ALLOCATOR = ("malloc", "calloc", "realloc", "free", "aligned_alloc")

GLIBC = ["--target=aarch64-linux-gnu"]
MUSL = ["--target=aarch64-linux-musl", "--gcc-triple=aarch64-linux-gnu", "-isystem", "/usr/include/aarch64-linux-musl"]
# Headers that belong to no C library, and the compiler's own.
FREE_HEADER = re.compile(r"/include/(linux|asm|asm-generic|i2c)/|/include/gpiod\.h$|/lib/(swift/)?clang/")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def names(archives):
    wanted, defined = set(), set()
    for archive in archives:
        for line in run("aarch64-linux-gnu-nm", "-P", archive).splitlines():
            column = line.split()
            if len(column) >= 2 and len(column[1]) == 1:
                (wanted if column[1] in "Uwv" else defined).add(column[0])
    wanted -= defined
    compared = set(" ".join(COMPARED.values()).split())
    words = [f"names: {name} is wanted and was never compared" for name in sorted(wanted - compared)]
    words += [f"names: {name} is in the table and nobody wants it" for name in sorted(compared - wanted)]
    return words, f"names: {len(wanted)} wanted by {len(archives)} archives, all compared"


def numbers(options):
    """The rows of layouts.c as one compiler sees them."""
    text = run("clang", *options, "-O1", "-S", "-o", "-", str(LAYOUTS))
    found = dict(re.findall(r"^layout_(\w+):\n\s+\.xword\s+(-?\d+)", text, re.M))
    return {name: int(value) for name, value in found.items()}


def layouts():
    glibc, musl = numbers(GLIBC), numbers(MUSL)
    words = [
        f"layouts: {name} is {glibc.get(name)} with glibc and {musl.get(name)} with musl"
        for name in sorted(glibc.keys() | musl.keys())
        if glibc.get(name) != musl.get(name)
    ]
    if len(glibc) < 30:
        words.append(f"layouts: {len(glibc)} rows found, wanted those of {LAYOUTS.name}")
    return words, f"layouts: {len(glibc)} sizes, places and numbers are the same"


def image(path):
    taken = re.findall(r"(\S+\.a)\(", pathlib.Path(path + ".map").read_text())
    archives = {"/".join(name.split("/")[-2:]) for name in taken}
    strange = [name for name in archives if not any(name == one or name.endswith("/" + one) for one in ARCHIVES)]
    words = [f"image: code of {name}" for name in sorted(strange)]
    if not any(name.endswith("aarch64-linux-musl/libc.a") for name in archives):
        words.append("image: no code of musl's libc.a")
    rows = [line.split() for line in run("aarch64-linux-gnu-nm", path).splitlines()]
    defined = {row[-1] for row in rows}
    words += [f"image: {name} of another allocator" for name in sorted(defined) if HEAP.match(name)]
    if "malloc" in defined and not re.search(r"\tbl?\t.*<gimbal_seal_allocator>", run(*DISASSEMBLE, path)):
        words.append("image: has an allocator that nobody seals")
    ours = " ".join(sorted(defined & set(ALLOCATOR))) or "left out, nobody asks"
    return words, f"image: code of {' '.join(sorted(archives))}; its allocator: {ours}"


def headers(folder):
    seen, words = set(), []
    for file in sorted(pathlib.Path(folder).glob("**/*.c.d")):
        for name in re.findall(r"/\S+\.h", file.read_text()):
            if name in seen or str(ROOT) in name:
                continue
            seen.add(name)
            if "/aarch64-linux-musl/" not in name and not FREE_HEADER.search(name):
                words.append(f"headers: {file.name} has {name}")
    if not any("/aarch64-linux-musl/" in name for name in seen):
        words.append(f"headers: nothing of musl under {folder}")
    return words, f"headers: {len(seen)} of musl, Linux and the compiler"


def main(arguments):
    commands = {"names": names, "layouts": layouts, "image": image, "headers": headers}
    if not arguments or arguments[0] not in commands:
        print(__doc__, file=sys.stderr)
        return 2
    rest = arguments[1:]
    try:
        words, well = commands[arguments[0]](*([rest] if arguments[0] == "names" else rest))
    except TypeError:
        print(__doc__, file=sys.stderr)
        return 2
    for word in words or [well]:
        print(f"library: {word}")
    return 1 if words else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
