"""The finite key length that Tools/verify_record.py recomputes, in doubles.

Written from the formulas in Documentation/Security.md and their sources; it shares no code with the product or with
Tools/keylength.py. The numbers of a block are s1, v, ne, z0, m0, p0; one that was not computed, since another before it
ended the block, is zero.

Rounding as Security.md tells it: L is raised by one part in 2^30, the secret part loses one part in 2^36.
"""

import dataclasses
import math

BOUNDS = 13  # Five tails in s1, two in v, one each in ne, m0 and p0, three in the cross-click tag.
SIGNAL, DECOY, VACUUM = range(3)


def entropy(p):
    """Binary entropy in bits."""
    return 0.0 if p <= 0 or p >= 1 else -(p * math.log2(p) + (1 - p) * math.log2(1 - p))


def divergence(q, p):
    """D(q || p) in nats for p neither 0 nor 1."""

    def loss(a, b):
        # By their difference where a and b are close, so that it keeps its digits.
        return 0.0 if a == 0 else -a * (math.log1p((b - a) / a) if abs(b - a) < a / 2 else math.log(b / a))

    return loss(q, p) + loss(1 - q, 1 - p)


def fraction(q, count, nats, end):
    """The p between q and `end`, 0 or 1, with count D(q || p) = nats: a tail of `count` events (Hoeffding 1963)."""
    if q == end:
        return q
    near, far = q, float(end)
    while True:
        middle = (near + far) / 2
        if middle in (near, far):
            return far
        if middle == end or count * divergence(q, middle) >= nats:
            far = middle
        else:
            near = middle


