"""The twin program from outside: how it refuses, what it computes, and whether its records can be recomputed.

TWIN names the program; without it the release build of the run folder is taken.
"""

import math
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TWIN = os.environ.get("TWIN", str(ROOT / ".build-run/release/twin"))

LENGTH = ["length", "--mu=.5,.1,.0002", "--probabilities=.8,.1,.1", "--sifted=100,10,1", "--errors=0,0,0"]

BAD = [
    ["bogus"], ["run", "surplus"], ["run", "--bogus"], ["run", "--scenario", "moon"], ["run", "--scenario", ""],
    ["run", "--seconds", "0"], ["run", "--seconds", "-1"], ["run", "--seconds=-1"], ["run", "--seconds", "86401"],
    ["run", "--seconds", "nan"], ["run", "--seconds", "inf"], ["run", "--seconds", "abc"], ["run", "--seconds"],
    ["run", "--seed", "abc"], ["run", "--seed=-1"], ["run", "--seed", "1.5"], ["run", "--seed", "18446744073709551616"],
    ["run", "--variant", "perFrame"], ["run", "--fault-bob", "bogus"], ["run", "--record", ""],
    ["run", "--set", "bogus=1"], ["run", "--set", "block_bits"], ["run", "--set", "block_bits="],
    ["run", "--set", "block_bits=x"], ["run", "--set", "block_bits=5"], ["run", "--set", "=5"], ["run", "--set", ""],
    ["run", "--set", "block_bits=-1"], ["run", "--set", "link_id=18446744073709551616"],
    ["run", "--set", "variant=x"], ["run", "--set", "variant=2"], ["run", "--set", "protocol_version=1"],
    ["run", "--set", "mean_signal=0"], ["run", "--set", "mean_signal=4294967295"], ["run", "--set", "share_signal=0"],
    ["run", "--set", "share_signal=65537"], ["run", "--set", "epsilon_secret=0"],
    ["run", "--set", "epsilon_secret=256"],
    ["run", "--set", "epsilon_correct=16"], ["run", "--set", "planned_sifted=0"],
    ["run", "--set", "planned_qber=500000"], ["run", "--set", "axis_share_max=1"],
    ["run", "--set", "exchange_frames=4294967295"], ["run", "--set", "exchange_frames=0"],
    ["run", "--eve", ""], ["run", "--eve", "bogus"], ["run", "--eve", "intercept"], ["run", "--eve", "intercept:0"],
    ["run", "--eve", "intercept:1.1"], ["run", "--eve", "intercept:nan"], ["run", "--eve", "split:1"],
    ["run", "--eve", "axis-loss:-1"], ["run", "--eve", "axis-loss:inf"], ["run", "--eve", "relay"],
    ["run", "--eve", "relay:bogus"],
    ["run", "--timeline", ""], ["run", "--timeline", "/nowhere/x"], ["run", "--report", ""],
    ["compare", "--seconds", "0"], ["compare", "--seconds", "1001"], ["compare", "--seconds", "nan"],
    ["compare", "--latency-ms=-1"], ["compare", "--window-ms", "0"], ["compare", "--efficiency", "0.9"],
    ["compare", "--set", "variant=1"], ["compare", "--policy", "30"], ["compare", "--channel", "roll=1"],
    ["compare", "--scenario", "moon"],
    ["run", "--set-alice", "variant=2"], ["run", "--set-bob", "x=1"],
    ["run", "--scenario", "drone", "--scenario-file", "x"], ["scenario"], ["scenario", "moon"],
    ["scenario", "drone", "--scenario-file", "x"], ["scenario", "drone", "--trace", "0"],
    ["scenario", "drone", "--trace", "86401"], ["scenario", "drone", "--trace", "x"],
    ["rate"], ["rate", "--model", "x", "--qber", "0.1"], ["rate", "--model", "bb84", "--qber", "0.5"],
    ["rate", "--model", "bb84", "--qber=-0.1"], ["rate", "--model", "bb84", "--qber", "nan"],
    ["rate", "--model", "bb84", "--qber", "0.1", "--block", "0"],
    ["rate", "--model", "bb84", "--qber", "0.1", "--block", "17"],
    ["rate", "--model", "bb84", "--qber", "0.1", "--efficiency", "0.9"],
    ["rate", "--model", "bb84", "--qber", "0.1", "--efficiency", "inf"],
    ["length"], [*LENGTH, "--mode", "x"], [*LENGTH, "--mode", "bb84", "--sifted", "1,2"],
    [*LENGTH, "--mode", "bb84", "--sifted", "1,2,x"], [*LENGTH, "--mode", "bb84", "--errors", "101,0,0"],
    [*LENGTH, "--mode", "bb84", "--mu", "nan,.1,.0002"], [*LENGTH, "--mode", "bb84", "--mu", ".1,.1,.0002"],
    [*LENGTH, "--mode", "bb84", "--axis-max", "0.4"], [*LENGTH, "--mode", "six-state", "--axis-max", "1"],
    [*LENGTH, "--mode", "bb84", "--efficiency", "1e300"], [*LENGTH, "--mode", "bb84", "--block", "17"],
    [*LENGTH, "--mode", "bb84", "--sifted", "18446744073709551615,1,1"],
]

