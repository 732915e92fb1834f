#!/usr/bin/env python3
"""Chooses the light and the block length of advantage distillation for every QBER and block size, and writes the
table of the device.

  policy.py            write Sources/Estimation/PolicyTable.swift
  policy.py --check    predict every row again and optimise some anew; compare with the file

A row maximises the secret bits per pulse of a block of fixed size on the reference link below. Rows without key are
left out. The search is deterministic: its result depends on nothing but this file and linkmodel.py.
"""

import argparse
import dataclasses
import math
import multiprocessing
import pathlib
import re
import sys
import textwrap

import linkmodel

TABLE = pathlib.Path(__file__).resolve().parent.parent / "Sources/Estimation/PolicyTable.swift"

# Design QBER in millionths: the misalignment of the reference link.
QBERS = {
    "perPulse": (10_000, 20_000, 35_000, 50_000, 65_000, 80_000, 95_000, 110_000, 126_000, 140_000, 150_000, 165_000,
                 180_000, 195_000, 207_000, 220_000),
    "perBlock": (10_000, 20_000, 35_000, 50_000, 65_000, 80_000, 95_000, 110_000, 126_000, 140_000),
}
SIZES = (20, 21, 22, 23, 25, 27, 28)

REFERENCE_ETA = 0.1
REFERENCE_DARK = 1e-6
REFERENCE_DEAD_SLOTS = 10
REFERENCE_OWN_DEAD_SLOTS = 8

MEAN_VACUUM_MILLIONTHS = 200
# The choice memory of the FPGA draws from 65 536 values, and the drive has 20 bits of millionths.
SHARE_UNIT = 65_536
MEAN_UNIT = 1_000_000
SIGNAL_MIN, SIGNAL_MAX = 0.005, 1.0
# A decoy nearer to the vacuum than this would make rounding count.
MEAN_GAP_MIN = 1000
SHARE_MIN = 64

FIELDS = (
    "variant", "qberPpm", "blockBitsLog2", "adBlock", "meanSignal", "meanDecoy", "shareSignal", "shareDecoy",
    "edgePpm", "plannedSignalPpm", "plannedDecoyPpm", "plannedVacuumPpm", "plannedErrorPpm",
    "plannedVacuumErrorPpm", "plannedCrossPpm",
)


@dataclasses.dataclass(frozen=True)
class Setting:
    """What a row fixes, in the units of the device."""

    block: int
    means: tuple
    shares: tuple

    @property
    def light(self):
        vacuum = SHARE_UNIT - sum(self.shares)
        means = tuple(mean / MEAN_UNIT for mean in (*self.means, MEAN_VACUUM_MILLIONTHS))
        return linkmodel.Light(means, tuple(share / SHARE_UNIT for share in (*self.shares, vacuum)))


def reference(qber_ppm):
    return linkmodel.Link(REFERENCE_ETA, qber_ppm / 1e6, REFERENCE_DARK, REFERENCE_DEAD_SLOTS,
                          REFERENCE_OWN_DEAD_SLOTS)


def gain(variant, link, light, block, bits):
    """Secret bits per pulse of a block of `bits` sifted bits. Without key it is what is missing per sifted bit: a
    search that still went by pulses would be drawn to where there is no light."""
    one = linkmodel.expectation(link, light).counts
    counts = one.scaled(bits / one.total)
    raw = linkmodel.key_length(variant, light, block, counts, counts).raw
    return raw * one.total / bits if raw > 0 else raw / bits


def light_of(point):
    """Any four numbers to means and shares inside their limits, so that the search needs no walls."""
    vacuum = MEAN_VACUUM_MILLIONTHS / MEAN_UNIT
    gap = MEAN_GAP_MIN / MEAN_UNIT
    signal = min(SIGNAL_MAX, max(SIGNAL_MIN, math.exp(min(point[0], 1.0))))
    decoy = vacuum + gap + (signal - 2 * (vacuum + gap)) * sigmoid(point[1])
    first = sigmoid(point[2])
    second = (1 - first) * sigmoid(point[3])
    least = SHARE_MIN / SHARE_UNIT
    shares = [least + (1 - 3 * least) * share for share in (first, second, 1 - first - second)]
    return linkmodel.Light((signal, decoy, vacuum), tuple(shares))


def sigmoid(x):
    return 1 / (1 + math.exp(-max(-40.0, min(40.0, x))))


