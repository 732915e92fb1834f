"""A record made in the test passes, and every line of it, changed by itself, makes a check fail."""

import contextlib
import io
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent), str(pathlib.Path(__file__).resolve().parent)]

try:
    import numpy as np
except ImportError:
    raise unittest.SkipTest("NumPy is missing: make verify has it") from None

import record_bounds
import record_kernels
import synthetic_record as synthetic
import verify_record

# Printed by Tools/keylength.py's `Forms.length` with 40 digits, for streaming bounds with cross clicks and a leak of
# 4 000 000 bits, epsilons 1e-10 and 1e-15; planned are 9/10 of the sifted bits + 1, 11/10 of the errors and half of the
# cross clicks, rounded down. Columns: variant, b, mu, p, sifted, errors, cross, axis share; s1 v ne z0 m0 p0, length.
VECTORS = [
    (("perPulse", 1, [0.64, 0.033, 0.0002], [0.976, 0.0205, 0.0035]),
     ([605089514, 675794, 770], [12111184, 13713, 49], [121017, 135, 0], 0.342),
     [320617924.888, 7554865.48894, 11506184.9429, 0.0126214809933, 313063059.399, 0.0126214809933, 278473693.705]),
    (("perPulse", 5, [0.063, 0.0104, 0.0002], [0.82, 0.148, 0.032]),
     ([515139092, 15413568, 70399], [106682057, 3199288, 16448], [103027, 3082, 14], 1 / 3),
     [497997693.648, 105423932.723, 158225463.496, 0.134500916842, 23479936.886, 0.396750532853, -3272664.33244]),
    (("perPulse", 2, [0.2, 0.035, 0.0002], [0.85, 0.12, 0.03]),
     ([372518583, 6398350, 2200], [37235111, 638390, 360], [74503, 1279, 0], 0.342),
     [192329938.209, 22937708.2616, 34902629.6898, 0.0706344171268, 37807261.4567, 0.131896855017, 12536116.4934]),
    (("perBlock", 1, [0.4, 0.035, 0.0002], [0.95, 0.04, 0.01]),
     ([372518583, 1398350, 2200], [18634516, 70278, 200], [74503, 279, 0], 0.5),
     [251251692.943, 13839343.0774, 27731703.7773, 0.0552926053439, 251251692.943, 0.0552926053439, 169748547.204]),
    (("perBlock", 2, [0.2, 0.035, 0.0002], [0.85, 0.12, 0.03]),
     ([372518583, 6398350, 2200], [22351115, 383900, 260], [74503, 1279, 0], 0.51),
     [192331194.556, 13842881.0643, 28305423.9433, 0.0810279541338, 41980591.9882, 0.149531446442, 12428292.2993]),
]  # fmt: skip