# finite-key.md section 7, which gives five digits; the program must agree to four.
SIX = ["--sifted=515139092,15413568,70399", "--errors=106682057,3199288,16448", "--mu=.063,.0104,2e-4"]
SIX += ["--probabilities=.82,.148,.032", "--mode=six-state"]
POINTS = {
    6: ([*SIX, "--block=5"], {
        "s1": 4.9813e8, "v": 1.0541e8, "ne": 1.5821e8, "z0": 0.13444, "m0": 2.3522e7, "p0": 0.39666, "leak": 5.2200e5,
        "final_length": 2.0798e5}),
    7: (["--mode=six-state", "--sifted=605089514,675794,770", "--errors=12111184,13713,49", "--mu=.64,.033,2e-4",
         "--probabilities=.976,.0205,.0035"],
        {"s1": 3.2073e8, "v": 7.5474e6, "z0": 0.012126, "leak": 9.9451e7, "final_length": 1.8411e8}),
    9: ([*SIX, "--block=5", "--axis-max=.34"],
        {"ne": 1.5981e8, "z0": 0.13851, "p0": 0.40235, "final_length": 1.2927e5}),
    10: (["--mode=bb84", "--sifted=372518583,1398350,2200", "--errors=18634516,70278,200", "--mu=.4,.035,2e-4",
          "--probabilities=.95,.04,.01"],
         {"s1": 2.5133e8, "v": 1.3835e7, "z0": 0.055259, "leak": 1.2427e8, "final_length": 4.9567e7}),
}

CALM = ["--mu=.4,.035,.0002", "--probabilities=.95,.04,.01"]
GROUPED = [*CALM, "--mode=perblock-grouped", "--sifted=124172861,466116,733:124000000,466000,740:123000000,460000,720",
           "--errors=2483457,9400,60:6200000,23400,70:9840000,36900,80"]
GROUPED_CROSS = "--cross=24834,93,0:24800,93,0:24600,92,0"
SPLIT = [*CALM, "--mode=perblock-split", "--sifted=60000000,230000,360:61000000,231000,365:62000000,232000,370:"
         "60500000,229000,350:61500000,233000,360:61200000,231500,355",
         "--errors=600000,2400,40:3050000,11600,50:3100000,11700,50:605000,2450,40:1230000,4700,42:1224000,4690,41"]
FOUR_TESTED = [*CALM, "--mode=bb84-tested", "--sifted=340000000,1300000,2000", "--errors=10200000,41000,1000",
               "--x-sifted=20000000,80000,130", "--x-errors=640000,2700,60"]
SIX_TESTED = ["--mode=six-state-tested", "--mu=.062,.019,.0002", "--probabilities=.0841,.6046,.3113", "--block=5",
              "--sifted=78972450,175150289,983355", "--errors=16349841,36274234,212850",
              "--x-sifted=3173963,7039423,39522", "--x-errors=657112,1457889,8555",
              "--y-sifted=3173963,7039423,39522", "--y-errors=657112,1457889,8555"]
