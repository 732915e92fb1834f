"""How executed blocks are booked by mark and by function."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import instructions

FUNCTIONS = [(0x100, "start"), (0x200, "$e14Reconciliation12ParityForestV4openyyF"), (0x300, "gimbal_mark_1")]


class InstructionTests(unittest.TestCase):
    def test_blocks_areBookedByBucketAndFunction(self):
        lines = ["100 5 2 0 3", "2f0 7 0 10 0"]
        buckets, functions = instructions.tally(lines, FUNCTIONS)
        self.assertEqual(dict(buckets), {0: 10, 2: 15, 1: 70})
        self.assertEqual(functions[1]["Reconciliation.ParityForest.open"], 70)

    def test_names_loseTheirMangling(self):
        self.assertEqual(instructions.readable("gimbal_wipe"), "gimbal_wipe")
        self.assertEqual(instructions.readable(FUNCTIONS[1][1]), "Reconciliation.ParityForest.open")

    def test_stages_areInstructionsABit(self):
        buckets = {i: instructions.BITS * i for i in range(13)}
        ends = instructions.per_bit(buckets)
        self.assertEqual((ends["alice"]["permute"], ends["bob"]["privacy"]), (1.0, 12.0))
        line = instructions.row("ldpc", "bob", ends["bob"])
        self.assertEqual(line, ["LDPC, 3 %", "Bob", "7", "8", "9", "10", "11", "12", "57"])


if __name__ == "__main__":
    unittest.main()
