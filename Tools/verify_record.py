#!/usr/bin/env python3
"""Recomputes what `twin run --record DIR` wrote, from the detected events to the final key, and says what differs.

  verify_record.py DIR [--quiet]

One line per block and check, `ok` or `FAILED`, then `verify: N passed, N failed`. Status 0 if nothing failed, 1 if
something did, 2 if a file is not of the format in Documentation/Recording.md. With --quiet only failures are printed.

Needs NumPy and shares no code with the program that wrote the files. The numbers of a key length come from
record_bounds.py. What a record cannot show: Alice's bits before sifting, and that seeds were drawn when they should be.
"""

import argparse
import decimal
import math
import pathlib
import re
import sys

import numpy as np

import record_bounds
import record_kernels as kernels

FINAL_BITS_MAX = 1 << 23
LENGTH_TOLERANCE_BITS = 8  # The modules take the smaller length when theirs differ by no more.
HASH_BITS = 65  # One hash, and what the answer to it tells.
ROLES = ("alice", "bob")

# The lines of a file in order. A string of bits or bytes names the line that counts them.
LINES = [
    ("format", "word"), ("block", "whole"), ("variant", "word"), ("ad_block", "whole"), ("means", "wholes"),
    ("shares", "wholes"), ("axis_share_max", "whole"),
    ("arrival_share_max", "whole"), ("epsilon_secret", "whole"), ("epsilon_correct", "whole"),
    ("planned_sifted", "wholes"), ("planned_errors", "wholes"), ("planned_cross", "wholes"),
    ("events", "whole"), ("announcements", "bytes events"), ("measurements", "bytes events"),
    ("sifted_bits", "whole"), ("sifted_counts", "wholes"), ("error_counts", "wholes"), ("cross_counts", "wholes"),
    ("axis_counts", "wholes"), ("sifted_alice", "bits sifted_bits"), ("sifted_bob", "bits sifted_bits"),
    ("permutation_seed", "seed"), ("kept_bits", "whole"), ("kept_alice", "bits kept_bits"),
    ("kept_bob", "bits kept_bits"), ("confirmed_bits", "whole"), ("confirmed_alice", "bits confirmed_bits"),
    ("confirmed_bob", "bits confirmed_bits"), ("parity_bits", "whole"), ("confirmation_bits", "whole"),
    ("bounds", "decimals"), ("computed_length", "whole"), ("toeplitz_seed_bits", "whole"),
    ("toeplitz_seed", "bits toeplitz_seed_bits"), ("final_length", "whole"), ("final_key_alice", "bits final_length"),
    ("final_key_bob", "bits final_length"), ("refusal", "word"),
]  # fmt: skip


class Malformed(Exception):
    """A file that is not of the format; the text says where."""


def whole(text):
    if not re.fullmatch(r"0|[1-9][0-9]{0,18}", text):
        raise Malformed("no whole number")
    return int(text)


def packed(text, count):
    """The bytes of a hexadecimal string, None for `-`."""
    if text == "-":
        return None
    if count == 0 or len(text) != 2 * count or not re.fullmatch(r"[0-9a-f]*", text):
        raise Malformed(f"no {count} bytes in lower-case hexadecimal")
    return np.frombuffer(bytes.fromhex(text), np.uint8)


