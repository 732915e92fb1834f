"""What Tools/verify_record.py computes on strings of bits: sifting, permutation, advantage distillation, Toeplitz hash.

Bits are NumPy arrays of 0 and 1, one in a byte.
"""

import numpy as np

NOTHING = 0xFF  # Alice's answer for a slot that she does not know.
BIN_BITS = 57344  # The mean number of bits in a bin of the permutation is at most this.
BIN_BITS_MAX = 65535


def keystream(key, nonce, first, count):
    """ChaCha20 of RFC 8439: `count` blocks of 16 words from block counter `first` on, one block a row."""
    start = np.empty((16, count), np.uint32)
    start[:4] = np.frombuffer(b"expand 32-byte k", "<u4")[:, None]
    start[4:12] = np.frombuffer(key, "<u4")[:, None]
    start[12] = np.arange(first, first + count)
    start[13:] = np.array(nonce, np.uint32)[:, None]
    a, b, c, d = (start[row : row + 4].copy() for row in range(0, 16, 4))
    for half_round in range(20):
        for target, source, other, places in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            target += source
            other ^= target
            other[:] = other << np.uint32(places) | other >> np.uint32(32 - places)
        # Columns become diagonals after a round of columns, and columns again after one of diagonals.
        turn = -1 if half_round % 2 == 0 else 1
        b, c, d = np.roll(b, turn, 0), np.roll(c, 2, 0), np.roll(d, -turn, 0)
    return (np.concatenate((a, b, c, d)) + start).T


def draws(key, nonce):
    """Arrays of 16-bit draws without end: of each word of the keystream its low half, then its high half."""
    first, count = 0, 256
    while True:
        yield np.ascontiguousarray(keystream(key, nonce, first, count), "<u4").reshape(-1).view("<u2")
        first += count
        count = min(2 * count, 1 << 14)


def shuffled(items, stream):
    """Fisher-Yates with rejection, so that every place is equally likely; `stream` gives arrays of draws."""
    draw = (number for part in stream for number in part.tolist()).__next__
    for choices in range(len(items), 1, -1):
        unfair = 65536 % choices
        product = draw() * choices
        while product & 0xFFFF < unfair:
            product = draw() * choices
        other = product >> 16
        items[choices - 1], items[other] = items[other], items[choices - 1]
    return items


def permutation(key, count):
    """The source places of `count` permuted bits; None if a bin overflows.

    Uniform bins, then uniform inside the bins, is uniform as a whole (Rao 1961, Sandelius 1962).
    """
    bins = 1
    while count > bins * BIN_BITS:
        bins *= 2
    choice, filled = np.empty(count, np.uint16), 0
    for part in draws(key, (0, 0, 0)):
        part = part[: count - filled]
        choice[filled : filled + len(part)] = part
        filled += len(part)
        if filled == count:
            break
    choice &= bins - 1
    sizes = np.bincount(choice, minlength=bins)
    if sizes.max() > BIN_BITS_MAX:
        return None
    members = np.split(np.argsort(choice, kind="stable"), np.cumsum(sizes)[:-1])
    inside = [shuffled(part.tolist(), draws(key, (1, number, 0))) for number, part in enumerate(members)]
    return np.concatenate([np.array(part, np.int64) for part in inside])


def distilled(alice, bob, block):
    """The first bits of the groups of `block` bits whose parities with their first bit agree."""
    groups = len(alice) // block
    alice, bob = (bits[: groups * block].reshape(groups, block) for bits in (alice, bob))
    wrong = alice ^ bob
    accepted = (wrong == wrong[:, :1]).all(axis=1)
    return alice[accepted, 0], bob[accepted, 0]


def toeplitz(key, seed, length, part=1 << 20):
    """Bit i is the parity of key[j] seed[i + j] over all j: exact integers from real transforms, part by part."""
    part = min(part, 1 << max(len(key), length, 2).bit_length())
    out = np.zeros(-(-length // part) * part, np.uint8)
    for first in range(0, len(key), part):
        transform = np.conj(np.fft.rfft(key[first : first + part], 2 * part))
        for target in range(0, len(out), part):
            window = seed[first + target : first + target + 2 * part]
            sums = np.fft.irfft(transform * np.fft.rfft(window, 2 * part), 2 * part)[:part]
            exact = np.rint(sums)
            # Rounding of the transforms stays below 1e-7 at these sizes.
            assert np.abs(sums - exact).max() < 0.01
            out[target : target + part] ^= exact.astype(np.int64).astype(np.uint8) & 1
    return out[:length]


def sifted(announcements, measurements):
    """Which events are key and which only cross clicks, Bob's bits, and the intensities, from what both noted.

    Twirl 4 j + p is a Pauli operator p of I, X, Y, Z, which reverses the axes that are not its own, and then j steps of
    X -> Y -> Z -> X.
    """
    steps, pauli = announcements >> 2 & 3, announcements & 3
    axis, intensity = announcements >> 4 & 3, announcements >> 6
    agrees = (announcements != NOTHING) & ((axis + steps) % 3 == measurements & 3)
    reverses = (pauli != 0) & (pauli != axis + 1)
    crosses = measurements >> 3 & 1 == 1
    return agrees & ~crosses, agrees & crosses, measurements >> 2 & 1 ^ reverses, intensity