def simplex(cost, start, step=0.25, rounds=260, tolerance=1e-7):
    """Nelder and Mead's descent. Returns the best point and its cost."""
    points = [list(start)]
    for i in range(len(start)):
        points.append([x + step * (i == j) for j, x in enumerate(start)])
    ranked = sorted((cost(p), p) for p in points)
    for _ in range(rounds):
        worst_cost, worst = ranked[-1]
        if abs(worst_cost - ranked[0][0]) <= tolerance * abs(ranked[0][0]):
            break
        middle = [sum(p[i] for _, p in ranked[:-1]) / (len(ranked) - 1) for i in range(len(worst))]

        def towards(factor):
            point = [m + factor * (w - m) for m, w in zip(middle, worst)]
            return cost(point), point

        trial = towards(-1)
        if trial[0] < ranked[0][0]:
            trial = min(trial, towards(-2))
        elif trial[0] >= ranked[-2][0]:
            trial = min(trial, towards(0.5))
        if trial[0] < worst_cost:
            ranked[-1] = trial
        else:
            best = ranked[0][1]
            shrunk = [[b + (x - b) / 2 for b, x in zip(best, p)] for _, p in ranked[1:]]
            ranked = [ranked[0]] + [(cost(p), p) for p in shrunk]
        ranked.sort()
    return ranked[0][1], ranked[0][0]


STARTS = ((math.log(0.6), -2.8, 3.0, 1.5), (math.log(0.2), -1.5, 1.5, 1.2), (math.log(0.06), -1.2, 1.0, 1.5))


def quantised(light, block):
    """The nearest setting of the device that the key-length formulas allow."""
    vacuum = MEAN_VACUUM_MILLIONTHS
    decoy = max(vacuum + MEAN_GAP_MIN, round(light.means[1] * MEAN_UNIT))
    signal = max(decoy + vacuum + MEAN_GAP_MIN, round(light.means[0] * MEAN_UNIT))
    second = max(SHARE_MIN, round(light.shares[1] * SHARE_UNIT))
    third = max(SHARE_MIN, round(light.shares[2] * SHARE_UNIT))
    return Setting(block, (signal, decoy), (SHARE_UNIT - second - third, second))


def best_setting(variant, link, bits, near=None):
    """The best setting, and the point of the search, for blocks of `bits`; `near` is (block, point) of a neighbour."""
    blocks = range(1, 4) if near is None else range(max(1, near[0] - 1), min(16, near[0] + 2) + 1)
    starts = STARTS if near is None else (near[1], *STARTS)
    best = None
    for block in blocks:
        def cost(point, block=block):
            return -gain(variant, link, light_of(point), block, bits)

        point, value = min((simplex(cost, start) for start in starts), key=lambda found: found[1])
        if best is None or value < best[2]:
            best = (block, point, value)
    block, point, _ = best
    point, _ = simplex(lambda x: -gain(variant, link, light_of(x), block, bits), point, step=0.08, rounds=400)
    return quantised(light_of(point), block), (block, point)


def planned(link, setting, bits):
    one = linkmodel.expectation(link, setting.light).counts
    return one.scaled(bits / one.total)


def row_counts(row, bits):
    """The counts that the device plans from a row, with its rounding."""
    fields = dict(zip(FIELDS, row))
    shares = [fields[name] / 1e6 for name in ("plannedSignalPpm", "plannedDecoyPpm", "plannedVacuumPpm")]
    rates = [fields[name] / 1e6 for name in ("plannedErrorPpm", "plannedErrorPpm", "plannedVacuumErrorPpm")]
    setting = setting_of(row)
    sifted = tuple(bits * share for share in shares)
    # Cross-clicks grow with the square of the light: those of a class go with its sifted bits times its mean.
    weights = [n * mean for n, mean in zip(sifted, setting.light.means)]
    crosses = bits * fields["plannedCrossPpm"] / 1e6
    cross = tuple(crosses * weight / sum(weights) for weight in weights)
    return linkmodel.Counts(sifted, tuple(n * r for n, r in zip(sifted, rates)), cross)


def setting_of(row):
    fields = dict(zip(FIELDS, row))
    return Setting(fields["adBlock"], (fields["meanSignal"], fields["meanDecoy"]),
                   (fields["shareSignal"], fields["shareDecoy"]))


def length_of(row, qber_ppm=None):
    """The length on the reference link, at the row's design QBER or another, planned from the row's own fields."""
    variant, design, size = row[0], row[1], row[2]
    setting = setting_of(row)
    counts = planned(reference(design if qber_ppm is None else qber_ppm), setting, 2**size)
    return linkmodel.key_length(variant, setting.light, setting.block, counts, row_counts(row, 2**size))


def edge_ppm(row):
    """The upper bound of the single-photon error rate at which the row's length reaches zero, rounded down."""
    low, high = row[1], 500_000
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if length_of(row, middle).bits > 0 else (low, middle)
    return math.floor(length_of(row, low).qber_upper * 1e6)


def parts(value):
    return round(value * 1e6)


