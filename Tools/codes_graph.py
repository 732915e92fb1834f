"""Base matrices of quasi-cyclic codes: which columns a row holds, by which shifts, and in which order.

A matrix is a list of rows, a row a list of (column, shift). Lifted by Z, entry (column, shift) of row r connects check
r Z + i to bit column Z + (i + shift) mod Z. Every Z is a multiple of 64, so that sums of shifts that differ modulo 64
differ modulo every Z: cycles that are absent at 64 are absent everywhere.
"""

import numpy

COLUMNS = 256
SHIFTS = 1024
# Odd, so that every column gets a number of its own, and near the golden section of 256, so that they spread.
MIXER = 159


def spread(count):
    """0 ... count - 1 in an order whose every prefix lies evenly: multiples of the golden section, ranked."""
    golden = (5**0.5 - 1) / 2
    return [int(i) for i in numpy.argsort([(i * golden) % 1 for i in range(count)], kind="stable")]


def placed(rows, degrees, seed):
    """The rows of each column, for degrees in ascending order, as lists.

    Columns of degree two form one open chain through the rows, so that no cycle consists of them alone. Every other
    column takes the rows that are emptiest and, among those, the ones it shares with the fewest columns so far.
    """
    random = numpy.random.default_rng(seed)
    chain = numpy.argsort(spread(rows))
    filled = numpy.zeros(rows, dtype=int)
    shared = numpy.zeros((rows, rows), dtype=int)
    columns, links = [], 0
    for degree in sorted(degrees):
        if degree == 2 and links < rows - 1:
            members = [int(chain[links]), int(chain[links + 1])]
            links += 1
        else:
            members = []
            for _ in range(degree):
                meets = shared[members].sum(axis=0) if members else numpy.zeros(rows)
                cost = filled * 1000.0 + meets + random.random(rows) * 0.5
                cost[members] = numpy.inf
                members.append(int(numpy.argmin(cost)))
        for one in members:
            filled[one] += 1
            for other in members:
                shared[one, other] += one != other
        columns.append(members)
    return columns


class Shifts:
    """Shifts chosen one entry at a time, so that the fewest short cycles close and those through many edges.

    `taken[Z][r, t]` counts, for each difference of shifts modulo Z, the columns that join rows r and t by it; a second
    one would close a cycle of length four. A cycle of length six is weighted by 2^(2 - degree) of each of its columns:
    through columns of high degree it does little harm (Tian et al.: ACE).
    """

    LIFTS = (64, 256, 1024)
    # Of each lifting: what a cycle of length four costs, and one of length six through columns of degree two.
    PRICES = ((64, 1e4, 0.02), (256, 1e8, 0.3), (1024, 1e8, 1.0))

    def __init__(self, rows, seed):
        self.rows = rows
        self.random = numpy.random.default_rng(seed)
        self.taken = {lanes: numpy.zeros((rows, rows, lanes), dtype=numpy.int16) for lanes in self.LIFTS}
        self.pairs = {}

    def hexagons(self, row, other, lanes):
        """For each difference between two rows: weight of the paths of two columns that join them by it."""
        total = numpy.zeros(lanes)
        for third in range(self.rows):
            first, second = self.pairs.get((row, third), ()), self.pairs.get((third, other), ())
            if third in (row, other) or not first or not second:
                continue
            d1, w1, c1 = (numpy.array(part) for part in zip(*first))
            d2, w2, c2 = (numpy.array(part) for part in zip(*second))
            weights = w1[:, None] * w2[None, :] * (c1[:, None] != c2[None, :])
            sums = (d1[:, None] + d2[None, :]) % lanes
            total += numpy.bincount(sums.ravel(), weights.ravel(), minlength=lanes)
        return total

    def add(self, column, members):
        """Shifts of one column, in the order of its rows."""
        choices = numpy.arange(SHIFTS)
        weight = 2.0 ** (2 - len(members))
        chosen = []
        for index, row in enumerate(members):
            cost = self.random.random(SHIFTS) * 1e-6
            for other, shift in zip(members[:index], chosen):
                for lanes, square, hexagon in self.PRICES:
                    place = (choices - shift) % lanes
                    cost += square * self.taken[lanes][row, other][place]
                    cost += weight * hexagon * self.hexagons(row, other, lanes)[place]
            chosen.append(int(numpy.argmin(cost)))
        for row, shift in zip(members, chosen):
            for other, offset in zip(members, chosen):
                if row != other:
                    for lanes in self.LIFTS:
                        self.taken[lanes][row, other, (shift - offset) % lanes] += 1
                    self.pairs.setdefault((row, other), []).append(((shift - offset) % SHIFTS, weight, column))
        return chosen


def halved(entries, degrees):
    """A row's entries listed so that its first half (the larger) and the rest have alike degrees."""
    ranked = sorted(entries, key=lambda entry: (degrees[entry[0]], entry[0]))
    halves = ([], [])
    for index, entry in enumerate(ranked):
        halves[(index + 1) // 2 % 2].append(entry)
    if len(halves[0]) < len(halves[1]):
        halves = halves[::-1]
    if len(halves[0]) > (len(entries) + 1) // 2:
        halves[1].append(halves[0].pop())
    return sorted(halves[0]) + sorted(halves[1])


def mixed(column):
    """The number that a column gets in the end, so that columns in a row have all degrees.

    A tile that is shorter than the code leaves the last columns empty; were they those of the largest degree, the code
    would lose its best.
    """
    return column * MIXER % COLUMNS


def matrix(rows, counts, seed):
    """The base matrix of `rows` rows with `counts[degree]` columns of each degree."""
    degrees = [degree for degree in sorted(counts) for _ in range(counts[degree])]
    if len(degrees) != COLUMNS:
        raise ValueError(f"{len(degrees)} columns")
    members = placed(rows, degrees, seed)
    shifts = Shifts(rows, seed)
    table = [[] for _ in range(rows)]
    for column, its_rows in enumerate(members):
        for row, shift in zip(its_rows, shifts.add(column, its_rows)):
            table[row].append((column, shift))
    return [[(mixed(column), shift) for column, shift in halved(row, degrees)] for row in table]


def four_cycles(table, lanes):
    """Cycles of length four in the base matrix lifted by `lanes`, divided by `lanes`."""
    seen, count = {}, 0
    columns = {}
    for row, entries in enumerate(table):
        for column, shift in entries:
            columns.setdefault(column, []).append((row, shift))
    for ends in columns.values():
        for i, (row, shift) in enumerate(ends):
            for other, offset in ends[i + 1 :]:
                key = (row, other, (shift - offset) % lanes)
                count += seen.get(key, 0)
                seen[key] = seen.get(key, 0) + 1
    return count
