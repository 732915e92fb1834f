"""The memory table: rows read from the header, and each disagreement with the image named."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import memory_table

HEADER = """
#define GIMBAL_ARENA_BLOCKS(BLOCK) \\
  BLOCK(bits, uint64_t, (1 << 28) / 64, Distillation, "at most 2^28, packed") \\
  BLOCK(bytes, uint8_t, 16 * 4096, Drivers, "transfers")
"""


class MemoryTableTests(unittest.TestCase):
    def test_rows_areReadWithTheirBytes(self):
        wanted = [("bits", 33554432, "Distillation", "at most 2^28, packed"), ("bytes", 65536, "Drivers", "transfers")]
        self.assertEqual(memory_table.rows(HEADER), wanted)

    def test_rowThatCannotBeRead_isAnError(self):
        for broken in (HEADER.replace('"transfers"', "transfers"), HEADER.replace("uint8_t", "float"), ""):
            with self.assertRaises(ValueError):
                memory_table.rows(broken)
        with self.assertRaises(ValueError):
            memory_table.evaluate("N * 2")

    def test_disagreement_isNamed(self):
        blocks = memory_table.rows(HEADER)
        self.assertEqual(memory_table.disagreements(blocks, {"bits": 33554432, "bytes": 65536}), [])
        words = memory_table.disagreements(blocks, {"bits": 33554431, "other": 8})
        self.assertEqual([word.split(":")[0] for word in words], ["bits", "bytes", "other"])

    def test_table_hasTheLargestFirstAndTheTotal(self):
        lines = memory_table.table(memory_table.rows(HEADER), 96 << 20).splitlines()
        self.assertEqual(lines[2], "| `bits` | Distillation | 33 554 432 | at most 2^28, packed |")
        self.assertEqual(lines[-1], "| all blocks | | 33 619 968 | of 100 663 296 for all static memory |")


if __name__ == "__main__":
    unittest.main()
