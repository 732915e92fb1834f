"""The runs of Tools/tolerance.py: what is asked of the twin, and what linkmodel.py predicts for it.

Nothing here was told by a run but its pulses and, for one column, its efficiency of error correction. The predictor
shares no code with the product. Light and plan are those of the row of the policy table that the product looks up.
"""

import dataclasses
import functools
import math
import random
import statistics

import linkmodel
import policy

FRAME_SLOTS = 1 << 20
SLOTS_PER_SECOND = 100_000_000
# The scenario `lab` with a transmission of 0.6 and detectors of 0.5: total efficiency 0.3 before the gate.
TRANSMISSION = 0.6
DETECTOR = 0.5
DARK = 500 * 2e-9
# A pulse of 500 ps and detectors of 150 ps jitter, in the middle of a gate of 2 ns (Documentation/Configuration.md).
CAPTURED = math.erf(1000 / math.hypot(500 / 2.354820045, 150) / math.sqrt(2))
# A block's tags spend so many bits of the authentication key.
TAG_BITS = 704
# perBlock: 14 frames of each group of 64 carry no key while plates turn; the likelier basis is charged as 51 %.
GROUP_FRAMES, SETTLE_FRAMES = 64, 14
AXIS_SHARE_MAX = 333_334
BASIS_SHARE_MAX = 0.51
BLOCK_BITS_MAX = (1 << 28) - 16_384


@dataclasses.dataclass(frozen=True)
class Case:
    """One run: the misalignment or the roll of the link, and as many sifted bits or pulses as it is to take."""

    name: str
    variant: str
    # Half of the depolarising parameter, in per cent.
    misalignment: float
    roll: float = 0.0
    # Class of block in the policy table, as a power of two.
    size: int = 23
    blocks: int = 1
    # Zero takes as many as fill the blocks with 2^size sifted bits each.
    pulses: float = 0.0
    seed: int = 1

    @property
    def link(self):
        masked = SETTLE_FRAMES / GROUP_FRAMES if self.variant == "perBlock" else 0.0
        return linkmodel.Link(
            TRANSMISSION * DETECTOR * CAPTURED, self.misalignment / 100, DARK, roll_degrees=self.roll, masked=masked)

    @property
    def percent(self):
        """The error rate of the light that is expected behind the twirl, for which the policy is asked, in per cent."""
        return round(100 * rolled(self.misalignment / 100, 2 / 3 * sin2(self.roll)), 4)


def sin2(degrees):
    return math.sin(math.radians(degrees)) ** 2


def rolled(misalignment, turned):
    """The error rate when a share `turned` of the bits is turned over on top of the misalignment."""
    return misalignment + (1 - 2 * misalignment) * turned


# From 15 % on the length is a small difference, and a larger block takes the chance out of it.
SIZES = {"perPulse": {2: 22, 5: 22, 8: 22, 11: 23, 12.6: 23, 15: 23, 18: 25},
         "perBlock": {2: 22, 5: 22, 8: 22, 11: 23, 12.6: 25, 14: 25}}  # fmt: skip


def table_cases():
    cases = [Case(f"{variant}-{percent:g}", variant, percent, size=size)
             for variant, sizes in SIZES.items() for percent, size in sizes.items()]
    return cases + [
        Case("perPulse-20.7-short", "perPulse", 20.7, size=23),
        Case("perPulse-20.7-1e10", "perPulse", 20.7, size=25, pulses=1e10),
        Case("perPulse-20.7-1e11", "perPulse", 20.7, size=27, blocks=2, pulses=1e11),
        Case("perPulse-22", "perPulse", 22, size=27),
    ]


# Depolarisation 0.02, as of good optics.
ROLL_MISALIGNMENT = 1.0


def roll_cases():
    return [Case(f"roll-{angle}", "perPulse", ROLL_MISALIGNMENT, angle, 22 if angle < 27 else 23)
            for angle in range(0, 46, 3)]


@functools.cache
def policy_rows():
    return tuple(policy.committed())


def policy_row(variant, percent, size):
    """(index, row): the smallest design error rate that is at least the given one, in blocks of 2^size; or None."""
    fits = [(row[1], index) for index, row in enumerate(policy_rows())
            if row[0] == variant and row[2] == size and row[1] >= round(percent * 10_000)]
    return (min(fits)[1], policy_rows()[min(fits)[1]]) if fits else None


@dataclasses.dataclass(frozen=True)
class Plan:
    """What the twin is asked for."""

    row_index: int
    row: tuple
    frames: int
    # Sifted bits that a block is expected to hold, and the number at which the product closes one.
    bits: int
    block_bits: int

    @property
    def seconds(self):
        """Of light; half a frame more, so that rounding loses none."""
        return round((self.frames + 0.5) * FRAME_SLOTS / SLOTS_PER_SECOND, 6)


def plan(case):
    """The plan of a case, or None where the policy has no row."""
    found = policy_row(case.variant, case.percent, case.size)
    if found is None:
        return None
    index, row = found
    one = linkmodel.expectation(case.link, policy.setting_of(row).light).counts.total
    frames = math.ceil((case.pulses or case.blocks * 2**case.size / one) / FRAME_SLOTS)
    if case.variant == "perBlock":
        # Whole groups, so that the turning plates take the same share wherever the exchange begins.
        frames = math.ceil(frames / GROUP_FRAMES) * GROUP_FRAMES
    bits = round(frames * FRAME_SLOTS * one / case.blocks)
    # One block takes all of the light; of several the last one is a little smaller than the others. The product takes
    # the class of block from this number.
    block_bits = min(BLOCK_BITS_MAX, max(2**case.size, round(bits * (1.05 if case.blocks == 1 else 1.001))))
    return Plan(index, row, frames, bits, block_bits)


