#!/usr/bin/env python3
"""What a link is expected to count and how much key that makes: the predictor behind the policy table.

It shares no code with the product or with Tools/keylength.py, so that each can be held against the others. Formulas:
finite-key.md sections 2, 3 and 5 (streaming forms); counting: Documentation/Twin.md, Documentation/Decisions/0011.

  linkmodel.py --qber 20.7 --eta 0.3 --pulses 1e11 --means 0.0628,0.0104,0.0002 --shares 0.82,0.148,0.032 --block 5
"""

import argparse
import dataclasses
import math

VARIANTS = ("perPulse", "perBlock")
BLOCKS = range(1, 17)

# Parity bits of error correction over the Shannon limit, by the error rate of the kept bits. Measured with Cascade
# later; between the points the logarithm of the rate is interpolated, and below the last pair it is extrapolated.
EFFICIENCIES = ((0.001, 1.16), (0.005, 1.10), (0.01, 1.06), (0.11, 1.06))

EPSILON_SECRET = 1e-10
# Five tails for s1, two for v, one each for NE, M0 and p0, three for the cross-click tag.
TAILS = 13
# A hash and its outcome for each tile of the kept string.
CONFIRMATION_BITS = 65
TILE_BITS = {False: 1 << 16, True: 1 << 18}
# ceil(log2(2/eps_correct)) at 1e-15.
CONFIRMATION_BITS_MIN = 51


@dataclasses.dataclass(frozen=True)
class Link:
    """A link without motion. `eta` is channel times gate times detector; every figure below is per slot."""

    eta: float
    # Misalignment: the error rate of the light alone, half of the depolarising parameter.
    qber: float
    # Noise counts per slot and detector.
    dark: float = 1e-6
    # A click within so many slots of any click before it is discarded.
    dead_slots: int = 10
    # A detector is blind for so many slots after its own click; at most `dead_slots`.
    own_dead_slots: int = 8
    roll_degrees: float = 0.0
    # Share of all slots that are masked, for example while wave plates turn.
    masked: float = 0.0


@dataclasses.dataclass(frozen=True)
class Light:
    """Mean photon numbers and shares of signal, decoy and vacuum."""

    means: tuple
    shares: tuple


@dataclasses.dataclass(frozen=True)
class Counts:
    """Expected counts by intensity, as fractions of a count; cross-clicks are those given to Alice's axis."""

    sifted: tuple
    errors: tuple
    cross: tuple

    @property
    def total(self):
        return sum(self.sifted)

    @property
    def qber(self):
        return sum(self.errors) / self.total

    def scaled(self, factor):
        return Counts(*(tuple(x * factor for x in row) for row in (self.sifted, self.errors, self.cross)))


@dataclasses.dataclass(frozen=True)
class Expectation:
    """Per pulse: sifted counts after dead time, slots with any click before it, counted slots after it."""

    counts: Counts
    click: float
    counted: float
    # Error rate of sifted bits on the axes Z, X and Y.
    axis_qber: tuple


def bloch_rows(link):
    """For a state on each axis (Z, X, Y): its overlap with the positive direction of all three axes.

    Equal rows are listed once: without roll the three axes are alike, and the two signs always are.
    """
    length = 1 - 2 * link.qber
    turn = math.radians(2 * link.roll_degrees)
    c, s = math.cos(turn) * length, math.sin(turn) * length
    if link.roll_degrees == 0:
        return [(0, (length, 0.0, 0.0))]
    return [(0, (c, -s, 0.0)), (1, (s, c, 0.0)), (2, (0.0, 0.0, length))]


def outcome(axis, overlaps, photons, noise):
    """Probabilities of one pulse: (sifted, error, cross-click given to Alice's axis, any click, mean detector click).

    Detectors click independently, each with 1 - exp(-lambda), because a phase-randomised coherent pulse splits into
    independent Poisson numbers.
    """
    rates = [(photons * (1 + r) / 6 + noise, photons * (1 - r) / 6 + noise) for r in overlaps]
    right, wrong = (-math.expm1(-x) for x in rates[axis])
    own = -math.expm1(-sum(rates[axis]))
    first, second = (-math.expm1(-sum(rates[a])) for a in range(3) if a != axis)
    alone = (1 - first) * (1 - second)
    error = wrong * (1 - right) + right * wrong / 2
    # Of two clicked axes Bob takes Alice's with 1/2, of three with 1/3.
    cross = own * ((first + second - 2 * first * second) / 2 + first * second / 3)
    click = -math.expm1(-sum(map(sum, rates)))
    detector = sum(-math.expm1(-x) for pair in rates for x in pair) / 6
    return own * alone, error * alone, cross, click, detector


def live_share(link, click, detector):
    """Probability that no live click fell in the last `dead_slots` slots, so that a click now counts.

    A detector with click probability p and own dead time d is a renewal process with gap d + geometric(p); it is
    silent for D >= d slots with probability (1-p)^(D-d)/(1+dp). Six of them are independent but for the choice of
    the pulse that they share in a slot; taking (1 - click) for the product of (1 - p) puts that right.
    """
    d = link.own_dead_slots
    if not 0 <= d <= link.dead_slots:
        raise ValueError("a detector's own dead time must not exceed the common one")
    blind = ((1 - detector) ** d * (1 + d * detector)) ** 6
    return (1 - click) ** link.dead_slots / blind


