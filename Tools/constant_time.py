#!/usr/bin/env python3
"""Fails if a kernel that handles secrets can take a time that depends on them, as far as its object code tells.

    python3 Tools/constant_time.py FILE... [--only REGEX] [--objdump PROGRAM]

FILE is an ELF image or object file for x86-64 or arm64. Every kernel of the table below must be found in one of the
files, and every copy found must be free of
  - conditional branches (other than the backward ones the table allows for loop counters of public length),
  - divisions,
  - calls and jumps out of the function, which could hide either, but for a jump to the start of another kernel,
  - memory operands that are not on the stack or constant, so that no address depends on a value.
The kernels are marked @inline(never), so what is looked at is what runs. Not shown here: that the integer
multiplication of the processor takes constant time, and that callers treat the results with the same care.
"""
import argparse
import re
import subprocess
import sys

# Regular expression on the mangled name, number of backward conditional branches allowed.
KERNELS = [
    (r"11BinaryField16carrylessProduct", 0),
    (r"11BinaryField8Field128V1moi", 0),  # Field128.*
    (r"11BinaryField8Field128V8areEqual", 0),  # also the comparison of tags
]

CONDITIONAL = {
    "x86-64": re.compile(r"(j(?!mp)\w+|loop\w*)$"),
    "arm64": re.compile(r"(b\.\w+|cbn?z|tbn?z)$"),
}
DIVISION = {"x86-64": re.compile(r"i?div\w?$"), "arm64": re.compile(r"[us]div$")}
CALL = {"x86-64": re.compile(r"call\w?$"), "arm64": re.compile(r"(bl|blr|blra\w*)$")}
OBJDUMP = {"x86-64": "objdump", "arm64": "aarch64-linux-gnu-objdump"}
JUMP = {"x86-64": re.compile(r"jmp\w?$"), "arm64": re.compile(r"(b|br)$")}


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def machine(path):
    with open(path, "rb") as file:
        header = file.read(20)
    kind = int.from_bytes(header[18:20], "little") if header[:4] == b"\x7fELF" else 0
    if kind not in (62, 183):
        sys.exit(f"error: constant_time: not an x86-64 or arm64 ELF file: {path}")
    return "x86-64" if kind == 62 else "arm64"


def functions(path, objdump):
    """Yields name and [(address, mnemonic, operands)] of every function."""
    name, body = None, []
    for line in run(objdump, "-d", "--no-show-raw-insn", path).splitlines():
        head = re.match(r"[0-9a-f]+ <(.+)>:$", line)
        if head:
            if name:
                yield name, body
            name, body = head.group(1), []
            continue
        row = re.match(r"\s*([0-9a-f]+):\s+(\S+)\s*(.*)$", line)
        if row and name:
            body.append((int(row.group(1), 16), row.group(2), row.group(3)))
    if name:
        yield name, body


def target(operands):
    found = re.search(r"(?:^|[\s,])(?:0x)?([0-9a-f]+) <", operands)
    return int(found.group(1), 16) if found else None


def is_foreign_address(kind, mnemonic, operands):
    if kind == "arm64":
        return any(base not in ("sp", "x29") for base in re.findall(r"\[(\w+)", operands))
    if mnemonic.startswith(("lea", "nop")):
        return False
    for inner in re.findall(r"\(([^)]*)\)", operands):
        if "," in inner or inner not in ("%rsp", "%rbp", "%rip"):
            return True
    return False


def goes_on_in_a_kernel(operands, kernels):
    """Whether a jump leads to the first instruction of a kernel, which is looked at by itself."""
    found = re.search(r"<([^>+]+)>$", operands)
    return bool(found) and any(re.search(pattern, found.group(1)) for pattern, _ in kernels)


def complaints(kind, body, loops, kernels):
    start, end = body[0][0], body[-1][0]
    for address, mnemonic, operands in body:
        text = f"{address:x}: {mnemonic} {operands}"
        if CONDITIONAL[kind].match(mnemonic):
            place = target(operands)
            if loops > 0 and place is not None and start <= place <= address:
                loops -= 1
            else:
                yield f"conditional branch  {text}"
        elif DIVISION[kind].match(mnemonic):
            yield f"division  {text}"
        elif CALL[kind].match(mnemonic):
            yield f"call  {text}"
        elif JUMP[kind].match(mnemonic):
            place = target(operands)
            if (place is None or not start <= place <= end) and not goes_on_in_a_kernel(operands, kernels):
                yield f"jump out  {text}"
        elif is_foreign_address(kind, mnemonic, operands):
            yield f"memory operand  {text}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--only", metavar="REGEX", help="look at functions of this name instead of the table")
    parser.add_argument("--objdump", help="GNU disassembler for the machine of the files")
    arguments = parser.parse_args()
    kernels = [(arguments.only, 0)] if arguments.only else KERNELS
    found = {pattern: 0 for pattern, _ in kernels}
    bad = 0
    for path in arguments.files:
        kind = machine(path)
        for name, body in functions(path, arguments.objdump or OBJDUMP[kind]):
            for pattern, loops in kernels:
                if not body or not re.search(pattern, name):
                    continue
                found[pattern] += 1
                reasons = list(complaints(kind, body, loops, kernels))
                bad += len(reasons)
                print(f"{'BAD' if reasons else 'ok '} {kind} {len(body):5d} instructions  {name}")
                for reason in reasons:
                    print(f"      {reason}")
    missing = [pattern for pattern, count in found.items() if count == 0]
    for pattern in missing:
        print(f"error: constant_time: no function matches {pattern}")
    sys.exit(1 if bad or missing else 0)


if __name__ == "__main__":
    main()
