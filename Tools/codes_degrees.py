"""The degrees of the columns of each code: how many of the 256 columns have which degree.

Anchors were found by `climbed`, a random climb from each anchor's start: of the columns of degrees two, three and two
larger ones it seeks those that leave the least leak over n h(q) with `ITERATIONS` flooding iterations, within
`EDGES_MAX` entries. Columns of degree two stay fewer than rows, so that they can form an open chain. Codes between two
anchors interpolate their numbers over the logarithm of the rows.
"""

import dataclasses
import math
import random

import codes_density

COLUMNS = 256
ITERATIONS = 120
EDGES_MAX = 1680
DEGREE_MAX = 36
ANCHORS = (8, 15, 30, 55, 89, 128, 159)


@dataclasses.dataclass(frozen=True)
class Degrees:
    """`twos` columns of degree two, `counts` of the two large `degrees`; all others have degree three."""

    twos: int
    degrees: tuple
    counts: tuple

    def columns(self):
        """How many columns have each degree."""
        (low, high), (few, many) = self.degrees, self.counts
        all_counts = {2: self.twos, 3: COLUMNS - self.twos - few - many, low: few, high: many}
        return {degree: count for degree, count in all_counts.items() if count > 0}

    def fits(self, rows):
        """Whether a code with this many rows can have these degrees."""
        (low, high), (few, many) = self.degrees, self.counts
        small = min(self.twos, few, many, COLUMNS - self.twos - few - many)
        edges = sum(degree * count for degree, count in self.columns().items())
        return small >= 0 and self.twos < rows and 4 <= low < high <= min(DEGREE_MAX, rows) and edges <= EDGES_MAX

    def changed(self, source):
        """These with one to three of the five numbers a little larger or smaller."""
        numbers = [self.twos, *self.degrees, *self.counts]
        for _ in range(source.choice((1, 2, 2, 3))):
            index = source.randrange(5)
            step = source.choice((1, 1, 2, 3)) if index in (1, 2) else source.choice((1, 2, 4, 8))
            numbers[index] += source.choice((-1, 1)) * step
        return Degrees(numbers[0], tuple(numbers[1:3]), tuple(numbers[3:]))


ANCHOR_DEGREES = {
    8: Degrees(6, (7, 8), (46, 68)),
    15: Degrees(14, (8, 15), (64, 32)),
    30: Degrees(29, (7, 18), (59, 35)),
    55: Degrees(53, (7, 22), (51, 30)),
    89: Degrees(72, (7, 21), (37, 28)),
    128: Degrees(96, (7, 21), (37, 20)),
    159: Degrees(103, (7, 25), (32, 15)),
}


def ladder(first=8, last=159, count=20):
    """Rows of the codes, ascending, in about a constant ratio."""
    rows = []
    for index in range(count):
        target = round(first * (last / first) ** (index / (count - 1)))
        rows.append(max(target, rows[-1] + 1) if rows else target)
    return rows


def chosen(rows):
    """The degrees of the code with this many rows."""
    low = max(anchor for anchor in ANCHORS if anchor <= rows)
    high = min(anchor for anchor in ANCHORS if anchor >= rows)
    part = math.log(rows / low) / math.log(high / low) if high > low else 0.0
    first, second = ANCHOR_DEGREES[low], ANCHOR_DEGREES[high]

    def between(one, other):
        return round(one + part * (other - one))

    return Degrees(
        min(rows - 1, between(first.twos, second.twos)),
        tuple(min(rows, between(*pair)) for pair in zip(first.degrees, second.degrees)),
        tuple(between(*pair) for pair in zip(first.counts, second.counts)),
    ).columns()


def met(degrees, rows, efficiency):
    """Whether these degrees get by with this leak over n h(q)."""
    q = codes_density.error_rate(rows / COLUMNS / efficiency)
    return degrees.fits(rows) and codes_density.iterations(q, degrees.columns(), rows, ITERATIONS) is not None


def lowered(degrees, rows, efficiency):
    """The least efficiency from this one down that these degrees meet."""
    step = 0.02
    while step > 4e-4:
        if met(degrees, rows, efficiency - step):
            efficiency -= step
        else:
            step /= 2
    return efficiency


def climbed(rows, tries, seed):
    """The best degrees after so many random changes of the anchor's, and their efficiency."""
    source = random.Random(seed)
    best = ANCHOR_DEGREES[rows]
    efficiency = lowered(best, rows, 1.6)
    for _ in range(tries):
        candidate = best.changed(source)
        if met(candidate, rows, efficiency - 5e-4):
            best, efficiency = candidate, lowered(candidate, rows, efficiency - 5e-4)
    return best, efficiency
