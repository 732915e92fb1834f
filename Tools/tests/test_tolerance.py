"""The tolerance runs: reports are read, rows chosen as the product chooses them, predictions and complaints right."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import linkmodel
import policy
import tolerance
import tolerance_model as model

REPORT = "some progress\nreport\nscenario=lab\npulses=6499074048\nqber=0.207206\nkeys_match=yes\n"


def case_named(name):
    return next(case for case in model.table_cases() + model.roll_cases() if case.name == name)


class ReportTests(unittest.TestCase):
    def test_report_isReadWithItsNumbers(self):
        wanted = {"scenario": "lab", "pulses": 6499074048, "qber": 0.207206, "keys_match": "yes"}
        self.assertEqual(model.report(REPORT), wanted)

    def test_whatIsNoReport_isRefused(self):
        for text in ("", "pulses=1\n", REPORT + "loose words\n", REPORT + "pulses=2\n"):
            with self.assertRaises(ValueError):
                model.report(text)


class PlanTests(unittest.TestCase):
    def test_row_isTheSmallestDesignThatCovers(self):
        for percent, design in ((20.7, 207_000), (20.69, 207_000), (19.51, 207_000), (0, 10_000), (12.6, 126_000)):
            index, row = model.policy_row("perPulse", percent, 25)
            self.assertEqual(row[:3], ("perPulse", design, 25))
            self.assertEqual(model.policy_rows()[index], row)

    def test_rowThatIsNotThere_isNone(self):
        self.assertIsNone(model.policy_row("perPulse", 22.0001, 27))
        self.assertIsNone(model.policy_row("perPulse", 22, 23))
        self.assertIsNone(model.policy_row("perBlock", 14.1, 27))

    def test_plan_fillsItsBlocks(self):
        for case in model.table_cases() + model.roll_cases():
            wanted = model.plan(case)
            if wanted is None:
                self.assertGreater(case.percent, 22)
                continue
            counts = linkmodel.expectation(case.link, policy.setting_of(wanted.row).light).counts
            sifted = wanted.frames * model.FRAME_SLOTS * counts.total
            self.assertAlmostEqual(sifted, wanted.bits * case.blocks, delta=case.blocks)
            # Six standard deviations of the counts do not open one more block.
            self.assertLess(sifted + 6 * sifted**0.5, wanted.block_bits * case.blocks)
            self.assertTrue(2**case.size <= wanted.block_bits <= model.BLOCK_BITS_MAX)
            # The product takes the largest class that fits, so none between may exist.
            sizes = {row[2] for row in model.policy_rows() if 2 ** row[2] <= wanted.block_bits}
            self.assertEqual(max(sizes), case.size)

    def test_seconds_makeTheFrames(self):
        for frames in (1, 677, 95_368):
            seconds = model.Plan(0, (), frames, 0, 0).seconds
            self.assertEqual(int(float(f"{seconds:.6f}") * 1e9 / (model.FRAME_SLOTS * 10)), frames)

    def test_options_nameTheLink(self):
        case = case_named("roll-33")
        words = " ".join(model.options(case, model.plan(case)))
        self.assertIn("--policy 20.3799 ", words)
        self.assertIn("depolarisation=0.02 --channel roll_deg=33 ", words)

    def test_roll_isTwoThirdsOfTheSine(self):
        self.assertAlmostEqual(case_named("roll-45").percent, 1 + 98 / 3, places=4)


class PredictionTests(unittest.TestCase):
    def test_roll_agreesWithTheTurnedLink(self):
        case = case_named("roll-30")
        light = policy.setting_of(model.plan(case).row).light
        turned = linkmodel.expectation(case.link, light).counts.qber
        flat = linkmodel.expectation(linkmodel.Link(case.link.eta, case.percent / 100), light).counts.qber
        self.assertAlmostEqual(turned, flat, delta=2e-4)

    def test_knownRow_givesTheKnownLength(self):
        # Computed once with linkmodel.py and the counts of the row, as this file was written.
        case = case_named("perPulse-20.7-short")
        wanted = model.plan(case)
        self.assertEqual(wanted.row_index, 57)
        forecast = model.predicted(case, wanted, wanted.frames * model.FRAME_SLOTS)
        self.assertAlmostEqual(forecast["final_bits"], 2618, delta=5)
        self.assertEqual(forecast["secret_bits"], forecast["final_bits"] - 704)
        less = model.predicted(case, wanted, wanted.frames * model.FRAME_SLOTS, 1.3)
        self.assertLess(less["final_bits"], forecast["final_bits"])

    def test_unprotectedLink_stopsBeforeTheTwirledOne(self):
        self.assertGreater(model.unprotected(1, 12, 23, (1,)), 0)
        self.assertEqual(model.unprotected(1, 21, 23, (1,)), 0)
        self.assertEqual(model.unprotected(1, 33, 23, linkmodel.BLOCKS), 0)


class ComplaintTests(unittest.TestCase):
    def row(self, **changed):
        case = case_named("perPulse-20.7-short")
        wanted = model.plan(case)
        measured = {"keys_match": "yes", "blocks_ok": 1, "blocks_aborted": 0, "policy_row": 57,
                    "deadline_misses": 0, "heap_allocations": 0,
                    "pulses": wanted.frames * model.FRAME_SLOTS, "final_bits": 2618, "secret_bits": 2106}  # fmt: skip
        forecast = {"final_bits": 2700, "deviation": 300}
        return case, {"status": 0, "measured": measured | changed, "predicted_at_f": forecast}

    def test_goodRun_isAccepted(self):
        self.assertEqual(list(tolerance.complaints(*self.row())), [])

    def test_badRuns_areNot(self):
        bad = ({"keys_match": "no"}, {"secret_bits": 0}, {"policy_row": 58}, {"blocks_aborted": 1},
               {"final_bits": 4300}, {"pulses": 1}, {"heap_allocations": 1})  # fmt: skip
        for changed in bad:
            self.assertEqual(len(list(tolerance.complaints(*self.row(**changed)))), 1, changed)

    def test_missingRow_hasToBeRefused(self):
        case = case_named("roll-45")
        self.assertEqual(list(tolerance.complaints(case, {"status": 2, "refused": "no key at 33.6667 %"})), [])
        for wrong in ({"status": 0, "refused": "no key at 33.6667 %"}, {"status": 2, "refused": "nothing"}):
            self.assertEqual(len(list(tolerance.complaints(case, wrong))), 1)


if __name__ == "__main__":
    unittest.main()
