#!/usr/bin/env python3
"""The belief-propagation decoder of the PyPI package `ldpc` at the work of reconciliation: error patterns of a binary
symmetric channel from their syndromes.

  ldpc_decoder.py --bits 4096 --qber 0.03 --efficiency 1.3 --method product_sum|minimum_sum --frames 20

The package brings no codes for this, so the code is random, of the size and syndrome length that are asked for: columns
as in Richardson, Shokrollahi and Urbanke (IEEE Trans. Inf. Theory 47, 619, 2001, table I, largest degree 8), those of
degree 2 in one chain, the others without cycles of length four where that can be had. One line is printed.
"""

import argparse
import math
import time

import numpy
import scipy.sparse
from ldpc.bp_decoder import BpDecoder

# Part of the columns of each degree above 2: the published parts of the edges, 0.28395 and 0.41592, over the degree.
SHARES = {3: 0.3190, 8: 0.1752}
ATTEMPTS = 50
# Of 0.625, 0.75, 0.9 and 1 the best for these codes; product-sum does not use it.
MINIMUM_SUM_SCALE = 0.9


def entropy(q):
    return -q * math.log2(q) - (1 - q) * math.log2(1 - q)


def code(columns, rows, random):
    """A sparse matrix over GF(2), `rows` by `columns`, its rows as even as the columns allow."""
    eights, threes = round(SHARES[8] * columns), round(SHARES[3] * columns)
    # Columns of degree 2 stay fewer than rows: a chain of more would close.
    twos = min(columns - eights - threes, rows - 1)
    threes = columns - eights - twos
    picks = [(i, i + 1) for i in range(twos)]
    load = numpy.zeros(rows, int)
    for pick in picks:
        load[list(pick)] += 1
    neighbours = [{i - 1, i + 1} for i in range(rows)]
    for degree in [8] * eights + [3] * threes:
        pick = column(degree, load, neighbours, random)
        for row in pick:
            neighbours[row].update(pick)
            load[row] += 1
        picks.append(pick)
    indices = [(row, number) for number, pick in enumerate(picks) for row in pick]
    row_of, column_of = zip(*indices)
    return scipy.sparse.csr_matrix((numpy.ones(len(indices), numpy.uint8), (row_of, column_of)), (rows, columns))


def column(degree, load, neighbours, random):
    """Rows for one column: lightly loaded ones, of which no two met before if a few attempts find such."""
    pick = []
    while len(pick) < degree:
        for attempt in range(ATTEMPTS):
            tries = random.integers(0, len(load), 8)
            row = int(tries[numpy.argmin(load[tries])])
            fits = row not in pick and not any(row in neighbours[other] for other in pick)
            if fits or (attempt == ATTEMPTS - 1 and row not in pick):
                pick.append(row)
                break
    return pick


def main():
    parser = argparse.ArgumentParser(description="The decoder of the package ldpc on random error patterns.")
    parser.add_argument("--bits", type=int, default=4096)
    parser.add_argument("--qber", type=float, default=0.03)
    parser.add_argument("--efficiency", type=float, default=1.3, help="syndrome bits over the least that is possible")
    parser.add_argument("--method", choices=["product_sum", "minimum_sum"], default="product_sum")
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--iterations", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    a = parser.parse_args()
    random = numpy.random.default_rng(a.seed)
    rows = round(a.efficiency * entropy(a.qber) * a.bits)
    matrix = code(a.bits, rows, random)
    decoder = BpDecoder(matrix, error_rate=a.qber, max_iter=a.iterations, bp_method=a.method,
                        ms_scaling_factor=MINIMUM_SUM_SCALE)  # fmt: skip
    seconds = failed = iterations = 0
    least = 0.0
    for _ in range(a.frames):
        errors = (random.random(a.bits) < a.qber).astype(numpy.uint8)
        least += entropy(max(1, errors.sum()) / a.bits) * a.bits
        syndrome = (matrix @ errors % 2).astype(numpy.uint8)
        start = time.perf_counter()
        found = decoder.decode(syndrome)
        seconds += time.perf_counter() - start
        failed += not numpy.array_equal(found, errors)
        iterations += decoder.iter
    print(f"bench stage=reconcile family=ldpc-pypi method={a.method} n={a.bits} qber={a.qber:.4f} "
          f"efficiency={a.frames * rows / least:.4f} mbit_s={1e-6 * a.bits * a.frames / seconds:.4f} "
          f"fer={failed / a.frames:.5f} iterations={iterations / a.frames:.2f} round_trips=1")  # fmt: skip


if __name__ == "__main__":
    main()
