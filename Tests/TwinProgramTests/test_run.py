"""What the twin program shows of a run and writes down of it, and the comparison of methods, from outside."""

import json
import os
import pathlib
import pty
import re
import shutil
import subprocess
import tempfile
import unittest

from test_program import TWIN, twin, values


class Comparisons(unittest.TestCase):
    METHODS = ["mp", "adaptive-plates", "adaptive-names", "bb84", "bb84-tracked", "rfi"]

    def test_compare_onTheBench_isNearTheProduct(self):
        bench = ["--scenario", "bench", "--seconds", "2"]
        answer = twin("compare", *bench)
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        lines = [line.split()[1:] for line in answer.stdout.splitlines() if line.startswith("compare ")]
        rows = [dict(word.split("=") for word in line) for line in lines]
        self.assertEqual([row["method"] for row in rows[1:]], self.METHODS)
        self.assertEqual([row["bound"] for row in rows[1:]], ["finite"] * 5 + ["asymptotic"])
        product = values(twin("run", "--quiet", *bench).stdout)
        mp = rows[1]
        self.assertAlmostEqual(int(mp["sifted_bits"]) / int(product["sifted_bits"]), 1, delta=0.02)
        self.assertAlmostEqual(float(mp["qber"]), float(product["qber"]), delta=0.002)
        # At 1.16 times the limit of error correction in place of 1.04.
        self.assertLess(int(mp["secret_bits"]), int(product["final_bits"]))
        self.assertGreater(int(mp["secret_bits"]), 0.8 * int(product["final_bits"]))
        # The table says the same.
        for row in rows[1:]:
            wanted = rf"\n  {row['method']} +{row['sifted_bits']} .* {row['asymptotic_bits']}\n"
            self.assertRegex(answer.stdout, wanted)