def row_of(variant, qber_ppm, size, setting):
    """The row of a setting, or None if it makes no key."""
    counts = planned(reference(qber_ppm), setting, 2**size)
    shares = [parts(n / counts.total) for n in counts.sifted[1:]]
    row = (
        variant, qber_ppm, size, setting.block, *setting.means, *setting.shares, 0,
        1_000_000 - sum(shares), *shares,
        parts(sum(counts.errors[:2]) / sum(counts.sifted[:2])), parts(counts.errors[2] / counts.sifted[2]),
        parts(sum(counts.cross) / counts.total),
    )
    if length_of(row).bits == 0:
        return None
    return (*row[:8], edge_ppm(row), *row[9:])


def column(task):
    """All rows of one variant and block size, from low QBER to high; each starts where its neighbour ended."""
    variant, size = task
    rows, near = [], None
    for qber_ppm in QBERS[variant]:
        setting, near = best_setting(variant, reference(qber_ppm), 2**size, near)
        row = row_of(variant, qber_ppm, size, setting)
        if row is not None:
            rows.append(row)
    return rows


def computed(tasks):
    with multiprocessing.Pool(2) as pool:
        return [row for rows in pool.map(column, tasks, chunksize=1) for row in rows]


HEADER = """\
// Generated by Tools/policy.py (make policy); do not edit.

import Units

/// Light and block length of advantage distillation by variant, block size and QBER: see Documentation/Policy.md.
///
/// Rows stand by variant, then by block size, then by design QBER, all rising.
public enum PolicyTable {
"""


def swift(rows):
    text = [HEADER, f"  public static let rows: [{len(rows)} of PolicyRow] = [\n"]
    for row in rows:
        values = (f".{row[0]}", *row[1:])
        fields = ", ".join(f"{name}:~{value}" for name, value in zip(FIELDS, values))
        lines = textwrap.wrap(fields, 113, break_long_words=False)
        inside = "\n".join("      " + line.replace("~", " ") for line in lines)
        text.append(f"    .init(\n{inside}),\n")
    return "".join(text) + "  ]\n}\n"


def committed():
    """The rows of the file."""
    rows = []
    for inside in re.findall(r"\.init\(([^)]*)\)", TABLE.read_text()):
        fields = dict(field.split(": ") for field in re.split(r",\s+", inside.strip()))
        rows.append((fields["variant"].removeprefix("."), *(int(fields[name]) for name in FIELDS[1:])))
    return rows


def agrees(row, again):
    """Whether two predictions of a row are the same but for the rounding of another machine's logarithms."""
    return again is not None and row[:8] == again[:8] and all(abs(a - b) <= 2 for a, b in zip(row[8:], again[8:]))


def complaints(rows):
    """What is wrong with the rows of the file, as lines."""
    if TABLE.read_text() != swift(rows):
        yield "the file is not what its rows would be written as"
    order = [(linkmodel.VARIANTS.index(row[0]), row[2], row[1]) for row in rows]
    if order != sorted(set(order)):
        yield "the rows are out of order"
    for row in rows:
        if not agrees(row, row_of(*row[:3], setting_of(row))):
            yield f"{row[0]} {row[1] / 1e4} % 2^{row[2]}: the predicted figures are not those of the file"
    for variant in linkmodel.VARIANTS:
        reach = 0
        for size in SIZES:
            designs = tuple(row[1] for row in rows if row[0] == variant and row[2] == size)
            if designs != QBERS[variant][: len(designs)] or len(designs) < reach:
                yield f"{variant} 2^{size}: a QBER is missing"
            reach = len(designs)


def gain_of(row):
    setting = setting_of(row)
    return gain(row[0], reference(row[1]), setting.light, setting.block, 2 ** row[2])


def outdone(rows, task):
    """Lines about the rows of a column that a new search does not find again, by what they yield."""
    old = [row for row in rows if (row[0], row[2]) == task]
    again = column(task)
    if len(old) != len(again):
        yield f"{task[0]} 2^{task[1]}: a new search finds {len(again)} rows, not {len(old)}"
    for row, other in zip(old, again):
        if abs(gain_of(row) / gain_of(other) - 1) > 0.002:
            yield f"{row[0]} {row[1] / 1e4} % 2^{row[2]}: a new search finds another yield"


# Columns that a check optimises anew.
SAMPLED = (("perPulse", 20), ("perBlock", 22))


def check():
    rows = committed()
    wrong = [*complaints(rows), *(line for task in SAMPLED for line in outdone(rows, task))]
    for line in wrong:
        print(f"policy: {line}")
    print(f"policy: {len(rows)} rows, {'stale: make policy' if wrong else 'current'}")
    return 1 if wrong or not rows else 0


def main():
    parser = argparse.ArgumentParser(description="Write or check the policy table of the device.")
    parser.add_argument("--check", action="store_true", help="compare with the committed file and write nothing")
    if parser.parse_args().check:
        return check()
    rows = computed([(variant, size) for variant in linkmodel.VARIANTS for size in SIZES])
    TABLE.write_text(swift(rows))
    print(f"policy: {len(rows)} rows")
    return 0


if __name__ == "__main__":
    sys.exit(main())
