"""Makes a record of one block without the twin, by loops over single bits: the second implementation that the tests of
Tools/verify_record.py compare with. Only the numbers of the key length are the verifier's own; they have vectors.
"""

import math
import random
import struct

import record_bounds

# An epsilon of 1/10, so that a block of a few thousand bits gives a key.
SETTINGS = {"means": "200000 50000 200", "shares": "32768 26214 6554"}
EPSILONS = {"epsilon_secret": "1", "epsilon_correct": "15"}
AXIS_SHARE = {"perPulse": "342000", "perBlock": "500000"}
WEIGHTS = [0.5, 0.4 * 0.26, 0.1 * 0.01]
# The lines that a key length follows from.
NUMBERS = [
    "ad_block", *SETTINGS, "axis_share_max", "arrival_share_max", *EPSILONS, "planned_sifted", "planned_errors",
    "planned_cross", "sifted_counts", "error_counts", "cross_counts", "parity_bits", "confirmation_bits",
]


def chacha_block(key, nonce, counter):
    """RFC 8439, section 2.3, word by word."""
    state = [*struct.unpack("<4I", b"expand 32-byte k"), *struct.unpack("<8I", key), counter, *nonce]
    work = state[:]

    def quarter(a, b, c, d):
        for x, y, z, places in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            work[x] = (work[x] + work[y]) & 0xFFFFFFFF
            mixed = work[z] ^ work[x]
            work[z] = (mixed << places | mixed >> (32 - places)) & 0xFFFFFFFF

    for _ in range(10):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return [(a + b) & 0xFFFFFFFF for a, b in zip(work, state)]


def draws(key, nonce):
    counter = 0
    while True:
        for word in chacha_block(key, nonce, counter):
            yield word & 0xFFFF
            yield word >> 16
        counter += 1


def permuted(bits, key):
    """The bits in uniformly random order, by bins and then by Fisher-Yates inside each bin."""
    count = 1
    while len(bits) > 57344 * count:
        count *= 2
    stream, bins = draws(key, (0, 0, 0)), [[] for _ in range(count)]
    for bit in bits:
        bins[next(stream) & (count - 1)].append(bit)
    out = []
    for number, part in enumerate(bins):
        stream = draws(key, (1, number, 0))
        for i in range(len(part) - 1, 0, -1):
            product = next(stream) * (i + 1)
            while (product & 0xFFFF) < 65536 % (i + 1):
                product = next(stream) * (i + 1)
            j = product >> 16
            part[i], part[j] = part[j], part[i]
        out += part
    return out


def distilled(pairs, block):
    """The pairs of bits that are kept: firsts of groups in which all parities agree."""
    kept = []
    for start in range(0, len(pairs) - block + 1, block):
        group = pairs[start : start + block]
        if all(group[0][0] ^ a == group[0][1] ^ b for a, b in group[1:]):
            kept.append(group[0])
    return kept


def toeplitz(key, seed, length):
    key, seed = (sum(bit << i for i, bit in enumerate(bits)) for bits in (key, seed))
    return [(key & seed >> i).bit_count() & 1 for i in range(length)]


def hexadecimal(bits):
    text = "".join(map(str, bits))
    text += "0" * (-len(text) % 8)
    return "".join(f"{int(text[i : i + 8], 2):02x}" for i in range(0, len(text), 8)) or "-"


