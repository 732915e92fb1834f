#!/usr/bin/env python3
"""Instructions of the arm64 image for each sifted bit, by end, stage and function, counted in the user-mode emulator.

  instructions.py            all kinds of block; writes Documentation/Results/instructions.md and .json
  instructions.py --short    one kind, twice: the count repeats, and is within the bound that is promised

The image takes a block through both ends (`gimbal --bench KIND`) and passes a mark before each piece of work, by which
the plugin of the emulator (Tools/counting/count.c) tells ends and stages apart. Every executed instruction counts one.
"""

import argparse
import bisect
import collections
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import bench_page

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "Documentation/Results"
IMAGE = ROOT / ".build-firmware-arm64/gimbal-static"
PLUGIN = ROOT / ".build-bench/libcount.so"
BITS = 1 << 19
KINDS = {"cascade": "Cascade, 3 %", "ldpc": "LDPC, 3 %", "pairs": "pairs, then Cascade, 5 %"}
STAGES = ("permute", "distill", "reconcile", "confirm", "count", "privacy")
# Instructions a sifted bit that Bob may take for a kind of block; the count has no chance in it.
PROMISED = {"ldpc": 600}

HEAD = """\
# Instructions of the board's processor

Written by `make instructions` (`Tools/instructions.py`), commit {commit}. The arm64 image takes a block of 2^19 sifted
bits through both ends in the user-mode emulator, and a plugin counts every executed instruction; the count repeats
exactly. It knows no caches and no pipeline: how many of these a core takes a cycle is for the board to say, with
`gimbal --bench`. What carries and authenticates the messages of a stage is in it; sifting is not.

Instructions for each sifted bit:
"""


def symbols(image):
    """Addresses of functions in rising order, with their names; the assembler's marks of code and data are left out."""
    listing = subprocess.run(
        ["aarch64-linux-gnu-nm", "--defined-only", image], capture_output=True, text=True, check=True).stdout
    rows = [line.split(maxsplit=2) for line in listing.splitlines()]
    return sorted((int(address, 16), name) for address, kind, name in rows
                  if kind in "tTwW" and not re.fullmatch(r"\$[xd](\.\d+)?", name))


def marks(functions):
    """The addresses of the sixteen marks in order."""
    found = {name: address for address, name in functions}
    return [found[f"gimbal_mark_{number}"] for number in range(16)]


def readable(name):
    """The words of a Swift symbol: module, type, function."""
    match = re.match(r"\$e(.*)", name)
    if not match:
        return name
    words, rest = [], match[1]
    while (found := re.match(r"[^0-9]*?(\d+)", rest)) and len(words) < 4:
        length = int(found[1])
        word = rest[found.end():found.end() + length]
        rest = rest[found.end() + length:]
        if re.fullmatch(r"_?[A-Za-z][A-Za-z_]*", word) and not re.fullmatch(r"_?[0-9A-F]{32}.*", word):
            words.append(word.strip("_"))
    return ".".join(words[:3]) or name


def tally(lines, functions):
    """Instructions by bucket, and by bucket and function, from the lines of the plugin."""
    addresses = [address for address, _ in functions]
    buckets, by_function = collections.Counter(), collections.defaultdict(collections.Counter)
    for line in lines:
        words = line.split()
        address, instructions = int(words[0], 16), int(words[1])
        place = bisect.bisect_right(addresses, address) - 1
        name = readable(functions[place][1]) if place >= 0 else "?"
        for bucket, runs in enumerate(map(int, words[2:])):
            if runs:
                buckets[bucket] += runs * instructions
                by_function[bucket][name] += runs * instructions
    return buckets, by_function


def counted(kind):
    """Runs the image once for a kind of block."""
    functions = symbols(IMAGE)
    with tempfile.TemporaryDirectory() as folder:
        places, out = pathlib.Path(folder) / "marks", pathlib.Path(folder) / "counts"
        places.write_text("".join(f"{address:x}\n" for address in marks(functions)))
        subprocess.run(
            ["qemu-aarch64", "-plugin", f"{PLUGIN},marks={places},out={out}", IMAGE, "--bench", kind], check=True,
            stdout=subprocess.DEVNULL, timeout=600)
        return tally(out.read_text().splitlines(), functions)


def per_bit(buckets):
    """Instructions a bit by end and stage; marks 1 to 6 are Alice's, 7 to 12 Bob's."""
    return {end: {stage: buckets[first + i] / BITS for i, stage in enumerate(STAGES)}
            for end, first in (("alice", 1), ("bob", 7))}


def row(kind, end, stages):
    """A line of the table."""
    return [KINDS[kind], end.capitalize(), *(f"{stages[name]:.0f}" if stages[name] >= 0.5 else "-" for name in STAGES),
            f"{sum(stages.values()):.0f}"]


def top(by_function, buckets, count=10):
    """The functions with most instructions in some buckets."""
    total = collections.Counter()
    for bucket in buckets:
        total.update(by_function[bucket])
    return [[name, f"{instructions / BITS:.1f}"] for name, instructions in total.most_common(count)]


def page(facts, results):
    rows = [row(kind, end, stages) for kind, (ends, _) in results.items() for end, stages in ends.items()]
    lines = [HEAD.format(**facts), *bench_page.table(["Block", "End", *STAGES, "sum"], rows)]
    for kind, (_, tops) in results.items():
        for end, functions in tops.items():
            lines += ["", f"## {KINDS[kind]}: {end.capitalize()}", ""]
            lines += bench_page.table(["Function", "Instructions a bit"], [[f"`{name}`", n] for name, n in functions])
    return "\n".join(lines) + "\n"


def short():
    """The count of one kind repeats and keeps its promise."""
    first, again = counted("ldpc")[0], counted("ldpc")[0]
    found = []
    # The kernel's own part of a system call and the clock's value may differ; the stages may not.
    if any(first[bucket] != again[bucket] for bucket in range(1, 13)):
        found.append("the count differs between two runs")
    if (sum_of_bob := sum(per_bit(first)["bob"].values())) > PROMISED["ldpc"]:
        found.append(f"Bob takes {sum_of_bob:.0f} instructions a bit, promised {PROMISED['ldpc']}")
    print("\n".join(found) if found else f"instructions: {sum_of_bob:.1f} a sifted bit (Bob, LDPC, 3 %)")
    print(f"instructions: {2 - len(found)} passed, {len(found)} failed")
    return 1 if found else 0


def main():
    parser = argparse.ArgumentParser(description="Instructions of the arm64 image for each sifted bit.")
    parser.add_argument("--short", action="store_true")
    if parser.parse_args().short:
        sys.exit(short())
    results = {}
    for kind in KINDS:
        buckets, by_function = counted(kind)
        tops = {"alice": top(by_function, range(1, 7)), "bob": top(by_function, range(7, 13))}
        results[kind] = (per_bit(buckets), tops)
    facts = bench_page.machine(ROOT)
    (RESULTS / "instructions.json").write_text(
        json.dumps({"commit": facts["commit"], **{kind: ends for kind, (ends, _) in results.items()}}, indent=1) + "\n")
    (RESULTS / "instructions.md").write_text(page(facts, results))
    print(page(facts, results))


if __name__ == "__main__":
    main()
