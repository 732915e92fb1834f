#!/usr/bin/env python3
"""Measures linked images and holds them to the rules that only the linked image can show.

  image.py size IMAGE...           bytes of text, data, bss and arena beside the limits of Linker/gimbal.ld
  image.py bytes BUDGET IMAGE      the bytes that count against one budget: memory, data or text
  image.py allocator IMAGE...      fails if an image names an allocator, its own or the C library's
  image.py instructions IMAGE...   fails if an arm64 image has instructions that the board's Cortex-A72 lacks
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "Linker" / "gimbal.ld"

# What counts against each budget; Linker/gimbal.ld states the same sums, and budget_test.sh holds them equal.
BUDGETS = {
    "text": (".text", ".rodata"),
    "data": (".data",),
    "memory": (".bss", ".data", ".gimbal_arena"),
}

# Functions of the C library that allocate or release, or that allocate inside (stdio buffers, directory streams).
ALLOCATORS = re.compile(
    r"^(malloc|calloc|realloc|reallocarray|free|posix_memalign|memalign|aligned_alloc|valloc|pvalloc|brk|sbrk"
    r"|strdup|strndup|asprintf|vasprintf|getline|getdelim|fopen|fdopen|freopen|opendir|getaddrinfo"
    r"|printf|fprintf|vfprintf|puts|fputs|putchar|_Znwm|_Znam|_ZdlPv|_ZdlPvm)$"
)
# Swift's runtime entries to the heap, plain or inside a mangled name.
SWIFT_ALLOCATORS = re.compile(r"swift_(slowAlloc|slowDealloc|alloc(Object|Box|EmptyBox)|dealloc\w*)")

# BCM2711 has ARMv8.0 without the crypto extension: no AES, SHA or 64-bit carry-less product, no ARMv8.1 atomics, no dot
# product. Emulators have them all and would not notice. The 8-bit `pmull` is ordinary Advanced SIMD.
LACKING = re.compile(
    r"\t(aes(e|d|mc|imc)|sha(1|256|512)\w+|pmull2?\tv\d+\.1q|[su]dot"
    r"|(ldadd|ldclr|ldset|ldeor|ldsmax|ldsmin|ldumax|ldumin|swp|casp?)(a|l|al)?[bh]?)\b"
)


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def sections(image):
    """Bytes of each section by name."""
    row = re.compile(r"^\s*\[\s*\d+\]\s+(\.\S+)\s+\S+\s+[0-9a-f]+\s+[0-9a-f]+\s+([0-9a-f]+)\s")
    found = (row.match(line) for line in run("readelf", "-SW", image).splitlines())
    return {match[1]: int(match[2], 16) for match in found if match}


def section_number(image, name):
    """The number of a section as `symbols` gives it, or None."""
    match = re.search(rf"^\s*\[\s*(\d+)\] {re.escape(name)}\s", run("readelf", "-SW", image), re.M)
    return match[1] if match else None


def symbols(image):
    """(name, bytes, section) of each symbol; the section is "UND" for what the image takes from elsewhere."""
    for line in run("readelf", "-sW", image).splitlines():
        column = line.split()
        if len(column) >= 8 and column[0].endswith(":") and column[0] != "Num:":
            yield column[7].split("@")[0], int(column[2], 0), column[6]


def counted(image, budget):
    sizes = sections(image)
    return sum(sizes.get(name, 0) for name in BUDGETS[budget])


def limits():
    """The limits that the linker script sets, by budget."""
    assignments = re.findall(r"^gimbal_(\w+)_limit = ([0-9 *]+);$", SCRIPT.read_text(), re.M)
    found = {}
    for budget, product in assignments:
        found[budget] = 1
        for factor in product.split("*"):
            found[budget] *= int(factor)
    if set(found) != set(BUDGETS):
        sys.exit(f"{SCRIPT.name}: limits found for {sorted(found)}, wanted {sorted(BUDGETS)}")
    return found


def show_sizes(images):
    limit = limits()
    print(f"{'image':<44}{'text':>11}{'data':>8}{'bss':>10}{'arena':>12}{'memory':>12}")
    for image in images:
        sizes = sections(image)
        bss, arena = (sizes.get(name, 0) for name in (".bss", ".gimbal_arena"))
        text, data, memory = (counted(image, budget) for budget in ("text", "data", "memory"))
        print(f"{image:<44}{text:>11}{data:>8}{bss:>10}{arena:>12}{memory:>12}")
    print(f"{'limit':<44}{limit['text']:>11}{limit['data']:>8}{'':>22}{limit['memory']:>12}")
    return 0


def show_allocators(images):
    failures = 0
    for image in images:
        names = sorted({(name, "undefined" if section == "UND" else "defined") for name, _, section in symbols(image)})
        if not any(name in ("main", "Firmware_main") for name, _ in names):
            print(f"{image}: no symbol table to prove anything on")
            failures += 1
        for name, place in names:
            if ALLOCATORS.match(name) or SWIFT_ALLOCATORS.search(name):
                print(f"{image}: allocator {name} ({place})")
                failures += 1
        imports = [name for name, place in names if place == "undefined" and name]
        print(f"{image}: takes from the C library: {' '.join(imports)}")
    print("allocator: none" if failures == 0 else f"allocator: {failures} found")
    return 1 if failures else 0


def show_instructions(images):
    failures = 0
    for image in images:
        lines = 0
        function = ""
        for line in run("aarch64-linux-gnu-objdump", "-d", "--no-show-raw-insn", image).splitlines():
            if line.endswith(">:"):
                function = line.split("<")[1][:-2]
            lines += "\t" in line
            # libgcc's out-of-line atomics ask the processor first.
            if LACKING.search(line) and not function.startswith("__aarch64_"):
                print(f"{image}: {function}: {' '.join(line.split())}")
                failures += 1
        if lines == 0:
            print(f"{image}: no instructions found")
            failures += 1
        print(f"{image}: {lines} instructions read")
    print("instructions: all within ARMv8.0" if failures == 0 else f"instructions: {failures} that the board lacks")
    return 1 if failures else 0


def main(arguments):
    if arguments[:1] == ["bytes"] and len(arguments) == 3 and arguments[1] in BUDGETS:
        print(counted(arguments[2], arguments[1]))
        return 0
    commands = {"size": show_sizes, "allocator": show_allocators, "instructions": show_instructions}
    if len(arguments) < 2 or arguments[0] not in commands:
        print(__doc__, file=sys.stderr)
        return 2
    return commands[arguments[0]](arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
