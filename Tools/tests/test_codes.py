"""The LDPC codes: density evolution against published thresholds, and the tables against their rules."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

try:
    import numpy  # noqa: F401
except ImportError:
    raise unittest.SkipTest("NumPy is in an environment of its own: make codes-check") from None

import codes
import codes_degrees
import codes_density
import codes_graph

TABLES = codes.read(codes.SOURCE.read_text())


def threshold(degree, rows, low, high):
    """The largest error rate that a regular code corrects, to a ten-thousandth."""
    while high - low > 1e-4:
        middle = (low + high) / 2
        met = codes_density.iterations(middle, {degree: 256}, rows, 3000)
        low, high = (middle, high) if met is not None else (low, middle)
    return low


class DensityTests(unittest.TestCase):
    def test_regularCodes_haveThePublishedThresholds(self):
        # Richardson and Urbanke 2001, table I: belief propagation, (3, 6) and (3, 4).
        self.assertAlmostEqual(threshold(3, 128, 0.07, 0.1), 0.084, delta=5e-4)
        self.assertAlmostEqual(threshold(3, 192, 0.14, 0.2), 0.167, delta=1e-3)

    def test_errorRate_invertsEntropy(self):
        for q in (0.003, 0.03, 0.11, 0.4):
            self.assertAlmostEqual(codes_density.error_rate(codes_density.entropy(q)), q, places=12)


class TableTests(unittest.TestCase):
    def test_tables_keepTheirRules(self):
        self.assertEqual(codes.faults(TABLES), [])

    def test_aRepeatedEntry_isFound(self):
        wrong = [[list(row) for row in table] for table in TABLES]
        wrong[0][0][1] = wrong[0][0][0]
        self.assertTrue(any("twice" in fault for fault in codes.faults(wrong)))

    def test_aCycleOfLengthFour_isFound(self):
        self.assertEqual(codes_graph.four_cycles([[(0, 5), (1, 9)], [(0, 6), (1, 10)]], 256), 1)
        self.assertEqual(codes_graph.four_cycles([[(0, 5), (1, 9)], [(0, 6), (1, 11)]], 256), 0)

    def test_rows_areAlmostAsLongAsEachOther(self):
        for table in TABLES:
            lengths = [len(row) for row in table]
            self.assertLessEqual(max(lengths) - min(lengths), 1)

    def test_halves_shareColumnsOfEachDegree(self):
        for table in TABLES:
            columns = [column for row in table for column, _ in row]
            degrees = {column: columns.count(column) for column in columns}
            for row in table:
                half = (len(row) + 1) // 2
                first, second = ([degrees[column] for column, _ in part] for part in (row[:half], row[half:]))
                # Two columns of degree two at most meet in a row: one goes to each half.
                self.assertLessEqual(abs(first.count(2) - second.count(2)), 1)
                # Of odd rows one half has an entry more, and the largest may have changed sides to make it so.
                self.assertLessEqual(abs(sum(first) - sum(second)), 2 * max(degrees.values()))

    def test_columnsOfDegreeTwo_formNoCycleAmongThemselves(self):
        for table in TABLES:
            ends = {}
            for row, entries in enumerate(table):
                for column, _ in entries:
                    ends.setdefault(column, []).append(row)
            group = list(range(len(table)))
            for rows in ends.values():
                if len(rows) == 2:
                    one, other = group[rows[0]], group[rows[1]]
                    self.assertNotEqual(one, other)
                    group = [one if name == other else name for name in group]

    def test_ladder_hasNeighboursInAboutOneRatio(self):
        ladder = codes_degrees.ladder()
        self.assertTrue(all(1 < after / before < 1.25 for before, after in zip(ladder, ladder[1:])))


if __name__ == "__main__":
    unittest.main()