def options(case, wanted):
    """The command line of the twin. Without a plan the product is asked all the same: it is to refuse."""
    words = ["--scenario", "lab", "--variant", case.variant, "--seed", str(case.seed), "--policy", f"{case.percent:g}",
             "--seconds", f"{wanted.seconds:.6f}" if wanted else "1",
             "--channel", f"transmission={TRANSMISSION}", "--channel", f"efficiency={DETECTOR}",
             "--channel", f"depolarisation={case.misalignment / 50:g}"]  # fmt: skip
    if case.roll:
        words += ["--channel", f"roll_deg={case.roll:g}"]
    fields = {"block_bits": wanted.block_bits if wanted else 2**case.size, "axis_share_max": AXIS_SHARE_MAX}
    if wanted:
        fields["planned_sifted"] = wanted.bits
    for field, value in fields.items():
        words += ["--set", f"{field}={value}"]
    return [*words, "--quiet"]


def report(text):
    """The `key=value` lines behind the line `report`, with numbers as numbers."""
    lines = text.splitlines()
    if "report" not in lines:
        raise ValueError("no line `report`")
    values = {}
    for line in lines[lines.index("report") + 1 :]:
        key, mark, value = line.partition("=")
        if not mark or key in values:
            raise ValueError(f"not a line of a report: {line}")
        values[key] = number(value)
    return values


def number(text):
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


# Prediction.


def shares(variant):
    axis = AXIS_SHARE_MAX / 1e6
    return (axis, axis) if variant == "perPulse" else (BASIS_SHARE_MAX, axis)


def poisson(source, mean):
    if mean > 100:
        return max(0.0, source.gauss(mean, math.sqrt(mean)))
    limit, product, count = math.exp(-mean), source.random(), 0
    while product > limit:
        product *= source.random()
        count += 1
    return float(count)


def drawn(source, counts):
    """Counts as they may come: independent Poisson numbers of right and wrong bits and of cross-clicks."""
    wrong = [poisson(source, e) for e in counts.errors]
    right = [poisson(source, n - e) for n, e in zip(counts.sifted, counts.errors)]
    cross = tuple(poisson(source, c) for c in counts.cross)
    return linkmodel.Counts(tuple(a + b for a, b in zip(right, wrong)), tuple(wrong), cross)


def spread(variant, setting, counts, planned, draws=200):
    """The standard deviation of a block's length that comes from counting, kept bits and their errors included."""
    source = random.Random(7)
    lengths = []
    for _ in range(draws):
        seen = drawn(source, counts)
        secret = linkmodel.key_length(variant, setting.light, setting.block, seen, planned, shares(variant), f=0).raw
        bits, rate = linkmodel.kept(seen, setting.block)
        if setting.block > 1:
            accepted = bits * setting.block / seen.total
            bits = max(1.0, source.gauss(bits, math.sqrt(bits * (1 - accepted))))
            rate = poisson(source, bits * rate) / bits
        lengths.append(secret - linkmodel.efficiency(rate) * bits * linkmodel.entropy(rate))
    return statistics.stdev(lengths)


def predicted(case, wanted, pulses, f=None):
    """What the link gives in so many pulses, all blocks together, as a dictionary. `f` replaces the assumed efficiency
    of error correction. The plan is that of the policy row, as the product makes it."""
    setting = policy.setting_of(wanted.row)
    counts = linkmodel.expectation(case.link, setting.light).counts.scaled(pulses / case.blocks)
    planned = policy.row_counts(wanted.row, wanted.bits)
    length = linkmodel.key_length(case.variant, setting.light, setting.block, counts, planned, shares(case.variant), f)
    bits, rate = linkmodel.kept(counts, setting.block)
    final = length.bits * case.blocks
    return {
        "sifted_bits": round(counts.total * case.blocks), "qber": round(counts.qber, 6),
        "qber_upper": round(length.qber_upper, 6), "kept_bits": round(bits * case.blocks),
        "ec_efficiency": round(linkmodel.efficiency(rate) if f is None else f, 4), "final_bits": final,
        "secret_bits": max(0, final - TAG_BITS * case.blocks),
        "deviation": round(spread(case.variant, setting, counts, planned) * math.sqrt(case.blocks)),
    }  # fmt: skip


@functools.cache
def lights(size):
    return tuple({policy.setting_of(row).light for row in policy_rows() if row[2] == size})


def unprotected(misalignment, roll, size, blocks):
    """Secret bits per second of light of the link without twirl, before authentication: predicted, not run.

    The product has no such mode. Two bases whose plane the roll turns, so that both have the error rate sin^2(roll) on
    top of the misalignment, four-state credit, the receiver and the sizes of block of the runs; the best light that
    the policy has for this size.
    """
    link = linkmodel.Link(TRANSMISSION * DETECTOR * CAPTURED, rolled(misalignment / 100, sin2(roll)), DARK)
    best = 0.0
    for light in lights(size):
        one = linkmodel.expectation(link, light).counts
        counts = one.scaled(2**size / one.total)
        for block in blocks:
            length = linkmodel.key_length("perBlock", light, block, counts, counts, shares("perBlock"))
            best = max(best, length.bits * one.total / 2**size * SLOTS_PER_SECOND)
    return best


def reach(misalignment, size, blocks):
    """The largest roll in degrees, to a tenth, at which the unprotected link makes key."""
    low, high = 0, 450
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if unprotected(misalignment, middle / 10, size, blocks) > 0 else (low, middle)
    return low / 10