ONE_SIX = ["--one-decoy", "--mode=six-state", "--mu=.6,.1", "--probabilities=.95,.05", "--sifted=600000000,5300000",
           "--errors=12000000,111300"]
ONE_FOUR = ["--one-decoy", "--mode=bb84", "--mu=.2,.05", "--probabilities=.8,.2", "--sifted=300000000,19000000",
            "--errors=10000000,839000", "--block=2"]

# Lengths by Tools/keylength_modes.py with 40 digits, written apart from the program, which may lose 3 bits by rounding.
LENGTHS = [
    ([*GROUPED], 52675147), ([*GROUPED, "--or-pooled"], 53778625), ([*GROUPED, "--block=2"], 31959445),
    ([*GROUPED, "--streaming"], 52619428), ([*GROUPED, GROUPED_CROSS], 52614495),
    ([*GROUPED, "--or-pooled", "--streaming", GROUPED_CROSS], 53700937),
    ([*SPLIT], 122956671), ([*SPLIT, "--block=2"], 48080067),
    ([*FOUR_TESTED], 95757161), ([*FOUR_TESTED, "--block=2"], 40756779),
    ([*FOUR_TESTED, "--streaming", "--key-share-max=.95"], 89678349),
    ([*SIX_TESTED], 84988), ([*SIX_TESTED, "--streaming", "--key-share-max=.962"], 39915),
    ([*ONE_SIX], 149452163), ([*ONE_SIX, "--streaming", "--cross=120000,60"], 149329236),
    ([*ONE_FOUR], 42699756), ([*ONE_FOUR, "--streaming"], 42564212),
    ([*SIX, "--block=5", "--epsilon-secret=1e-6", "--epsilon-correct=1e-9"], 225709),
]

# What breaks a condition, and the words and values that say so.
REFUSED = [
    ([*GROUPED, "--or-pooled", "--block=2"], "the larger of grouped and pooled needs block 1: block=2"),
    ([*GROUPED, "--axis-max=.4"], "of a uniform draw or more, and below 1: axis-max=0.4"),
    ([*GROUPED, "--sifted=1,2,3:4,5,6"], "sifted takes 3 row(s) of 3 numbers: 1,2,3:4,5,6"),
    ([*GROUPED, "--errors=9,9,9:9,9,9:9,9,999"], "errors must not exceed bits, and counts must stay below 2^50"),
    ([*SPLIT, "--streaming"], "perblock-split cannot stream"),
    ([*SPLIT, "--cross=0,0,0"], "cross and axis-max go with pooled modes only"),
    ([*SPLIT, "--or-pooled"], "or-pooled goes with perblock-grouped only"),
    ([*SPLIT, "--sifted=1,2,3"], "sifted takes 6 row(s) of 3 numbers: 1,2,3"),
    ([*SPLIT, "--one-decoy"], "one-decoy goes with six-state and bb84 only"),
    ([*FOUR_TESTED, "--streaming"], "key-share-max goes with tested modes that stream, and only"),
    ([*FOUR_TESTED, "--streaming", "--key-share-max=1"], "below 1: key-share-max=1.0"),
    ([*FOUR_TESTED, "--y-sifted=1,1,1", "--y-errors=0,0,0"], "y rounds go with six-state-tested, and only"),
    ([*FOUR_TESTED, "--x-sifted=1,1"], "x-sifted takes 3 numbers: 1,1"),
    ([*SIX, "--x-sifted=1,1,1", "--x-errors=0,0,0"], "x rounds go with tested modes, and only"),
    ([*SIX, "--epsilon-secret=0"], "epsilon must lie strictly between 1e-30 and 1: epsilon-secret=0.0"),
    ([*SIX, "--epsilon-secret=1"], "epsilon must lie strictly between 1e-30 and 1: epsilon-secret=1.0"),
    ([*SIX, "--epsilon-correct=nan"], "epsilon-correct=nan"),
    ([*SIX, "--mu=.1,.1,.0002"], "mu1 must exceed mu2 + mu3: mu=0.1,0.1,0.0002"),
    ([*SIX, "--mu=.5,.1,.1"], "mu2 must exceed mu3: mu=0.5,0.1,0.1"),
    ([*SIX, "--mu=.5,.1,-1"], "mean photon numbers must lie from 0 to 10: mu=0.5,0.1,-1.0"),
    ([*SIX, "--probabilities=.5,.2,.2"], "probabilities must sum to 1 within 1e-6: probabilities=0.5,0.2,0.2"),
    ([*SIX, "--probabilities=1,0,0"], "every probability must be above 0: probabilities=1.0,0.0,0.0"),
    ([*SIX, "--block=0"], "block must be 1...16: block=0"),
    ([*SIX, "--efficiency=.9"], "efficiency must be 1...1000: efficiency=0.9"),
    ([*ONE_SIX, "--mu=.1,.1"], "mu1 must exceed mu2 + mu3: mu=0.1,0.1"),
    ([*ONE_SIX, "--sifted=1,2,3"], "sifted takes 1 row(s) of 2 numbers: 1,2,3"),
]
RATES_REFUSED = [
    (["--qber=.5"], "error rates must be at least 0 and below 0.5: qber=0.5"),
    (["--qber=.1", "--block=17"], "block must be 1...16: block=17"),
    (["--qber=.1", "--single-share=0"], "the share of single photons must be above 0 and at most 1: single-share=0.0"),
    (["--qber=.1", "--single-share=nan"], "single-share=nan"),
    (["--qber=.1", "--single-qber=.5"], "error rates must be at least 0 and below 0.5: qber=0.1 single-qber=0.5"),
    (["--qber=.1", "--preprocessing=.5"], "the flip probability must be at least 0 and below 0.5: preprocessing=0.5"),
    (["--qber=.1", "--preprocessing=.1", "--single-share=.5"], "preprocessing goes with single photons only"),
]