def expectation(link, light):
    """What one pulse of `light` adds to the counts, on average."""
    rows = bloch_rows(link)
    sums = []
    click = detector = 0.0
    by_axis = [[0.0, 0.0] for _ in range(3)]
    for mean, share in zip(light.means, light.shares):
        kinds = [outcome(axis, overlaps, mean * link.eta, link.dark) for axis, overlaps in rows]
        sifted, error, cross, any_click, one = (sum(x) / len(kinds) for x in zip(*kinds))
        sums.append((share * sifted, share * error, share * cross))
        click += share * any_click
        detector += share * one
        for axis in range(3):
            kind = kinds[axis % len(kinds)]
            by_axis[axis][0] += share * kind[0]
            by_axis[axis][1] += share * kind[1]
    live = live_share(link, click, detector)
    counts = Counts(*zip(*sums)).scaled(live * (1 - link.masked))
    return Expectation(counts, click, click * live, tuple(e / s for s, e in by_axis))


# What follows turns counts into a length.


def entropy(p):
    if p <= 0 or p >= 1:
        return 0.0
    return -(p * math.log2(p) + (1 - p) * math.log1p(-p) / math.log(2))


def efficiency(rate):
    """f for kept bits with this error rate, from the table."""
    if rate <= 0:
        return 1.0
    points = EFFICIENCIES
    if rate >= points[-1][0]:
        return points[-1][1]
    index = next(i for i in range(1, len(points)) if rate < points[i][0])
    (low, f_low), (high, f_high) = points[index - 1], points[index]
    return f_low + (f_high - f_low) * math.log(rate / low) / math.log(high / low)


def kept(counts, block):
    """Bits that advantage distillation keeps, and their error rate."""
    e = counts.qber
    wrong = e**block
    accepted = wrong + (1 - e) ** block
    return counts.total / block * accepted, wrong / accepted


def charged_bits(counts, block, f=None):
    """(parities, confirmation): what error correction and the tile hashes are expected to tell."""
    bits, rate = kept(counts, block)
    tiles = math.ceil(bits / TILE_BITS[block > 1])
    confirmation = max(CONFIRMATION_BITS * tiles, CONFIRMATION_BITS_MIN)
    return (efficiency(rate) if f is None else f) * bits * entropy(rate), confirmation


def divergence_root(q, trials, nats, upwards):
    """The p above (or below) q at which trials D(q||p) = nats; Newton from outside, safeguarded by halving."""
    if upwards:
        return 1 - divergence_root(1 - q, trials, nats, False)
    if q <= 0:
        return 0.0
    low, high = 0.0, q
    target = nats / trials
    p = q - math.sqrt(2 * target * q * (1 - q)) if q < 1 else math.exp(-target)
    for _ in range(200):
        if not low < p < high:
            p = (low + high) / 2
        surplus = q * math.log(q / p) - target
        if q < 1:
            surplus += (1 - q) * math.log((1 - q) / (1 - p))
        if surplus > 0:
            low = p
        else:
            high = p
        # dD/dp = (p - q)/(p (1 - p)).
        step = surplus * p * (1 - p) / (p - q)
        if abs(step) < 1e-15 * p:
            break
        p -= step
    return p


class Tails:
    """The streaming forms; `planned` counts fix their exponents before the first pulse."""

    def __init__(self, light, planned, tails=TAILS):
        self.light = light
        self.planned = planned
        self.nats = math.log(tails) - 2 * math.log(3 * EPSILON_SECRET / 8)
        self.weights = [math.exp(mu) / p for mu, p in zip(light.means, light.shares)]
        self.tau0 = sum(1 / w for w in self.weights)
        self.tau1 = sum(mu / w for mu, w in zip(light.means, self.weights))

    def mean(self, counts, planned, k, upwards):
        """Bound of e^mu/p times the mean count of intensity k."""
        lam = math.sqrt(2 * self.nats / max(1.0, planned[k]))
        if upwards:
            return self.weights[k] * (lam * counts[k] + self.nats) / -math.expm1(-lam)
        return self.weights[k] * max(0.0, lam * counts[k] - self.nats) / math.expm1(lam)

    def ones_upper(self, counts, planned):
        mu = self.light.means
        slope = self.mean(counts, planned, 1, True) - self.mean(counts, planned, 2, False)
        return min(max(0.0, self.tau1 * slope / (mu[1] - mu[2])), sum(counts))

    def ones_lower(self, counts, planned):
        mu1, mu2, mu3 = self.light.means
        up = [self.mean(counts, planned, k, True) for k in range(3)]
        down = [self.mean(counts, planned, k, False) for k in range(3)]
        empty = max(0.0, (mu2 * down[2] - mu3 * up[1]) / (mu2 - mu3))
        inner = down[1] - up[2] - (mu2 * mu2 - mu3 * mu3) / (mu1 * mu1) * (up[0] - empty)
        bound = self.tau1 * mu1 * inner / (mu1 * (mu2 - mu3) - mu2 * mu2 + mu3 * mu3)
        return min(max(0.0, bound), sum(counts))

    def hidden(self, seen, planned_seen, share):
        """At most so many outcomes hid, when each hides with probability `share` at most."""
        lam = (1 - share) * math.sqrt(2 * self.nats / (share * max(1.0, planned_seen)))
        lam = min(lam, -0.9 * math.log(share))
        kappa = -math.log((1 - share * math.exp(lam)) / (1 - share))
        return (kappa * seen + self.nats) / lam


