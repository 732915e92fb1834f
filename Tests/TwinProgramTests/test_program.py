"""The twin program from outside: how it refuses, what it computes, and whether its records can be recomputed.

TWIN names the program; without it the release build of the run folder is taken.
"""

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
    ["run", "--set-alice", "variant=2"], ["run", "--set-bob", "x=1"],
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

    def test_recordFolder_belowAFile_isRefused(self):
        with tempfile.NamedTemporaryFile() as file:
            self.refuses("run", "--record", file.name)
            self.refuses("run", "--record", file.name + "/below")

    def test_help_isNoError(self):
        for arguments in [["--help"], ["run", "--help"], ["rate", "--help"], ["length", "--help"], []]:
            answer = twin(*arguments)
            self.assertEqual((answer.returncode, answer.stderr), (0, ""), arguments)
            self.assertIn("twin", answer.stdout)


class Formulas(unittest.TestCase):
    def near(self, text, expected, digits=4):
        self.assertLess(abs(float(text) - expected), expected * 10.0**-digits + 1e-300)

    def test_length_givesTheTestPoints(self):
        for number, (arguments, expected) in POINTS.items():
            answer = values(twin("length", *arguments).stdout)
            for key, value in expected.items():
                with self.subTest(point=number, key=key):
                    self.near(answer[key], value)

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


def bits(text, count):
    """A string of the record as an integer: bit 0 of the string is bit 0 of the number."""
    if text == "-":
        return 0
    whole = bin(int("1" + text, 16))[3:]
    assert len(whole) == 8 * ((count + 7) // 8) and "1" not in whole[count:], "zeros after the bits"
    return int(whole[:count][::-1], 2)


def toeplitz(key, seed, length):
    """Bit i of the hash is the parity of the key under the seed from bit i on."""
    return sum(((key & seed >> i).bit_count() & 1) << i for i in range(length))


class Records(unittest.TestCase):
    def check(self, block):
        """Recomputes one recorded block; returns its bits and errors."""
        count, length = int(block["sifted_bits"]), int(block["final_length"])
        alice, bob = bits(block["sifted_alice"], count), bits(block["sifted_bob"], count)
        errors = (alice ^ bob).bit_count()
        if length == 0:
            # Confirmed and counted, but too short for a key; such a block keeps nothing else.
            return count, errors
        key = bits(block["confirmed_alice"], count)
        self.assertEqual(int(block["confirmed_bits"]), count)
        self.assertEqual(key, bits(block["confirmed_bob"], count))
        self.assertEqual(key, alice, "Alice's bits are the reference")
        seed_bits = int(block["toeplitz_seed_bits"])
        self.assertEqual(seed_bits, count + length - 1)
        seed = bits(block["toeplitz_seed"], seed_bits)
        final = bits(block["final_key_alice"], length)
        self.assertEqual(final, bits(block["final_key_bob"], length))
        self.assertEqual(final, toeplitz(key, seed, length))
        # The key is no constant and the seed no pattern.
        self.assertLess(abs(final.bit_count() - length / 2), 4 * length**0.5)
        self.assertLess(abs(seed.bit_count() - seed_bits / 2), 4 * seed_bits**0.5)
        return count, errors

    def run_and_check(self, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            answer = twin("run", "--quiet", "--scenario", "bench", "--record", folder, *arguments)
            report = values(answer.stdout)
            files = sorted(pathlib.Path(folder).iterdir())
            blocks = [dict(line.split(" ", 1) for line in file.read_text().splitlines()) for file in files]
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertEqual({block["format"] for block in blocks}, {"gimbal-block 2"})
        self.assertEqual([f"block-{block['block']}.txt" for block in blocks], [file.name for file in files])
        checked = [self.check(block) for block in blocks]
        confirmed, errors = sum(count for count, _ in checked), sum(count for _, count in checked)
        self.assertEqual(report["qber"], f"{errors * 1_000_000 // confirmed / 1e6:.6f}")
        self.assertEqual(int(report["sifted_bits"]), sum(int(block["sifted_bits"]) for block in blocks))
        self.assertEqual(int(report["final_bits"]), sum(int(block["final_length"]) for block in blocks))
        self.assertEqual(int(report["blocks_ok"]), sum(block["final_length"] != "0" for block in blocks))
        return len(blocks)

    def test_record_ofOneBlock_canBeRecomputed(self):
        self.assertEqual(self.run_and_check("--seconds", "0.6", "--seed", "3"), 1)

    def test_record_ofSeveralBlocks_canBeRecomputed(self):
        count = self.run_and_check("--seconds", "1", "--set", "block_bits=60000", "--set", "planned_sifted=60000")
        self.assertGreaterEqual(count, 2)


if __name__ == "__main__":
    unittest.main()
