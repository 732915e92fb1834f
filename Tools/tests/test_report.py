"""The page of a run: timelines are read, windows added up, error rates bounded, and nothing is asked of a network."""

import copy
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import motion_page
import report_page as model


def window(end, sifted=1000, errors=20, state="exchanging"):
    row = {"end_ms": end, "transmission": 0.01, "roll_deg": 1.0, "roll_min_deg": -2.0, "roll_max_deg": end / 100,
           "detections": 4000, "final_bits": end, "alice": state, "bob": state}  # fmt: skip
    for axis in model.AXES:
        row |= {f"sifted_{axis}": sifted, f"errors_{axis}": errors}
    return row


TIMELINE = {
    "format": model.FORMAT, "scenario": "drone", "seconds": 1.0, "seed": 1, "variant": "perPulse", "window_ms": 100,
    "windows": [window(100 * n) for n in range(1, 11)],
    "blocks": [{"number": 1, "end_ms": 900, "sifted": 30000, "errors": 600, "qber_upper": 0.04, "final_bits": 900},
               {"number": 2, "end_ms": 1000, "sifted": 10, "errors": 0, "final_bits": 0, "refusal": "no_<length>"}],
    "alarms": [{"module": "bob", "name": "qber_high", "begin_ms": 300, "end_ms": 500},
               {"module": "bob", "name": "no_key", "begin_ms": 900}],
    "report": {"secret_bits": "900", "qber": "0.02", "sifted_bits": "30000", "keys_match": "yes", "alarm": "none"},
}  # fmt: skip


class TimelineTests(unittest.TestCase):
    def test_whatIsNoTimeline_isRefused(self):
        other = copy.deepcopy(TIMELINE) | {"format": "gimbal-timeline 2"}
        for text in ("", "[]", "{}", "3", json.dumps(other), json.dumps(TIMELINE | {"windows": []})):
            with self.assertRaises(model.Unreadable):
                model.read(text)
        self.assertEqual(model.read(json.dumps(TIMELINE)), TIMELINE)

    def test_windowsAreAddedUp_andNothingIsLost(self):
        for points in (1, 3, 4, 10, 100):
            rows = model.gathered(TIMELINE["windows"], points)
            self.assertLessEqual(len(rows), points)
            self.assertEqual(sum(row["sifted_x"] for row in rows), 10_000)
            self.assertEqual(sum(row["detections"] for row in rows), 40_000)
            self.assertEqual([row["begin_ms"] for row in rows], [0] + [row["end_ms"] for row in rows[:-1]])
            self.assertEqual((rows[-1]["end_ms"], rows[-1]["final_bits"]), (1000, 1000))
            self.assertAlmostEqual(rows[0]["roll_deg"], 1)
            self.assertEqual((rows[-1]["roll_max_deg"], rows[0]["roll_min_deg"]), (10, -2))

    def test_interval_isWilsons(self):
        # Newcombe, Stat. Med. 17, 857 (1998), table I: 81 of 263 and 0 of 20.
        for (errors, bits), expected in {(81, 263): (0.2553, 0.3662), (0, 20): (0.0, 0.1611)}.items():
            for end, wanted in zip(model.wilson(errors, bits), expected):
                self.assertAlmostEqual(end, wanted, 4)
        self.assertEqual(model.wilson(0, 0), (0, 1))

    def test_states_areJoined(self):
        windows = [window(100, state="idle"), window(200), window(300), window(350, state="idle")]
        self.assertEqual(model.spans(windows, "bob"),
                         [("idle", 0, 0.1), ("exchanging", 0.1, 0.3), ("idle", 0.3, 0.35)])  # fmt: skip

    def test_arrivals_keepTheFurthestWithItsSign(self):
        windows = [window(100 * n) | {"arrival_error_ns": error}
                   for n, error in enumerate((0.1, -900.0, 3.0, -0.2), start=1)]  # fmt: skip
        self.assertEqual([row["arrival_error_ns"] for row in model.gathered(windows, 2)], [-900, 3])
        self.assertNotIn("arrival_error_ns", model.gathered(TIMELINE["windows"])[0])
        windows[1]["slots"] = "tracking"
        self.assertEqual([span[0] for span in model.spans(windows, "slots")], ["none", "tracking", "none"])


class PageTests(unittest.TestCase):
    def test_page_holdsEverything(self):
        text = model.page(TIMELINE, [("Key", "a < b", b"picture")] * 5)
        self.assertEqual(motion_page.page_complaints(text), [])
        self.assertIn("a &lt; b", text)
        self.assertIn("no_&lt;length&gt;", text)
        self.assertIn("data:image/png;base64,cGljdHVyZQ==", text)
        self.assertIn("<b>900</b>", text)

    def test_pageThatLooksOutside_isSeen(self):
        text = model.page(TIMELINE, [("Key", "", b"picture")] * 5)
        self.assertTrue(motion_page.page_complaints(text.replace("<h1>", "<img src='https://example.org/a.png'><h1>")))
        self.assertTrue(motion_page.page_complaints(model.page(TIMELINE, [])))


class ComparisonTests(unittest.TestCase):
    TEXT = "scenario drone\ncompare scenario=drone roll_rms_deg=22 seconds=5.0\n" + "".join(
        f"compare method={m} sifted_bits=1000 qber={q} secret_bits={b} asymptotic_bits=7\n"
        for m, q, b in (("mp", 0.14, 20), ("adaptive-plates", 0.05, 400), ("adaptive-names", 0.11, 60),
                        ("bb84", 0.18, 0), ("bb84-tracked", 0.04, 600), ("rfi", 0.04, 130)))  # fmt: skip

    def test_comparison_isRead(self):
        row = motion_page.comparison(self.TEXT)
        self.assertEqual((row["link"]["scenario"], len(row["methods"])), ("drone", 6))
        self.assertEqual((motion_page.bits(row, "rfi"), motion_page.qber(row, "mp")), (130, 0.14))
        with self.assertRaises(ValueError):
            motion_page.comparison("nothing\n")

    def test_methodsOutOfOrder_areSeen(self):
        good = motion_page.comparison(self.TEXT)
        self.assertEqual(motion_page.rolled_complaints(good), [])
        for method, bits in (("mp", 0), ("bb84", 5), ("adaptive-plates", 10), ("bb84-tracked", 0)):
            bad = copy.deepcopy(good)
            bad["methods"][method]["secret_bits"] = str(bits)
            self.assertEqual(len(motion_page.rolled_complaints(bad)), 1, method)
        whole = {"sifted_bits": "1000", "final_bits": "22"}
        calm = copy.deepcopy(good)
        calm["methods"]["bb84"]["qber"] = "0.14"
        self.assertEqual(motion_page.calm_complaints(calm, whole), [])
        self.assertEqual(len(motion_page.calm_complaints(good, whole)), 1)
        for key, value in (("sifted_bits", "900"), ("final_bits", "60")):
            self.assertEqual(len(motion_page.calm_complaints(calm, whole | {key: value})), 1)


if __name__ == "__main__":
    unittest.main()