@dataclasses.dataclass(frozen=True)
class Length:
    """`raw` is the length before it is cut off at zero; names as in finite-key.md section 2."""

    raw: float
    s1: float = 0.0
    v: float = 0.0
    hidden: float = 0.0
    z0: float = 1.0
    m0: float = 0.0
    p0: float = 0.5

    @property
    def bits(self):
        return max(0, math.floor(self.raw))

    @property
    def qber_upper(self):
        return self.v / self.s1 if self.s1 > 0 else 1.0


def key_length(variant, light, block, counts, planned, shares=None, f=None):
    """The secret bits of one block. `shares` are (phase-only, axis): how often a pattern hides from the bit, and how
    often several photons stay on one axis; nil takes the exact values."""
    hides, axis = shares or ((1 / 3, 1 / 3) if variant == "perPulse" else (1 / 2, 1 / 3))
    tails = Tails(light, planned)
    seen = tails.ones_upper(counts.cross, planned.cross)
    hidden = tails.hidden(seen, tails.ones_upper(planned.cross, planned.cross), axis)
    s1 = max(0.0, tails.ones_lower(counts.sifted, planned.sifted) - hidden)
    v = tails.ones_upper(counts.errors, planned.errors)
    phase = tails.hidden(v, tails.ones_upper(planned.errors, planned.errors), hides)
    good = s1 - v
    total = counts.total
    lack = Length(raw=good - phase - total, s1=s1, v=v, hidden=hidden)
    if good <= block:
        return lack
    pool = s1 if variant == "perBlock" and block == 1 else good
    z0 = phase / pool
    if z0 >= 0.5:
        return dataclasses.replace(lack, z0=z0)
    m0, p0 = pool, z0
    if block > 1:
        groups = total // block
        whole = math.prod((good - j) / (total - j) for j in range(block))
        m0 = groups * divergence_root(whole, groups, tails.nats, False)
        if m0 < 1:
            return dataclasses.replace(lack, z0=z0)
        odd = (1 - (1 - 2 * z0) ** block) / 2
        p0 = min(0.5, divergence_root(odd, m0, tails.nats + math.log(2 * total) / 2, True))
    parities, confirmation = charged_bits(counts, block, f)
    fixed = 2 * math.log2(2 / EPSILON_SECRET)
    raw = m0 * (1 - entropy(p0)) - parities - confirmation - fixed
    return Length(raw, s1, v, hidden, z0, m0, p0)


def predict(link, light, block, pulses, variant="perPulse"):
    """Counts and length of a block of so many pulses that goes as planned."""
    counts = expectation(link, light).counts.scaled(pulses)
    return counts, key_length(variant, light, block, counts, counts)


def numbers(text):
    return tuple(float(x) for x in text.split(","))


def main():
    parser = argparse.ArgumentParser(description="Expected counts and key length of a link, one line of key=value.")
    parser.add_argument("--variant", choices=VARIANTS, default="perPulse")
    parser.add_argument("--qber", type=float, required=True, help="misalignment in percent")
    parser.add_argument("--eta", type=float, required=True, help="channel times gate times detector")
    parser.add_argument("--pulses", type=float, required=True)
    parser.add_argument("--means", type=numbers, required=True)
    parser.add_argument("--shares", type=numbers, required=True)
    parser.add_argument("--block", type=int, choices=BLOCKS, default=1)
    parser.add_argument("--dark", type=float, default=1e-6)
    parser.add_argument("--dead", type=int, default=10)
    parser.add_argument("--roll", type=float, default=0.0)
    a = parser.parse_args()
    link = Link(a.eta, a.qber / 100, a.dark, a.dead, min(8, a.dead), a.roll)
    counts, length = predict(link, Light(a.means, a.shares), a.block, a.pulses, a.variant)
    parities, confirmation = charged_bits(counts, a.block)
    print(f"sifted_bits={counts.total:.0f} qber={counts.qber:.6f} qber_upper={length.qber_upper:.6f} "
          f"cross_clicks={sum(counts.cross):.0f} s1={length.s1:.0f} v={length.v:.0f} z0={length.z0:.6f} "
          f"m0={length.m0:.0f} p0={length.p0:.6f} leak={parities:.0f} confirmation={confirmation} "
          f"final_length={length.bits}")


if __name__ == "__main__":
    main()
