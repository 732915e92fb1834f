"""The parser of bench lines, what counts as a fault, and the tables."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import bench
import bench_page

LINE = "bench stage=privacy n=64 output=32 kernel=portable mbit_s=2.50 check=00000000000000e1"


class BenchTests(unittest.TestCase):
    def test_line_becomesFacts(self):
        facts = bench.parsed(LINE)
        self.assertEqual((facts["n"], facts["mbit_s"], facts["check"]), (64, 2.5, "00000000000000e1"))

    def test_otherText_isRefused(self):
        with self.assertRaises(ValueError):
            bench.parsed("twin: no such stage")

    def test_differingHashes_areAComplaint(self):
        rows = [{**bench.parsed(LINE), "command": name, "failed": False} for name in "ab"]
        self.assertEqual(bench.complaints({"privacy": rows}), [])
        rows[1]["check"] = "1"
        self.assertEqual(len(bench.complaints({"privacy": rows})), 1)

    def test_brokenPromises_areComplaints(self):
        row = {"command": "c", "failed": False, "family": "ldpc", "qber": 0.03, "efficiency": 1.12, "fer": 0.0}
        self.assertEqual(bench.complaints({"reconcile": [row]}), [])
        self.assertEqual(len(bench.complaints({"reconcile": [{**row, "efficiency": 1.3}]})), 1)
        self.assertEqual(len(bench.complaints({"reconcile": [{**row, "fer": 0.5}]})), 1)
        self.assertEqual(len(bench.complaints({"reconcile": [{**row, "failed": True}]})), 1)

    def test_programThatFails_isNoFigure(self):
        self.assertIsNone(bench.run([bench.ROOT / "no-such-program"]))

    def test_privacyTable_hasRatiosToOurs(self):
        rows = [{**bench.parsed(LINE), "kernel": kernel, "mbit_s": speed}
                for kernel, speed in (("carryless", 100.0), ("portable", 40.0), ("libgf2x", 20.0))]
        self.assertIn("| 64 to 32 | libgf2x | 20.0 | 5.00 | 2.00 |", bench_page.privacy(rows))

    def test_partsOfAChain_becomeStages(self):
        part = bench.parsed("bench stage=permute part_of=chain n=64 qber=0.03 alice_mbit_s=2.00 bob_mbit_s=1.00")
        self.assertEqual(bench.stages([part, bench.parsed(LINE)]), {"permute_alice": 2.0, "permute_bob": 1.0})

    def test_chainTable_showsBobsStages(self):
        row = {"qber": 0.05, "ad_block": 2, "family": "cascade", "efficiency": 1.0451, "alice_mbit_s": 30.0,
               "bob_mbit_s": 16.7, "permute_bob": 100.0, "privacy_bob": 356.2}
        line = "| 5.0 % | 2 | Cascade | 1.045 | 30.0 | 16.7 | 100 | - | - | - | - | 356 |"
        self.assertIn(line, bench_page.chain([row]))

    def test_linkTable_hasTimeAndExchanges(self):
        row = {"round_trip_ms": 50, "family": "ldpc", "wall_s": 1.366, "wall_mbit_s": 3.07, "round_trips": 19,
               "messages": 253, "bytes": 754735}
        self.assertIn("| 50 ms | LDPC | 1.37 | 3.07 | 19 | 253 | 754735 |", bench_page.link([row]))


if __name__ == "__main__":
    unittest.main()