# theory.md section 6 and a separate evaluation with mpmath (see Tests/EstimationTests/AsymptoticRateTests.swift).
RATES = [
    ("six-state", 0.05, 1, 1, 0.4968162683), ("six-state", 0.207, 4, 1.16, 0.001541863762),
    ("bb84", 0.05, 1, 1, 0.4272060858), ("bb84", 0.14, 3, 1.16, 0.00567033936), ("bb84", 0.12, 1, 1, 0),
]


def twin(*arguments):
    return subprocess.run([TWIN, *arguments], capture_output=True, text=True, timeout=300)


def values(text):
    """The `key=value` lines of an answer."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line and " " not in line)


class BadInput(unittest.TestCase):
    def refuses(self, *arguments):
        answer = twin(*arguments)
        self.assertEqual((answer.returncode, answer.stdout), (2, ""), arguments)
        self.assertRegex(answer.stderr, r"\Atwin: [^\n]+\n\Z", arguments)

    def test_badInput_isOneLineAndStatusTwo(self):
        for arguments in BAD:
            with self.subTest(arguments):
                self.refuses(*arguments)

    def test_brokenCondition_isNamedWithItsValues(self):
        lengths = [(["length", *arguments], words) for arguments, words in REFUSED]
        rates = [(["rate", "--model=six-state", *arguments], words) for arguments, words in RATES_REFUSED]
        for arguments, words in lengths + rates:
            with self.subTest(arguments):
                self.refuses(*arguments)
                self.assertIn(words, twin(*arguments).stderr)

    def test_recordFolder_belowAFile_isRefused(self):
        with tempfile.NamedTemporaryFile() as file:
            self.refuses("run", "--record", file.name)
            self.refuses("run", "--record", file.name + "/below")

    def test_help_isNoError(self):
        for arguments in [["--help"], ["run", "--help"], ["rate", "--help"], ["length", "--help"], []]:
            answer = twin(*arguments)
            self.assertEqual((answer.returncode, answer.stderr), (0, ""), arguments)
            self.assertIn("twin", answer.stdout)


class ScenarioFiles(unittest.TestCase):
    NAMES = ["bench", "drone", "lab", "ship", "satellite", "daylight", "storm"]

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = pathlib.Path(folder.name, "link.scenario")

    def test_printedScenario_readsBackToTheSameText(self):
        for name in self.NAMES:
            self.file.write_text(twin("scenario", name).stdout)
            self.assertEqual(twin("scenario", "--scenario-file", self.file).stdout, self.file.read_text(), name)

    def test_run_fromFile_isTheRunOfTheName(self):
        self.file.write_text(twin("scenario", "drone").stdout)
        reports = []
        for link in (["--scenario", "drone"], ["--scenario-file", self.file]):
            answer = values(twin("run", *link, "--seconds", "1", "--quiet").stdout)
            del answer["wall_s"]
            reports.append(answer)
        self.assertEqual(*reports)
        self.assertGreater(int(reports[0]["sifted_bits"]), 0)

    def test_badFile_isNamedWithLineAndReason(self):
        bad = {
            "scenario = x\nloss = -1 dB\n": "2: 'loss' must be from 0 to 100 dB, not -1",
            "scenario = x\n\nspeed = 3 m/s\n": "3: unknown field 'speed'",
            "scenario = x\nloss = 3 km\n": "2: 'loss' takes the unit dB, not 'km'",
            "": "1: there is no field 'scenario'",
            "\u00e9": "1: byte 195 is no text of this format",
        }
        for text, reason in bad.items():
            self.file.write_text(text)
            for command in (["run"], ["scenario"], ["serve", "--socket", "s"]):
                answer = twin(*command, "--scenario-file", self.file)
                said = (answer.returncode, answer.stdout, answer.stderr)
                self.assertEqual(said, (2, "", f"error: scenario: {self.file}:{reason}\n"))

    def test_fileThatCannotBeRead_isNamed(self):
        answer = twin("run", "--scenario-file", self.file)
        self.assertEqual((answer.returncode, answer.stderr), (2, f"error: scenario: {self.file}: cannot be read\n"))

    def test_trace_ofThePass_followsTheSatellite(self):
        rows = [row.split(",") for row in twin("scenario", "satellite", "--trace", "301").stdout.splitlines()]
        table = [dict(zip(rows[0], map(float, row))) for row in rows[1:]]
        self.assertEqual(len(table), 301)
        self.assertAlmostEqual(table[150]["elevation_deg"], 70, places=2)
        self.assertAlmostEqual(table[0]["range_km"], table[300]["range_km"], places=1)
        travelled = sum(row["range_rate_km_s"] for row in table[:150])
        self.assertAlmostEqual(travelled, table[150]["range_km"] - table[0]["range_km"], delta=5)


class Formulas(unittest.TestCase):
    def near(self, text, expected, digits=4):
        self.assertLess(abs(float(text) - expected), expected * 10.0**-digits + 1e-300)

    def test_length_givesTheTestPoints(self):
        for number, (arguments, expected) in POINTS.items():
            answer = values(twin("length", *arguments).stdout)
            for key, value in expected.items():
                with self.subTest(point=number, key=key):
                    self.near(answer[key], value)

    def test_length_ofEveryMode_isThatOfTheSecondImplementation(self):
        for arguments, expected in LENGTHS:
            with self.subTest(arguments):
                answer = values(twin("length", *arguments).stdout)
                self.assertIn(expected - int(answer["final_length"]), range(4))
                self.assertEqual(answer.get("way"), self.way(arguments))

    def way(self, arguments):
        """Grouped counts say which way was taken; with these counts it is the pooled one wherever there is a choice."""
        if "--mode=perblock-grouped" not in arguments:
            return None
        return "pooled" if "--or-pooled" in arguments else "grouped"

    def test_rate_ofWeakPulses_isThatOfTheirSingles(self):
        # Six-state, block 1: share (1 - H(single)) - h(all), with H the entropy of the four Bell patterns less h(bit).
        def h(p):
            return -p * math.log2(p) - (1 - p) * math.log2(1 - p)

        share, single, qber = 0.6, 0.03, 0.05
        expected = share * (1 - single) * (1 - h(single / 2 / (1 - single))) - h(qber)
        options = ["--model=six-state", f"--qber={qber}", f"--single-share={share}", f"--single-qber={single}"]
        self.near(values(twin("rate", *options).stdout)["secret_bits_per_sifted_bit"], expected, 8)
        same = ["--model=six-state", "--qber=.05", "--single-share=1"]
        self.near(values(twin("rate", *same).stdout)["secret_bits_per_sifted_bit"], 0.4968162683, 8)

    def test_rate_withPreprocessing_reachesFarther(self):
        rate = ["rate", "--model=six-state", "--qber=.13"]
        self.assertEqual(float(values(twin(*rate).stdout)["secret_bits_per_sifted_bit"]), 0)
        flipped = values(twin(*rate, "--preprocessing=.3").stdout)
        self.assertGreater(float(flipped["secret_bits_per_sifted_bit"]), 0)

    def test_rate_givesTheTestPoints(self):
        for model, qber, block, efficiency, expected in RATES:
            with self.subTest(model=model, qber=qber):
                options = [f"--qber={qber}", f"--block={block}", f"--efficiency={efficiency}"]
                answer = twin("rate", f"--model={model}", *options)
                self.near(values(answer.stdout)["secret_bits_per_sifted_bit"], expected, 8)


class Eve(unittest.TestCase):
    def run_with(self, eve, seconds):
        answer = twin("run", "--quiet", "--scenario", "bench", "--seconds", seconds, "--eve", eve)
        report = values(answer.stdout)
        self.assertEqual(report["eve"], eve)
        share = int(report["eve_known_bits"]) / int(report["sifted_bits"])
        self.assertAlmostEqual(float(report["eve_known_share"]), share, 5)
        return answer.returncode, report

    def test_eve_whoTakesLittle_leavesAKey(self):
        status, report = self.run_with("intercept:0.03", "1")
        self.assertEqual((status, report["eve_bound"], report["alarm"]), (0, "holds", "none"))
        self.assertAlmostEqual(float(report["eve_known_share"]), 0.01, 2)

    def test_eve_whoIsNoticed_leavesNoKeyAndStatusOne(self):
        for eve, alarm in [("split", "decoy"), ("axis-loss:3", "axis_biased")]:
            status, report = self.run_with(eve, "0.3")
            self.assertEqual((status, report["eve_bound"], report["alarm"]), (1, "none", alarm))
            self.assertEqual((report["final_bits"], report["keys_match"]), ("0", "no"))


class Records(unittest.TestCase):
    """What a record holds is recomputed by Tools/verify_record.py; here only that it fits the report."""

    def run_and_check(self, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            answer = twin("run", "--quiet", "--scenario", "bench", "--record", folder, *arguments)
            report = values(answer.stdout)
            files = sorted(pathlib.Path(folder).iterdir())
            blocks = [dict(line.split(" ", 1) for line in file.read_text().splitlines()) for file in files]
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertEqual({block["format"] for block in blocks}, {"gimbal-block 2"})
        self.assertEqual([f"block-{block['block']}.txt" for block in blocks], [file.name for file in files])
        for block in (block for block in blocks if block["final_length"] != "0"):
            self.assertEqual(block["confirmed_alice"], block["kept_alice"], "Alice's bits are the reference")
            self.assertEqual(block["final_key_alice"], block["final_key_bob"])
        errors = sum(sum(map(int, block["error_counts"].split())) for block in blocks)
        sifted = sum(int(block["sifted_bits"]) for block in blocks)
        self.assertEqual(report["qber"], f"{errors * 1_000_000 // sifted / 1e6:.6f}")
        self.assertEqual(int(report["sifted_bits"]), sifted)
        self.assertEqual(int(report["final_bits"]), sum(int(block["final_length"]) for block in blocks))
        self.assertEqual(int(report["blocks_ok"]), sum(block["final_length"] != "0" for block in blocks))
        return len(blocks)

    def test_record_ofOneBlock_fitsTheReport(self):
        self.assertEqual(self.run_and_check("--seconds", "0.6", "--seed", "3"), 1)

    def test_record_ofSeveralBlocks_fitsTheReport(self):
        count = self.run_and_check("--seconds", "1", "--set", "block_bits=120000", "--set", "planned_sifted=120000")
        self.assertGreaterEqual(count, 1)


if __name__ == "__main__":
    unittest.main()