def flip(place):
    """Flips one bit of a hexadecimal string; bit 0 is the most significant of the first digit."""

    def change(text):
        digit = int(text[place // 4], 16) ^ 8 >> place % 4
        return text[: place // 4] + f"{digit:x}" + text[place // 4 + 1 :]

    return change


def add(amount, index=0):
    """Adds to one of the whole numbers of a line."""

    def change(text):
        parts = [int(part) for part in text.split(" ")]
        parts[index] += amount
        return synthetic.words(parts)

    return change


def scale(factor, index):
    def change(text):
        parts = text.split(" ")
        parts[index] = repr(float(parts[index]) * factor)
        return " ".join(parts)

    return change


def put(text):
    return lambda _: text


# Which check sees which change of a line; `malformed` when the file can no longer be read. Bits of `announcements` and
# `measurements` are those of the first sifted event, see `changes`.
CHANGES = [
    ("format", put("gimbal-block 1"), "malformed"), ("block", add(1), "malformed"), ("block", put("07"), "malformed"),
    ("variant", put("perBlock"), "settings"), ("variant", put("perDay"), "settings"),
    ("ad_block", add(1), "distillation"), ("ad_block", put("1"), "distillation"), ("ad_block", put("17"), "settings"),
    *[("means", add(1, k), "bounds") for k in range(3)], ("means", put("50000 50000 200"), "settings"),
    ("means", put("200000 200 200"), "settings"), *[("shares", add(1, k), "settings") for k in range(3)],
    ("shares", put("32769 26213 6554"), "bounds"), ("axis_share_max", add(1), "bounds"),
    ("axis_share_max", put("333333"), "settings"), ("arrival_share_max", add(1000), "bounds"),
    ("arrival_share_max", put("333333"), "settings"), ("epsilon_secret", add(1), "bounds"),
    ("epsilon_correct", put("25"), "confirmation"), ("epsilon_correct", put("31"), "settings"),
    *[("planned_sifted", add(99, k), "bounds") for k in range(3)], ("planned_errors", add(999, 1), "bounds"),
    ("planned_errors", add(99, 2), "bounds"), ("planned_cross", add(99, 1), "bounds"),
    ("events", add(1), "malformed"), ("announcements", put("-"), "sifting"), ("measurements", put("-"), "sifting"),
    ("sifted_bits", add(8), "malformed"), *[("sifted_counts", add(1, k), "sifting") for k in range(3)],
    *[("error_counts", add(1, k), "errors") for k in range(3)],
    *[("error_counts", add(1, k), "bounds") for k in range(2)],
    *[("cross_counts", add(1, k), "sifting") for k in range(3)],
    *[("axis_counts", add(1, k), "sifting") for k in range(3)], ("axis_counts", put("9999 1 1"), "axis"),
    ("sifted_alice", flip(100), "errors"), ("sifted_alice", flip(7001), "errors"),
    ("sifted_bob", flip(100), "sifting"), ("sifted_bob", flip(100), "errors"),
    ("permutation_seed", flip(0), "distillation"), ("permutation_seed", flip(255), "distillation"),
    ("permutation_seed", put("-"), "distillation"), ("kept_bits", add(8), "malformed"),
    ("kept_alice", flip(0), "distillation"), ("kept_alice", flip(0), "confirmation"),
    ("kept_bob", flip(5), "distillation"), ("confirmed_bits", put("0"), "malformed"),
    ("confirmed_alice", flip(7), "confirmation"), ("confirmed_alice", flip(7), "key"),
    ("confirmed_bob", flip(7), "confirmation"), ("parity_bits", add(1), "length"), ("parity_bits", put("0"), "ledger"),
    ("confirmation_bits", add(1), "confirmation"), ("confirmation_bits", put("0"), "confirmation"),
    ("confirmation_bits", add(260), "confirmation"), ("confirmation_bits", add(65), "length"),
    *[("bounds", scale(1 + 1e-7, k), "bounds") for k in range(6)], ("bounds", put("0 0 0 0 0 0"), "bounds"),
    ("bounds", put("0.0 -1 0 0 0 0"), "malformed"), ("computed_length", add(1), "length"),
    ("computed_length", add(-1), "length"), ("toeplitz_seed_bits", add(-8), "malformed"),
    ("toeplitz_seed", flip(2000), "key"), ("toeplitz_seed", flip(3001), "key"),
    ("final_length", add(9), "malformed"), ("final_key_alice", flip(30), "key"),
    ("final_key_bob", flip(0), "key"), ("refusal", put("no_length"), "key"),
    *[(word, put("-"), "distillation") for word in ("sifted_alice", "kept_alice", "kept_bob")],
    *[(word, put("-"), "confirmation") for word in ("confirmed_alice", "confirmed_bob")],
    *[(word, put("-"), "key") for word in ("toeplitz_seed", "final_key_alice", "final_key_bob")],
    ("sifted_bob", put("-"), "sifting"),
]  # fmt: skip


def failures(lines):
    """The names of the checks that fail on a block, or `malformed`."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "block-7.txt"
        path.write_text(synthetic.text(lines))
        try:
            return {name for name, check in verify_record.checked(verify_record.read(path)) if check.wrong}
        except verify_record.Malformed:
            return {"malformed"}


class Records(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.block = synthetic.record(4, events=12000, qber=0.04, block=2)

    def test_record_ofTheTest_passes(self):
        plain = {"block": 1}
        others = {"block": 3, "qber": 0.01}, {"block": 2, "variant": "perBlock"}
        for options in (plain, plain | {"variant": "perBlock"}, *others):
            with self.subTest(options):
                self.assertEqual(failures(synthetic.record(6, **options)), set())

    def test_record_withTwoBins_passes(self):
        lines = synthetic.record(5, events=90000, qber=0.05, block=2)
        self.assertGreater(int(lines["sifted_bits"]), record_kernels.BIN_BITS)
        self.assertEqual(failures(lines), set())

    def test_everyLine_changed_isSeen(self):
        self.assertEqual(failures(self.block), set())
        seen = set()
        for word, change, name in CHANGES:
            lines = self.block | {word: change(self.block[word])}
            with self.subTest(word=word, value=lines[word][:40]):
                self.assertNotEqual(lines[word], self.block[word])
                self.assertIn(name, failures(lines))
            seen.add(word)
        self.assertEqual(set(self.block) - seen, set())
        names = {check.__name__.removeprefix("check_") for check in verify_record.CHECKS}
        self.assertEqual(names - {name for _, _, name in CHANGES}, set())

    def test_everyBitOfASiftedEvent_changed_isSeen(self):
        words = ("announcements", "measurements")
        octets = {word: np.frombuffer(bytes.fromhex(self.block[word]), np.uint8) for word in words}
        first = int(np.flatnonzero(record_kernels.sifted(*octets.values())[0])[0])

        def outcome(octets):
            return [part.tolist() for part in record_kernels.sifted(*(octets[word][[first]] for word in words))]

        for word in words:
            for place in range(8):
                text = flip(8 * first + place)(self.block[word])
                # A Pauli operator in the place of one that reverses the same axis changes nothing.
                changed = octets | {word: np.frombuffer(bytes.fromhex(text), np.uint8)}
                if word == "announcements" and place in (6, 7) and outcome(changed) == outcome(octets):
                    continue
                with self.subTest(word=word, place=place):
                    self.assertTrue(failures(self.block | {word: text}) & {"sifting", "settings"})

    def test_linesOutOfOrder_areRefused(self):
        lines = list(self.block.items())
        for changed in (lines[1:], lines[:-1], lines[:5] + [lines[6], lines[5]] + lines[7:], lines + [("more", "1")]):
            self.assertEqual(failures(dict(changed)), {"malformed"})
        for text in ("gg", "", self.block["final_key_alice"] + "00", self.block["final_key_alice"].upper()):
            self.assertEqual(failures(self.block | {"final_key_alice": text}), {"malformed"})
        filled = self.block["sifted_alice"]
        self.assertNotEqual(int(self.block["sifted_bits"]) % 8, 0)
        self.assertEqual(failures(self.block | {"sifted_alice": flip(4 * len(filled) - 1)(filled)}), {"malformed"})

    def test_binThatOverflows_fails(self):
        with mock.patch.object(record_kernels, "BIN_BITS_MAX", 100):
            self.assertIn("distillation", failures(self.block))

    def test_refusedBlock_needsNoKey(self):
        after = list(self.block)[list(self.block).index("permutation_seed") :]
        empty = {word: "0" if self.block[word].isdecimal() and len(self.block[word]) < 9 else "-" for word in after}
        empty |= {"bounds": "0.0 0.0 0.0 0.0 0.0 0.0", "refusal": "not_confirmed"}
        self.assertEqual(failures(self.block | empty), set())
        self.assertEqual(failures(self.block | empty | {"error_counts": "0 0 0"}), set())
        self.assertEqual(failures(self.block | empty | {"refusal": "axis_biased"}), {"axis"})
        # Bits enough for a key, so no reason to refuse one.
        self.assertIn("length", failures(self.block | empty | {"refusal": "no_length"}))
        self.assertIn("key", failures(self.block | empty | {"refusal": "-"}))


class Program(unittest.TestCase):
    def run_on(self, files, *options):
        with tempfile.TemporaryDirectory() as folder:
            for name, lines in files.items():
                (pathlib.Path(folder) / name).write_text(synthetic.text(lines))
            out, err = io.StringIO(), io.StringIO()
            with mock.patch.object(sys, "argv", ["verify_record.py", folder, *options]):
                with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                    status = verify_record.main()
        return status, out.getvalue().splitlines(), err.getvalue()

    def test_program_countsAndSetsItsStatus(self):
        good = synthetic.record(8)
        bad = good | {"axis_counts": add(1)(good["axis_counts"])}
        status, lines, _ = self.run_on({"block-7.txt": good})
        self.assertEqual((status, lines[-1]), (0, "verify: 11 passed, 0 failed"))
        self.assertTrue(all(line.startswith("ok ") for line in lines[:-1]))
        self.assertEqual(self.run_on({"block-7.txt": good}, "--quiet")[1], ["verify: 11 passed, 0 failed"])
        status, lines, _ = self.run_on({"block-7.txt": bad}, "--quiet")
        self.assertEqual((status, len(lines), lines[-1]), (1, 2, "verify: 10 passed, 1 failed"))
        self.assertRegex(lines[0], r"\AFAILED block 7 sifting: axis_counts: \[.*\] recorded, \[.*\] recomputed; ")

    def test_program_refusesWhatIsNoRecord(self):
        good = synthetic.record(8)
        for files in ({}, {"block-8.txt": good}, {"block-7.txt": good | {"events": "x"}}):
            status, lines, error = self.run_on(files)
            self.assertEqual((status, lines), (2, []))
            self.assertRegex(error, r"\Averify: [^\n]+\n\Z")

    def test_seedThatServesTwice_fails(self):
        good = synthetic.record(8)
        status, lines, _ = self.run_on({"block-7.txt": good, "block-8.txt": good | {"block": "8"}}, "--quiet")
        self.assertEqual((status, lines[-1]), (1, "verify: 20 passed, 1 failed"))
        self.assertIn("serves more than one block", lines[0])


class Kernels(unittest.TestCase):
    def test_keystream_isThatOfRfc8439(self):
        """Section 2.3.2."""
        words = "e4e7f110 15593bd1 1fdd0f50 c47120a3 c7f4d1c7 0368c033 9aaa2204 4e6cd4c3 466482d2 09aa9f07 05d7c214"
        words = [int(word, 16) for word in (words + " a2028bd9 d19c12b5 b94e16de e883d0cb 4e3c50a2").split()]
        key, nonce = bytes(range(32)), (0x09000000, 0x4A000000, 0)
        self.assertEqual(record_kernels.keystream(key, nonce, 1, 1)[0].tolist(), words)
        self.assertEqual(record_kernels.keystream(key, nonce, 0, 3)[1].tolist(), words)
        self.assertEqual(synthetic.chacha_block(key, nonce, 1), words)

    def test_shuffle_isUniform(self):
        """Chi-square over the 24 orders of four items; 60 is exceeded by chance once in 25 000 seeds."""
        counts = {}
        for seed in range(4800):
            stream = iter([np.random.default_rng(seed).integers(0, 65536, 64)])
            order = tuple(record_kernels.shuffled([0, 1, 2, 3], stream))
            counts[order] = counts.get(order, 0) + 1
        self.assertEqual(len(counts), 24)
        self.assertLess(sum((count - 200) ** 2 / 200 for count in counts.values()), 60)

    def test_toeplitz_isTheSumOverTheSeed(self):
        source = np.random.default_rng(1)
        for n, length in ((1, 1), (5, 3), (64, 64), (200, 1), (1, 90), (1000, 700)):
            key, seed = (source.integers(0, 2, count, np.uint8) for count in (n, n + length - 1))
            own = synthetic.toeplitz(key.tolist(), seed.tolist(), length)
            for part in (16, 1 << 20):
                self.assertEqual(record_kernels.toeplitz(key, seed, length, part).tolist(), own)

    def test_permutation_ofFewBits(self):
        for count in (0, 1, 2, 50):
            places = record_kernels.permutation(bytes(32), count)
            self.assertEqual(places.tolist(), synthetic.permuted(list(range(count)), bytes(32)))


class Lengths(unittest.TestCase):
    def test_numbers_areThoseOf40Digits(self):
        for (*settings, shares), (sifted, errors, cross, axis), expected in VECTORS:
            planned = [n * 9 // 10 + 1 for n in sifted], [m * 11 // 10 for m in errors], [c // 2 for c in cross]
            plan = record_bounds.Plan(*settings, shares, axis, 1 / 3 if axis >= 1 / 2 else axis, 10, 15, *planned)
            counts = {"sifted_counts": sifted, "error_counts": errors, "cross_counts": cross}
            counts |= {"parity_bits": 4_000_000, "confirmation_bits": 0}
            bounds = plan.bounds(counts)
            for own, value in zip([*bounds.values(), plan.length(bounds, counts)], expected, strict=True):
                with self.subTest(settings=settings, value=value):
                    self.assertLess(abs(own - value), 4e-9 * abs(value))

    def test_finalLength_isAtMost8BitsBelowItsLimit(self):
        record = synthetic.record(8, events=3000, qber=0, block=1)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "block-7.txt"
            path.write_text(synthetic.text(record))
            record = verify_record.read(path)
        limit = 1 << 23
        for computed, cap in ((1000, 1000), (limit + 100, limit)):
            with mock.patch.object(record_bounds.Plan, "length", return_value=computed + 0.5):
                for final, holds in ((cap, True), (cap - 8, True), (cap - 9, False), (cap + 1, False)):
                    changed = record | {"computed_length": computed, "final_length": final}
                    check = verify_record.Check(changed)
                    verify_record.check_length(check, changed)
                    with self.subTest(computed=computed, final=final):
                        self.assertEqual(not check.wrong, holds, check.wrong)

    def test_seedThatIsNoCoin_fails(self):
        lines = synthetic.record(4, events=12000, qber=0.04, block=2)
        count, length = int(lines["toeplitz_seed_bits"]), int(lines["final_length"])
        key = [int(bit) for bit in bin(int("1" + lines["confirmed_alice"], 16))[3:]][: int(lines["kept_bits"])]
        seed = [1] * count
        final = synthetic.hexadecimal(synthetic.toeplitz(key, seed, length))
        lines |= {"toeplitz_seed": synthetic.hexadecimal(seed), "final_key_alice": final, "final_key_bob": final}
        self.assertEqual(failures(lines), {"key"})

    def test_blockWithoutCertainPhotons_hasNoLength(self):
        plan = record_bounds.Plan("perPulse", 1, [0.5, 0.1, 0], [0.5, 0.3, 0.2], 0.34, 0.34, 10, 15, *[[1, 1, 1]] * 3)
        counts = {"sifted_counts": [100, 10, 1], "error_counts": [1, 0, 0], "cross_counts": [0, 0, 0]}
        bounds = plan.bounds(counts)
        self.assertEqual([bounds[name] for name in ("s1", "z0", "m0", "p0")], [0, 0, 0, 0])
        self.assertEqual(plan.length(bounds, counts), float("-inf"))


if __name__ == "__main__":
    unittest.main()
