#!/usr/bin/env python3
"""Our stages beside other programs at the same work, in turn, on one core; writes Documentation/Results/bench.md.

  bench.py              all cells, the page and bench.json
  bench.py --short      a few small cells: every program runs, equal work gives equal figures, leaks are as promised
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

import bench_page

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "Documentation/Results"
TWIN = ROOT / ".build-run/release/twin"
PEERS = ROOT / ".build-bench/peers"
PYTHON = ROOT / ".build-bench/python/bin/python"
DECODER = ROOT / "Tools/peers/ldpc_decoder.py"
QBERS = (0.001, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.11)
# What the codes are asked for, as bits told over the least, where they are used at all.
EFFICIENCIES = {0.01: 1.18, 0.02: 1.135, 0.03: 1.12, 0.05: 1.115, 0.08: 1.12, 0.11: 1.12}
# Error rates of the whole chain where one way suffices, and those where advantage distillation makes the key.
CHAIN = ((0.001, 1), (0.005, 1), (0.01, 1), (0.02, 1), (0.03, 1), (0.05, 1))
DISTILLED = ((0.05, 2), (0.08, 2), (0.11, 3))
ENDS = ("alice", "bob")
# Bits told over the least that a stage may not exceed, by family and error rate; chance is in it.
PROMISED = {"cascade": {0.001: 1.15, 0.01: 1.07, 0.03: 1.075, 0.08: 1.10}, "ldpc": {0.03: 1.14, 0.08: 1.13}}


def privacy_cells(sizes):
    """The hash from n to n / 2 bits, by us and by others."""
    cells = []
    for power in sizes:
        bits, output = str(1 << power), str(1 << power - 1)
        ours = [TWIN, "bench", "privacy", "--bits", bits, "--output", output]
        cells += [ours, [*ours, "--portable"]]
        # Where Debian's sources cannot be had, the build of libgf2x for this processor is left out, and says so.
        names = ("toeplitz-gf2x", "toeplitz-gf2x-native", "toeplitz-fftw")
        cells += [[PEERS / name, bits, output] for name in names if (PEERS / name).exists() or "native" not in name]
    return cells


def reconcile_cells(qbers, tiles):
    """Both families, and the decoder of the PyPI package where it has a sensible rate."""
    cells = []
    for qber in qbers:
        cells.append([TWIN, "bench", "cascade", "--qber", str(qber), "--tiles", str(tiles)])
        if qber in EFFICIENCIES:
            asked = str(EFFICIENCIES[qber])
            cells.append(
                [TWIN, "bench", "reconcile", "--qber", str(qber), "--efficiency", asked, "--tiles", str(2 * tiles)])
        if qber in (0.03, 0.08):
            for method in ("product_sum", "minimum_sum"):
                cells.append(
                    [PYTHON, DECODER, "--bits", "16384", "--qber", str(qber), "--efficiency", "1.2", "--method", method,
                     "--frames", "4"])
    return cells


def size_cells(tiles):
    """Both families over the size of a tile, at 3 %."""
    cells = []
    for power in (14, 15, 16, 17):
        if power <= 16:
            cells.append([TWIN, "bench", "cascade", "--bits", str(1 << power), "--tiles", str(tiles << 16 - power)])
        cells.append(
            [TWIN, "bench", "reconcile", "--bits", str(1 << power), "--efficiency", "1.14", "--tiles",
             str(tiles << 17 - power)])
    return cells


def chain_cells(power, points):
    """One block from its sifted bits to its tags, by both families, at pairs of error rate and group."""
    return [
        [TWIN, "bench", "chain", "--bits", str(1 << power), "--qber", str(qber), "--ad-block", str(block),
         "--reconciliation", family] for qber, block in points for family in ("0", "1")]


def link_cells(power):
    """The same at 3 %, over links of some round trips in milliseconds."""
    return [
        [TWIN, "bench", "chain", "--bits", str(1 << power), "--reconciliation", family, "--round-trip-ms", trip]
        for trip in ("0", "1", "10", "50") for family in ("0", "1")]


def all_cells():
    stages = [
        [TWIN, "bench", "sift", "--detections", "4000000"],
        [TWIN, "bench", "permute", "--bits", str(1 << 22)],
        [TWIN, "bench", "confirm"],
        [TWIN, "bench", "tag"],
    ]
    return {
        "reconcile": reconcile_cells(QBERS, 30), "size": size_cells(10), "privacy": privacy_cells((16, 18, 20, 22)),
        "chain": chain_cells(20, CHAIN) + chain_cells(22, DISTILLED), "link": link_cells(22), "other": stages,
    }


def short_cells():
    return {
        "reconcile": reconcile_cells((0.001, 0.03, 0.08), 4), "privacy": privacy_cells((14,)),
        "chain": chain_cells(18, ((0.02, 1), (0.05, 2))),
    }


def parsed(line):
    """The facts of a `bench` line; numbers as numbers."""
    words = line.split()
    if not words or words[0] != "bench":
        raise ValueError(f"no bench line: {line!r}")
    facts = {}
    for word in words[1:]:
        name, _, value = word.partition("=")
        try:
            facts[name] = value if name == "check" else float(value) if "." in value or "e" in value else int(value)
        except ValueError:
            facts[name] = value
    return facts


def stages(parts):
    """The speeds of the stages that a line is made of, by stage and module."""
    return {
        f"{part['stage']}_{end}": part[f"{end}_mbit_s"] for part in parts if "part_of" in part for end in ENDS}


def shown(command):
    """The command as a reader would type it."""
    names = {str(TWIN): "twin", str(PYTHON): "python3"}
    return " ".join(names.get(str(word), str(word).replace(f"{ROOT}/", "")) for word in command)


def run(command):
    """One run on the last core; None when the program is missing or fails."""
    try:
        ended = subprocess.run(
            ["taskset", "-c", str(max(os.sched_getaffinity(0))), *map(str, command)], capture_output=True, text=True,
            timeout=600, check=True)
        lines = [parsed(line) for line in ended.stdout.splitlines() if line.startswith("bench ")]
        return {**stages(lines[:-1]), **lines[-1]}
    except (OSError, subprocess.SubprocessError, IndexError) as error:
        print(f"bench: {shown(command)}: {error}", file=sys.stderr)
        return None


def measured(cells, rounds):
    """Every command so many times, all in turn; the facts of the first with the speeds of all."""
    runs = {shown(command): [] for command in cells}
    for number in range(rounds):
        for command in cells:
            print(f"bench: round {number + 1} of {rounds}: {shown(command)}", file=sys.stderr, flush=True)
            runs[shown(command)].append(run(command))
    rows = []
    for command, facts in runs.items():
        good = [entry for entry in facts if entry]
        row = {"command": command, **(good[0] if good else {})}
        speeds = [entry["mbit_s"] for entry in good if "mbit_s" in entry]
        if speeds:
            row["mbit_s"], row["mbit_s_best"] = statistics.median(speeds), max(speeds)
        row["failed"] = len(good) < rounds
        rows.append(row)
    return rows


def complaints(groups):
    """What is wrong with the figures, a line each. Speeds are nobody's fault."""
    found = [f"{row['command']} failed" for rows in groups.values() for row in rows if row["failed"]]
    checks = {}
    for row in groups.get("privacy", []):
        if "check" in row:
            checks.setdefault((row["n"], row["output"]), set()).add(row["check"])
    found += [f"hashes of {bits} bits differ" for (bits, _), values in checks.items() if len(values) > 1]
    for row in groups.get("reconcile", []):
        limit = PROMISED.get(row.get("family"), {}).get(row.get("qber"))
        if limit and row["efficiency"] > limit:
            found.append(f"{row['command']}: {row['efficiency']} times the least, promised {limit}")
        if row.get("family") in PROMISED and row.get("fer", 0) > 0:
            found.append(f"{row['command']}: tiles were left wrong")
    return found


def main():
    parser = argparse.ArgumentParser(description="Our stages beside other programs.")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    cells = short_cells() if arguments.short else all_cells()
    groups = {name: measured(group, 1 if arguments.short else arguments.rounds) for name, group in cells.items()}
    found = complaints(groups)
    if not arguments.short:
        facts = bench_page.machine(ROOT)
        (RESULTS / "bench.json").write_text(json.dumps({"machine": facts, **groups}, indent=1) + "\n")
        (RESULTS / "bench.md").write_text(bench_page.page(facts, groups, arguments.rounds))
    count = sum(map(len, groups.values()))
    print("\n".join(found) if found else f"bench: {count} cells")
    print(f"bench: {count - len(found)} passed, {len(found)} failed")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