class Timelines(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def check(self, *arguments):
        file = self.folder / "run.timeline"
        answer = twin("run", "--quiet", *arguments, "--timeline", file)
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        plain = values(twin("run", "--quiet", *arguments).stdout)
        timeline = json.loads(file.read_text())
        report = timeline["report"]
        self.assertEqual(values(answer.stdout), report)
        self.assertEqual({k: v for k, v in report.items() if k != "wall_s"},
                         {k: v for k, v in plain.items() if k != "wall_s"})  # fmt: skip
        windows = timeline["windows"]
        self.assertEqual([w["end_ms"] for w in windows[:-1]], [100 * n for n in range(1, len(windows))])
        self.assertEqual(sum(w["detections"] for w in windows), int(report["detections"]))
        self.assertEqual(windows[-1]["final_bits"], int(report["final_bits"]))
        self.assertEqual(sum(b["final_bits"] for b in timeline["blocks"]), int(report["final_bits"]))
        sifted, errors = ({a: sum(w[f"{kind}_{a}"] for w in windows) for a in "xyz"} for kind in ("sifted", "errors"))
        # The modules also keep double clicks of one axis.
        share = sum(sifted.values()) / sum(b["sifted"] for b in timeline["blocks"])
        self.assertTrue(0.99 < share < 1.01, share)
        self.assertAlmostEqual(sum(errors.values()) / sum(sifted.values()), float(report["qber"]), delta=0.002)
        return timeline, sifted, errors

    def test_timeline_fitsTheReport(self):
        timeline, sifted, errors = self.check("--seconds", "1.5", "--channel", "roll_deg=8")
        self.assertEqual(timeline["format"], "gimbal-timeline 1")
        self.assertLess(max(sifted.values()) / min(sifted.values()), 1.1)
        # A roll turns Z and X, and not Y.
        rates = {axis: errors[axis] / sifted[axis] for axis in "xyz"}
        self.assertGreater(min(rates["z"], rates["x"]), 1.5 * rates["y"])
        self.assertIn("exchanging", {w["bob"] for w in timeline["windows"]})
        alarms = {(alarm["module"], alarm["name"]) for alarm in timeline["alarms"]}
        self.assertEqual(alarms, {("alice", "auth_low"), ("bob", "auth_low")})

    def test_timeline_ofWavePlates_leavesOutTheirTurning(self):
        _, sifted, _ = self.check("--seconds", "3", "--variant", "perBlock", "--scenario", "bench")
        self.assertEqual(sifted["y"], 0)

    def program(self, python=None):
        """A copy of the program in a project of its own, whose plotting Python is a script."""
        place = self.folder / "project/.build-run/release/twin"
        place.parent.mkdir(parents=True)
        shutil.copy(TWIN, place)
        (self.folder / "project/Tools").mkdir()
        (self.folder / "project/Tools/report.py").write_text("")
        if python is not None:
            interpreter = self.folder / "project/.build-plots/bin/python"
            interpreter.parent.mkdir(parents=True)
            interpreter.write_text("#!/bin/sh\n" + python)
            interpreter.chmod(0o755)
        return place

    def report(self, program):
        page = self.folder / "page.html"
        words = [program, "run", "--quiet", "--seconds", "1", "--report", page]
        return page, subprocess.run(words, capture_output=True, text=True)

    def test_report_withoutItsTools_saysHowToGetThem(self):
        page, answer = self.report(self.program())
        said = "twin: report: the plotting tools are not installed: run 'make report-tools'\n"
        self.assertEqual((answer.returncode, answer.stdout, answer.stderr), (2, "", said))
        self.assertFalse(page.exists())

    def test_report_givesTheTimelineToTheTool(self):
        page, answer = self.report(self.program('[ -f "$1" ] && cp "$2" "$3"\n'))
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        self.assertEqual(json.loads(page.read_text())["report"], values(answer.stdout))

    def test_report_whoseToolFails_isNoSuccess(self):
        _, answer = self.report(self.program("exit 3\n"))
        self.assertEqual((answer.returncode, answer.stderr), (2, "twin: report: the page was not made\n"))


class Progress(unittest.TestCase):
    RUN = ["run", "--seconds", "1"]
    LINE = r" +\d+ s  \w+ +\w+ +-?[\d.]+ dB +[+-][\d.]+ deg +[\d.]+ M +[\d.]+ M +[\d.]+ kbit"
    BARS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"

    def test_pipe_getsLinesAndNothingElse(self):
        lines = twin(*self.RUN).stdout.splitlines()
        self.assertEqual(lines[0], "scenario drone  1.0 s of light  seed 1")
        self.assertEqual(lines[1], "  time  alice       bob         loss      roll       detected    sifted    secret")
        until = lines.index("report")
        self.assertGreater(until, 2)
        for line in lines[2:until]:
            self.assertRegex(line, f"^{self.LINE}$")
        for line in lines[until + 1:]:
            self.assertRegex(line, r"^\w+=[\w.]+$")

    def on_terminal(self, kind):
        ours, theirs = pty.openpty()
        process = subprocess.Popen([TWIN, *self.RUN], stdout=theirs, env=os.environ | {"TERM": kind})
        os.close(theirs)
        seen = bytearray()
        try:
            while data := os.read(ours, 4096):
                seen.extend(data)
        except OSError:
            # How Linux says that nobody holds the other end any more.
            pass
        os.close(ours)
        self.assertEqual(process.wait(), 0)
        return seen.decode()

    def test_terminal_showsTheErrorRateAsBars(self):
        text = self.on_terminal("xterm")
        live = re.findall(rf"\r\x1b\[K        qber +([\d.]+) %  ([{self.BARS} ]+)  0 to 8 %", text)
        self.assertGreaterEqual(len(live), 9)
        rates = [float(rate) for rate, _ in live]
        self.assertTrue(all(0.5 < rate < 15 for rate in rates), rates)
        # The last bar is the height of the rate beside it.
        for rate, bars in live:
            self.assertLessEqual(abs(self.BARS.index(bars[-1]) - float(rate)), 1)
        # What stays on the screen is what a pipe gets.
        shown = re.sub(r"[^\n]*\r\x1b\[K", "", text.replace("\r\n", "\n")).splitlines()
        piped = twin(*self.RUN).stdout.splitlines()
        differ = [line for line, other in zip(shown, piped) if line != other]
        self.assertEqual(len(shown), len(piped))
        self.assertTrue(all(line.startswith("wall_s=") for line in differ), differ)

    def test_dumbTerminal_getsWhatAPipeGets(self):
        self.assertNotIn("\x1b", self.on_terminal("dumb"))


if __name__ == "__main__":
    unittest.main()