@dataclasses.dataclass
class Plan:
    """What was settled before the first pulse."""

    variant: str
    block: int
    means: list
    shares: list
    axis_share: float
    arrival_share: float
    epsilon_secret: int  # Both are powers of ten without their sign.
    epsilon_correct: int
    planned_sifted: list
    planned_errors: list
    planned_cross: list

    @classmethod
    def of(cls, record):
        """The plan in the lines of a record."""
        planned = [record[word] for word in ("planned_sifted", "planned_errors", "planned_cross")]
        return cls(
            record["variant"], record["ad_block"], [mean / 1e6 for mean in record["means"]],
            [share / 65536 for share in record["shares"]],
            record["axis_share_max"] / 1e6, record["arrival_share_max"] / 1e6,
            record["epsilon_secret"], record["epsilon_correct"], *planned)  # fmt: skip

    def broken_conditions(self):
        """What the formulas presume and the plan does not fulfil."""
        means, least = self.means, {"perPulse": 1 / 3, "perBlock": 1 / 2}.get(self.variant, 2)
        conditions = {
            "variant: neither perPulse nor perBlock": least < 2,
            "ad_block: not 1 ... 16": 1 <= self.block <= 16,
            "means: signal not above decoy + vacuum": means[SIGNAL] > means[DECOY] + means[VACUUM],
            "means: decoy not above vacuum": means[DECOY] > means[VACUUM],
            "shares: not positive or not 1 in sum": min(self.shares) > 0 and sum(self.shares) == 1,
            "axis_share_max: below the even share or not below 1": least <= self.axis_share < 1,
            "arrival_share_max: below a third or not below 1": 1 / 3 <= self.arrival_share < 1,
            "epsilon: not 10^-1 ... 10^-30": all(1 <= e <= 30 for e in (self.epsilon_secret, self.epsilon_correct)),
        }
        return [condition for condition, holds in conditions.items() if not holds]

    @property
    def nats(self):
        """L: a failed bound enters the secrecy by the root of its probability, hence twice the logarithm."""
        return math.log(BOUNDS) - 2 * math.log(3 / 8 * 10.0**-self.epsilon_secret)

    @property
    def raised(self):
        return self.nats * (1 + 2**-30)

    def scaled(self, counts, planned, upper):
        """e^mu/p times a bound of the mean of each count: fixed-lambda tails, lambda from the planned counts."""
        out = []
        for mean, share, count, plan in zip(self.means, self.shares, counts, planned):
            rate = math.sqrt(2 * self.nats / max(1, plan))
            if upper:
                bound = (rate * count + self.raised) / -math.expm1(-rate)
            else:
                bound = max(0.0, (rate * count - self.raised) / math.expm1(rate))
            out.append(math.exp(mean) / share * bound)
        return out

    def photons(self, number):
        """tau_n of Lim et al., PRA 89, 022307: the share of pulses with `number` photons, 0 or 1."""
        return sum(share * math.exp(-mean) * mean**number for mean, share in zip(self.means, self.shares))

    def singles_upper(self, counts, planned):
        """At most so many of the counted events came from single photons (Lim et al., equation 4)."""
        high, low = self.scaled(counts, planned, True), self.scaled(counts, planned, False)
        bound = self.photons(1) * (high[DECOY] - low[VACUUM]) / (self.means[DECOY] - self.means[VACUUM])
        return min(max(0.0, bound), float(sum(counts)))

    def singles_lower(self, counts, planned):
        """At least so many of the counted events came from single photons (Lim et al., equations 2 and 3)."""
        high, low = self.scaled(counts, planned, True), self.scaled(counts, planned, False)
        mu1, mu2, mu3 = self.means
        empty = max(0.0, (mu2 * low[VACUUM] - mu3 * high[DECOY]) / (mu2 - mu3))
        inner = low[DECOY] - high[VACUUM] - (mu2**2 - mu3**2) / mu1**2 * (high[SIGNAL] - empty)
        bound = self.photons(1) * mu1 * inner / (mu1 * (mu2 - mu3) - mu2**2 + mu3**2)
        return min(max(0.0, bound), float(sum(counts)))

    def hidden(self, seen, planned, share):
        """At most so many outcomes hid, when each does with probability at most `share` and `seen` ones showed."""
        rate = min((1 - share) * math.sqrt(2 * self.nats / (share * max(1, planned))), -0.9 * math.log(share))
        kappa = -math.log1p(-share * math.expm1(rate) / (1 - share))
        return (kappa * seen + self.raised) / rate

    def bounds(self, record):
        """The numbers of a block from its counts."""
        out = dict.fromkeys(("s1", "v", "ne", "z0", "m0", "p0"), 0.0)
        errors, cross, total = record["error_counts"], record["cross_counts"], sum(record["sifted_counts"])
        arrivals = self.singles_upper(cross, self.planned_cross)
        arrivals_planned = self.singles_upper(self.planned_cross, self.planned_cross)
        single = self.singles_lower(record["sifted_counts"], self.planned_sifted)
        out["s1"] = max(0.0, single - self.hidden(arrivals, arrivals_planned, self.arrival_share))
        out["v"] = self.singles_upper(errors, self.planned_errors)
        errors_planned = self.singles_upper(self.planned_errors, self.planned_errors)
        phase_only = self.hidden(out["v"], errors_planned, self.axis_share)
        out["ne"] = out["v"] + phase_only

        correct = out["s1"] - out["v"]
        if correct <= self.block:
            return out
        # Four states at block length 1: phase errors are rated among all single photons.
        pool = out["s1"] if self.variant == "perBlock" and self.block == 1 else correct
        out["z0"] = phase_only / pool
        if out["z0"] < 1 / 2:
            out["m0"], out["p0"] = self.after_distillation(pool, out["z0"], total)
        return out

    def after_distillation(self, pool, z0, total):
        """M0, groups of good bits only, and p0, their phase error; the permutation comes last, so tails are exact."""
        if self.block == 1:
            return pool, z0
        groups = total // self.block
        all_good = math.prod((pool - j) / (total - j) for j in range(self.block))
        good = groups * fraction(all_good, groups, self.raised, 0)
        if good < 1:
            return good, 0.0
        odd = (1 - (1 - 2 * z0) ** self.block) / 2
        # The odd parities are not negatively associated, hence the factor sqrt(2 n).
        raised = (self.nats + math.log(2 * total) / 2) * (1 + 2**-30)
        return good, min(1 / 2, fraction(odd, good, raised, 1))

    def length(self, bounds, record):
        """The secret bits before rounding down, negative when there are none."""
        good, phase = bounds["m0"], bounds["p0"]
        if good < 1 or phase >= 1 / 2:
            return -math.inf
        # ceil(log2(2/eps_cor)) in whole numbers.
        least_confirmation = (2 * 10**self.epsilon_correct - 1).bit_length()
        sent = record["parity_bits"] + max(record["confirmation_bits"], least_confirmation)
        amplification = -2 * math.log2(2 * 10.0**-self.epsilon_secret / 4)
        return good * (1 - entropy(phase)) * (1 - 2**-36) - sent - amplification