def image(twirl, axis):
    """The physical axis of a logical one, and whether its bits change places: the rotation, on a Bloch vector."""
    vector = [0, 0, 0]
    vector[axis] = 1
    if twirl % 4:
        vector = [part if i == twirl % 4 - 1 else -part for i, part in enumerate(vector)]
    for _ in range(twirl // 4):
        vector = [vector[2], vector[0], vector[1]]
    return next((i, part < 0) for i, part in enumerate(vector) if part)


class Events:
    """Random events, and what sifting makes of them."""

    def __init__(self, source, count, qber):
        self.announcements, self.measurements = bytearray(), bytearray()
        self.pairs, self.cross, self.axes, self.errors = [[], [], []], [0] * 3, [0] * 3, [0] * 3
        for _ in range(count):
            twirl, logical = source.randrange(12), source.randrange(3)
            intensity = source.choices(range(3), WEIGHTS)[0]
            axis, flips = image(twirl, logical)
            bit, wrong = source.getrandbits(1), intensity == 2 or source.random() < qber
            wrong = source.random() < 0.5 if intensity == 2 else wrong
            agrees, crosses, known = (source.random() < share for share in (0.7, 0.001, 0.999))
            measured = axis if agrees else (axis + 1 + source.getrandbits(1)) % 3
            self.announcements.append(twirl | logical << 4 | intensity << 6 if known else 0xFF)
            self.measurements.append(measured | (bit ^ wrong ^ flips) << 2 | crosses << 3)
            if known and agrees and crosses:
                self.cross[intensity] += 1
            elif known and agrees:
                self.pairs[intensity].append((bit, bit ^ wrong))
                self.axes[measured] += 1
                self.errors[intensity] += wrong


def words(numbers):
    return " ".join(map(str, numbers))


def record(seed, events=12000, qber=0.03, block=3, variant="perPulse"):
    """The lines of a block with a key as {word: text}, in order."""
    source = random.Random(seed)
    drawn = Events(source, events, qber)
    counts = [len(part) for part in drawn.pairs]
    pairs = [pair for part in drawn.pairs for pair in part]
    permutation_seed = source.randbytes(32)
    kept = distilled(permuted(pairs, permutation_seed), block)
    wrong, n = sum(a != b for a, b in kept), len(kept)
    chosen = (math.lgamma(n + 1) - math.lgamma(wrong + 1) - math.lgamma(n - wrong + 1)) / math.log(2)
    tile = 1 << (16 if block == 1 else 18)
    lines = {
        "format": "gimbal-block 2", "block": "7", "variant": variant, "ad_block": str(block), **SETTINGS,
        "axis_share_max": AXIS_SHARE[variant], "arrival_share_max": "342000", **EPSILONS,
        "planned_sifted": words(max(1, count) for count in counts), "planned_errors": words(drawn.errors),
        "planned_cross": words(drawn.cross), "events": str(events), "announcements": drawn.announcements.hex(),
        "measurements": drawn.measurements.hex(), "sifted_bits": str(len(pairs)), "sifted_counts": words(counts),
        "error_counts": words(drawn.errors), "cross_counts": words(drawn.cross), "axis_counts": words(drawn.axes),
        "sifted_alice": hexadecimal(a for a, _ in pairs), "sifted_bob": hexadecimal(b for _, b in pairs),
        "permutation_seed": permutation_seed.hex(), "kept_bits": str(n),
        "kept_alice": hexadecimal(a for a, _ in kept), "kept_bob": hexadecimal(b for _, b in kept),
        "confirmed_bits": str(n), "confirmed_alice": hexadecimal(a for a, _ in kept),
        "confirmed_bob": hexadecimal(a for a, _ in kept), "parity_bits": str(int(1.15 * chosen) + 20),
        "confirmation_bits": str(65 * -(-n // tile)),
    }  # fmt: skip
    finish(lines, [a for a, _ in kept], source)
    return lines


def finish(lines, key, source):
    """Adds the key length and what follows from it."""
    numbers = {"variant": lines["variant"]}
    for word in NUMBERS:
        parts = [int(part) for part in lines[word].split(" ")]
        numbers[word] = parts if len(parts) > 1 else parts[0]
    plan = record_bounds.Plan.of(numbers)
    bounds = plan.bounds(numbers)
    length = math.floor(plan.length(bounds, numbers))
    assert length > 0, f"no key: {bounds}"
    seed = [source.getrandbits(1) for _ in range(len(key) + length - 1)]
    final = hexadecimal(toeplitz(key, seed, length))
    lines |= {
        "bounds": words(bounds.values()), "computed_length": str(length), "toeplitz_seed_bits": str(len(seed)),
        "toeplitz_seed": hexadecimal(seed), "final_length": str(length), "final_key_alice": final,
        "final_key_bob": final, "refusal": "-",
    }  # fmt: skip


def text(lines):
    return "".join(f"{word} {value}\n" for word, value in lines.items())
