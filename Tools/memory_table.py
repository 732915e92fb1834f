#!/usr/bin/env python3
"""Writes the table of static blocks in Linker/README.md from Sources/CArena/include/carena.h, or checks it.

  memory_table.py [--check] IMAGE

The header says what each block is for; the sizes are read from the linked image. They have to agree: a block that the
image lacks, has in another size, or has without a row is an error. With --check nothing is written, and a README
whose table differs is an error too.
"""

import ast
import operator
import pathlib
import re
import sys

import image as linked

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEADER = ROOT / "Sources" / "CArena" / "include" / "carena.h"
README = ROOT / "Linker" / "README.md"
BEGIN, END = "<!-- table: make memory -->", "<!-- end of table -->"

ROW = re.compile(r'BLOCK\((\w+),\s*(\w+),\s*([^,]+),\s*(\w+),\s*"([^"]*)"\)')
ELEMENT_BYTES = {f"{sign}int{8 * size}_t": size for sign in ("", "u") for size in (1, 2, 4, 8)}
OPERATIONS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.floordiv,
    ast.LShift: operator.lshift,
}


def evaluate(expression):
    """The value of an expression of integers, as C computes it."""

    def value(node):
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return node.value
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
            return OPERATIONS[type(node.op)](value(node.left), value(node.right))
        raise ValueError(f"count '{expression}' is not an expression of numbers")

    return value(ast.parse(expression.strip(), mode="eval").body)


def rows(header):
    """(name, bytes, owner, why) of each block that the header declares."""
    found = []
    for name, element, count, owner, why in ROW.findall(header):
        if element not in ELEMENT_BYTES:
            raise ValueError(f"{name}: element type '{element}' has no known size")
        found.append((name, evaluate(count) * ELEMENT_BYTES[element], owner, why))
    declared = len(re.findall(r"^\s*BLOCK\(", header, re.M))
    if not found or declared != len(found):
        raise ValueError(f"{declared} rows start with BLOCK(, {len(found)} can be read")
    return found


def disagreements(blocks, linked_blocks):
    """What the header and the image say differently. `linked_blocks` has bytes by name."""
    words = []
    for name, size, _, _ in blocks:
        if name not in linked_blocks:
            words.append(f"{name}: in the header, not in the image")
        elif linked_blocks[name] != size:
            words.append(f"{name}: {size} bytes in the header, {linked_blocks[name]} in the image")
    names = {name for name, _, _, _ in blocks}
    words += [f"{name}: in the image's arena, not in the header" for name in linked_blocks if name not in names]
    return words


def table(blocks, limit):
    lines = ["| Block | Owner | Bytes | Why that many |", "|---|---|--:|---|"]
    for name, size, owner, why in sorted(blocks, key=lambda block: -block[1]):
        lines.append(f"| `{name}` | {owner} | {grouped(size)} | {why} |")
    total = sum(size for _, size, _, _ in blocks)
    lines.append(f"| all blocks | | {grouped(total)} | of {grouped(limit)} for all static memory |")
    return "\n".join(lines)


def grouped(number):
    return f"{number:,}".replace(",", " ")


def arena_of(image):
    """Bytes by name of the objects in the image's arena section."""
    number = linked.section_number(image, ".gimbal_arena")
    return {name: size for name, size, section in linked.symbols(image) if section == number and size > 0}


def main(arguments):
    check = arguments[:1] == ["--check"]
    images = arguments[1:] if check else arguments
    if len(images) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    blocks = rows(HEADER.read_text())
    words = disagreements(blocks, arena_of(images[0]))
    page = README.read_text()
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    wanted = f"{before}{BEGIN}\n{table(blocks, linked.limits()['memory'])}\n{END}{after}"
    if check and page != wanted:
        words.append("Linker/README.md is stale: run make memory")
    for word in words:
        print(f"memory: {word}")
    if words:
        return 1
    if not check:
        README.write_text(wanted)
    print(f"memory: {len(blocks)} blocks, header, image and Linker/README.md agree")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