def unpacked(text, count):
    """The bits of a string, one in a byte; bit 0 is the most significant bit of the first digit."""
    octets = packed(text, (count + 7) // 8)
    if octets is None:
        return None if count else np.zeros(0, np.uint8)
    bits = np.unpackbits(octets)
    if bits[count:].any():
        raise Malformed("bits behind the last are not zero")
    return bits[:count]


def value(kind, text, record):
    """The value of a line; `record` holds the lines before it."""
    kind, _, counter = kind.partition(" ")
    if kind == "whole":
        return whole(text)
    if kind in ("wholes", "decimals"):
        parts = text.split(" ")
        if len(parts) != (3 if kind == "wholes" else 6):
            raise Malformed("another number of values")
        if kind == "wholes":
            return [whole(part) for part in parts]
        if not all(re.fullmatch(r"[0-9]+(\.[0-9]+)?(e[+-]?[0-9]{1,3})?", part) for part in parts):
            raise Malformed("no decimal numbers")
        return [decimal.Decimal(part) for part in parts]
    if kind == "bytes":
        octets = packed(text, record[counter])
        return np.zeros(0, np.uint8) if octets is None and not record[counter] else octets
    if kind == "bits":
        return unpacked(text, record[counter])
    if kind == "seed":
        octets = packed(text, 32)
        return None if octets is None else octets.tobytes()
    if not re.fullmatch(r"\S+( \S+)?", text):
        raise Malformed("no word")
    return text


def read(path):
    """The record of one block as {word: value}; absent strings are None."""
    try:
        lines = path.read_text(encoding="ascii").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Malformed(f"{path.name}: {error}") from None
    record = {}
    for number, (word, kind) in enumerate(LINES, start=1):
        name, _, text = (lines[number - 1] if number <= len(lines) else "").partition(" ")
        try:
            if name != word:
                raise Malformed(f"another line than '{word}'")
            record[word] = value(kind, text, record)
            if word == "format" and text != "gimbal-block 2":
                raise Malformed("another format than gimbal-block 2")
        except Malformed as error:
            raise Malformed(f"{path.name}:{number}: {word}: {error}") from None
    if lines[len(LINES) :] != [""]:
        raise Malformed(f"{path.name}: something follows the last line")
    if path.name != f"block-{record['block']}.txt":
        raise Malformed(f"{path.name}: is block {record['block']}")
    return record


class Check:
    """One line of the answer: the figures of what was recomputed, and where the record differs."""

    def __init__(self, record):
        self.record, self.figures, self.wrong = record, "", []

    def expect(self, holds, message):
        if not holds:
            self.wrong.append(message)

    def same(self, word, own):
        """Compares a line, which must be there, with what it should be."""
        recorded = self.record[word]
        if recorded is None or own is None:
            self.expect(recorded is own, f"{word} is absent")
        elif isinstance(own, np.ndarray):
            equal = len(own) == len(recorded)
            differing = np.count_nonzero(own != recorded) if equal else f"all, {len(own)} expected,"
            self.expect(equal and not differing, f"{word}: {differing} of {len(recorded)} bits differ")
        else:
            self.expect(recorded == own, f"{word}: {recorded} recorded, {own} recomputed")


def has_key(record):
    return record["final_length"] > 0 or record["refusal"] == "-"


def check_settings(check, record):
    plan = record_bounds.Plan.of(record)
    check.figures = f"{record['variant']} b={plan.block} mu={plan.means} shares={plan.shares}"
    for condition in plan.broken_conditions():
        check.expect(False, condition)
    known = record["announcements"]
    known = np.zeros(0, np.uint8) if known is None else known[known != kernels.NOTHING]
    valid = (known & 15 < 12) & (known >> 4 & 3 < 3) & (known >> 6 < 3)
    check.expect(valid.all(), "a byte that is no announcement")
    noted = record["measurements"]
    check.expect(noted is None or ((noted & 3 < 3) & (noted < 16)).all(), "a byte that is no measurement")


def check_sifting(check, record):
    announcements, measurements = record["announcements"], record["measurements"]
    if announcements is None or measurements is None:
        return check.expect(False, "announcements or measurements are absent")
    key, cross, bits, intensity = kernels.sifted(announcements, measurements)
    counts = [int(np.count_nonzero(key & (intensity == k))) for k in range(3)]
    check.same("sifted_bits", sum(counts))
    check.same("sifted_counts", counts)
    check.same("cross_counts", [int(np.count_nonzero(cross & (intensity == k))) for k in range(3)])
    check.same("axis_counts", [int(np.count_nonzero(key & (measurements & 3 == axis))) for axis in range(3)])
    check.same("sifted_bob", np.concatenate([bits[key & (intensity == k)] for k in range(3)]))
    check.figures = f"{len(announcements)} events, {sum(counts)} sifted {counts}, {np.count_nonzero(cross)} cross"


def check_errors(check, record):
    if not has_key(record) and not any(record["error_counts"]):
        return False
    if record["sifted_alice"] is None or record["sifted_bob"] is None:
        return check.expect(False, "a sifted string is absent")
    wrong = record["sifted_alice"] ^ record["sifted_bob"]
    ends = np.cumsum(record["sifted_counts"])
    check.same("error_counts", [int(part.sum()) for part in np.split(wrong, ends[:2])])
    rate = wrong.mean() if len(wrong) else 0
    check.figures = f"{wrong.sum()} of {len(wrong)} bits differ, qber {rate:.6f}"


def check_axis(check, record):
    """Five standard deviations above the configured share, as in Security.md; four states have no such share."""
    counts, total = record["axis_counts"], sum(record["axis_counts"])
    if record["variant"] != "perPulse" or total == 0:
        return False
    share = record["axis_share_max"] / 1e6
    limit = total * share + 5 * math.sqrt(total * share * (1 - share))
    check.figures = f"largest share {max(counts) / total:.6f}, limit {limit / total:.6f}"
    if has_key(record) or record["refusal"] == "axis_biased":
        biased = record["refusal"] == "axis_biased"
        check.expect((max(counts) > limit) == biased, f"refusal is {record['refusal']}")


def check_distillation(check, record):
    alice, bob, block = record["sifted_alice"], record["sifted_bob"], record["ad_block"]
    if not has_key(record) and record["kept_bits"] == 0:
        return False
    if alice is None or bob is None:
        return check.expect(False, "a sifted string is absent")
    check.expect(record["permutation_seed"] is not None, "permutation_seed: missing")
    if record["permutation_seed"] is not None:
        places = kernels.permutation(record["permutation_seed"], len(alice))
        if places is None:
            return check.expect(False, "a bin of the permutation overflows: no key may follow")
        alice, bob = kernels.distilled(alice[places], bob[places], block)
    check.same("kept_bits", len(alice))
    check.same("kept_alice", alice)
    check.same("kept_bob", bob)
    wrong = int((alice ^ bob).sum())
    check.figures = f"b={block}, {len(alice)} of {record['sifted_bits']} kept, {wrong} of them differ"


def check_confirmation(check, record):
    """Alice's bits are the reference; the hashes are enough for the failure probability that was asked for."""
    kept, confirmed = record["kept_bits"], record["confirmed_bits"]
    if not has_key(record) and confirmed == 0:
        return False
    check.same("confirmed_bits", kept)
    for role in ROLES:
        if has_key(record) or record[f"confirmed_{role}"] is not None:
            check.same(f"confirmed_{role}", record["kept_alice"])
    tile = 1 << (16 if record["ad_block"] == 1 else 18)
    hashes, tiles = record["confirmation_bits"] / HASH_BITS, -(-kept // tile)
    check.figures = f"{kept} bits equal, {hashes:g} hashes of {tiles} tiles"
    check.expect(hashes == int(hashes) and tiles <= hashes <= 3 * tiles, "confirmation_bits: not 1 ... 3 hashes a tile")
    failure = hashes * (2**-64 + (tile / 128 + 1) * 2**-128)
    check.expect(failure <= 10.0 ** -record["epsilon_correct"], f"confirmation fails with {failure:.1e}")


def check_ledger(check, record):
    """Whoever corrects k errors of n learns log2 C(n, k) bits, by luck at most 40 fewer."""
    if record["kept_alice"] is None or record["kept_bob"] is None or record["confirmed_bits"] == 0:
        return check.expect(False, "a kept string is absent") if has_key(record) else False
    n, k = record["kept_bits"], int((record["kept_alice"] ^ record["kept_bob"]).sum())
    least = (math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)) / math.log(2)
    check.figures = f"{record['parity_bits']} parities for {k} errors, log2 C(n, k) = {least:.0f}"
    check.expect(record["parity_bits"] >= least - 40, "parity_bits: fewer than the errors need")


def check_bounds(check, record):
    if not has_key(record) and record["refusal"] != "no_length" and not any(record["bounds"]):
        return False
    bounds = record_bounds.Plan.of(record).bounds(record)
    check.figures = " ".join(f"{name}={own:.7g}" for name, own in bounds.items())
    for (name, own), recorded in zip(bounds.items(), record["bounds"]):
        # As exact as it was written, and never worse than four digits.
        written = float(decimal.Decimal(1).scaleb(recorded.as_tuple().exponent))
        allowed = min(written, 1e-4 * own) + 1e-9 * own
        check.expect(abs(float(recorded) - own) <= allowed, f"{name}: {recorded} recorded, {own!r} recomputed")


def check_length(check, record):
    """The computed length to the bit, but for the last digits of logarithms; the final one at most 8 bits below."""
    if not has_key(record) and record["refusal"] != "no_length" and record["computed_length"] == 0:
        return False
    plan = record_bounds.Plan.of(record)
    bounds = plan.bounds(record)
    exact = plan.length(bounds, record)
    slack = 1e-3 + 1e-10 * bounds["m0"]
    own = {math.floor(max(0, exact + shift)) for shift in (-slack, slack)}
    recorded, final = record["computed_length"], record["final_length"]
    check.figures = f"computed {recorded}, recomputed {exact:.3f}, final {final}"
    check.expect(recorded in own, f"computed_length: {recorded} recorded, {max(own)} recomputed")
    longest = min(max(own), FINAL_BITS_MAX)
    check.expect(final <= longest, f"final_length: {final} exceeds {longest}")
    if has_key(record):
        check.expect(final >= longest - LENGTH_TOLERANCE_BITS, f"final_length: {final} is far below {longest}")


def check_key(check, record):
    length, kept = record["final_length"], record["kept_bits"]
    if length == 0:
        check.figures = f"none: {record['refusal']}"
        return check.expect(record["refusal"] != "-", "neither a key nor a reason")
    check.expect(record["refusal"] == "-", f"a key in spite of {record['refusal']}")
    check.same("toeplitz_seed_bits", kept + length - 1)
    key, seed = record["confirmed_alice"], record["toeplitz_seed"]
    if key is None or seed is None:
        return check.expect(False, "confirmed_alice or toeplitz_seed is absent")
    own = kernels.toeplitz(key, seed, length)
    for role in ROLES:
        check.same(f"final_key_{role}", own)
    ones = int(seed.sum())
    check.figures = f"{length} bits of {kept}, seed of {len(seed)} bits with {ones} ones"
    check.expect(abs(ones - len(seed) / 2) <= 4 * math.sqrt(len(seed)), "toeplitz_seed: no fair coins")


CHECKS = [check_settings, check_sifting, check_errors, check_axis, check_distillation, check_confirmation,
          check_ledger, check_bounds, check_length, check_key]  # fmt: skip


def checked(record):
    """The checks that apply to a block, done, as (name, Check). All the others presume the first."""
    for function in CHECKS:
        check = Check(record)
        if function(check, record) is False:
            continue
        yield function.__name__.removeprefix("check_"), check
        if function is check_settings and check.wrong:
            return


def repeated(records):
    """A check over all blocks: seeds serve once."""
    check = Check({})
    for word in ("permutation_seed", "toeplitz_seed"):
        seeds = [bytes(record[word][:256]) for record in records if record[word] is not None]
        check.expect(len(set(seeds)) == len(seeds), f"{word} serves more than one block")
        check.figures += f"{len(seeds)} of {word} "
    return check


def verify(folder, quiet=False):
    """Prints a line for every check; returns how many passed and how many failed."""
    counts = {True: 0, False: 0}

    def tell(where, name, check):
        passed = not check.wrong
        counts[passed] += 1
        if not (quiet and passed):
            words = "ok    " if passed else "FAILED"
            print(f"{words} {where} {name}: {'; '.join([*check.wrong, check.figures.strip()])}")

    paths = sorted(folder.glob("block-*.txt"), key=lambda path: (len(path.name), path.name))
    if not paths:
        raise Malformed(f"{folder}: no files block-N.txt")
    records = []
    for path in paths:
        record = read(path)
        for name, check in checked(record):
            tell(f"block {record['block']}", name, check)
        records.append({word: record[word] for word in ("permutation_seed", "toeplitz_seed")})
    tell(f"{len(records)} blocks", "seeds", repeated(records))
    return counts[True], counts[False]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DIR", type=pathlib.Path)
    parser.add_argument("--quiet", action="store_true", help="print failures only")
    arguments = parser.parse_args()
    try:
        passed, failed = verify(arguments.folder, arguments.quiet)
    except Malformed as error:
        print(f"verify: {error}", file=sys.stderr)
        return 2
    print(f"verify: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
