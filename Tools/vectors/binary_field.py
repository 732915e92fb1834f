#!/usr/bin/env python3
"""Prints the test vectors of BinaryField, PrivacyAmplification and Authentication as Swift source.

    python3 Tools/vectors/binary_field.py products       > Tests/BinaryFieldTests/ProductVectors.swift
    python3 Tools/vectors/binary_field.py toeplitz       > Tests/PrivacyAmplificationTests/ToeplitzVectors.swift
    python3 Tools/vectors/binary_field.py authentication > Tests/AuthenticationTests/AuthenticationVectors.swift

Everything is computed from the definitions on Python integers, one bit at a time, with no code in common with the Swift
sources: bit i of an integer is the coefficient of x^i. Inputs come from SplitMix64, as `SeededRandom` in HostStorage
draws them, so that the tests can draw the same. The output depends on nothing else.
"""
import sys

MASK = (1 << 64) - 1
MODULUS = (1 << 128) | (1 << 7) | (1 << 2) | (1 << 1) | 1


class Random:
    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def words(self, count):
        return sum(self.next() << (64 * i) for i in range(count))


def product(a, b):
    total = 0
    while b:
        if b & 1:
            total ^= a
        a <<= 1
        b >>= 1
    return total


def remainder(a):
    while a.bit_length() > 128:
        a ^= MODULUS << (a.bit_length() - 129)
    return a


def polynomial_hash(point, message, bits):
    """b1 r^(L+1) + ... + bL r^2 + bits r, every power computed on its own."""
    blocks = [(message >> (128 * k)) & ((1 << 128) - 1) for k in range((bits + 127) // 128)] + [bits]
    total = 0
    for k, block in enumerate(blocks):
        power = 1
        for _ in range(len(blocks) - k):
            power = remainder(product(power, point))
        total ^= remainder(product(block, power))
    return total


def literal(word):
    digits = f"{word:016x}"
    return "0x" + "_".join(digits[i:i + 4] for i in range(0, 16, 4))


def split(value, words):
    return [literal((value >> (64 * i)) & MASK) for i in range(words)]


def table(comment, name, kind, rows):
    print(f"\n/// {comment}\nlet {name}: [{kind}] = [")
    for row in rows:
        print(f"  {row},")
    print("]")


def products():
    random = Random(41)
    operands = [(0, MASK), (1, MASK), (MASK, MASK), (1 << 63, 1 << 63), (0x8888888888888888, MASK)]
    operands += [(random.next(), random.next()) for _ in range(8)]
    rows = []
    for a, b in operands:
        p = split(product(a, b), 2)
        rows.append(f"({literal(a)}, {literal(b)}, {p[0]}, {p[1]})")
    table("Operands, low word and high word of the product.", "wordProducts", "(UInt64, UInt64, UInt64, UInt64)", rows)
    top = (1 << 128) - 1
    operands = [(top, top), (1 << 127, 1 << 127), (1, top), (1 << 127, 2)]
    operands += [(random.words(2), random.words(2)) for _ in range(8)]
    rows = []
    for a, b in operands:
        words = split(a, 2) + split(b, 2) + split(remainder(product(a, b)), 2)
        rows.append("[\n    " + ", ".join(words[:4]) + ",\n    " + ", ".join(words[4:]) + ",\n  ]")
    table("Left, right and product in GF(2^128), each low word first.", "fieldProducts", "[UInt64]", rows)


def toeplitz():
    rows = []
    for seed, n, m in [(1, 1, 1), (2, 64, 64), (3, 65, 63), (4, 127, 130), (5, 1000, 199), (6, 6000, 300)]:
        random = Random(seed)
        key = random.words((n + 63) // 64) & ((1 << n) - 1)
        matrix = random.words((n + m + 62) // 64)
        out = sum(((key & (matrix >> i)).bit_count() & 1) << i for i in range(m))
        words = split(out, (m + 63) // 64)
        lines = [", ".join(words[i:i + 4]) for i in range(0, len(words), 4)]
        output = lines[0] if len(words) == 1 else "\n      " + ",\n      ".join(lines) + ",\n    "
        rows.append(f"ToeplitzVector(\n    seed: {seed}, keyBits: {n}, outputBits: {m},\n    output: [{output}])")
    print("\nstruct ToeplitzVector {\n  let seed: UInt64\n  let keyBits: Int\n  let outputBits: Int\n"
          "  let output: [UInt64]\n}")
    heading = "Key words, then seed words, are drawn from `SeededRandom(seed:)`."
    table(heading, "toeplitzVectors", "ToeplitzVector", rows)


def authentication():
    print("\nstruct HashVector {\n  let seed: UInt64\n  let length: Int\n  let value: [UInt64]\n}")
    rows = []
    for seed, count in enumerate([0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 100, 257]):
        random = Random(seed)
        point, pad = random.words(2), random.words(2)
        message = random.words((count + 7) // 8) & ((1 << (8 * count)) - 1)
        value = split(polynomial_hash(point, message, 8 * count) ^ pad, 2)
        rows.append(f"HashVector(seed: {seed}, length: {count}, value: [{', '.join(value)}])")
    table("Point, pad, then the message as little-endian words are drawn; `length` counts bytes.", "tagVectors",
          "HashVector", rows)
    rows = []
    for seed, count in enumerate([1, 63, 64, 65, 127, 128, 129, 192, 200, 256, 1000, 4096], start=100):
        random = Random(seed)
        point, multiplier = random.words(2), random.words(2)
        message = random.words((count + 63) // 64) & ((1 << count) - 1)
        value = remainder(product(multiplier, polynomial_hash(point, message, count))) & MASK
        rows.append(f"HashVector(seed: {seed}, length: {count}, value: [{literal(value)}])")
    table("Point, multiplier, then the words of the key are drawn; `length` counts bits.", "confirmationVectors",
          "HashVector", rows)


if __name__ == "__main__":
    suites = {"products": products, "toeplitz": toeplitz, "authentication": authentication}
    if len(sys.argv) != 2 or sys.argv[1] not in suites:
        sys.exit(__doc__)
    print(f"// Printed by Tools/vectors/binary_field.py {sys.argv[1]}.")
    suites[sys.argv[1]]()
