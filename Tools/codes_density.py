"""Density evolution on the binary symmetric channel: the errors that are left after each flooding iteration of belief
propagation, for a code without cycles (Richardson, Shokrollahi, Urbanke 2001; discretised as Chung et al. 2001).

Messages are log-likelihood ratios on a grid whose step divides that of the channel, so that the channel falls on the
grid; results of the check rule between two points are shared out to both so that their mean stays.
"""

import math

import numpy

RANGE = 22.0
STEP = 0.2
ERRORS_LEFT = 1e-6


def entropy(q):
    """The binary entropy of q, in bits."""
    return -(q * math.log2(q) + (1 - q) * math.log2(1 - q)) if 0 < q < 1 else 0.0


def error_rate(bits):
    """The q up to one half whose entropy is `bits`."""
    low, high = 0.0, 0.5
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if entropy(middle) < bits else (low, middle)
    return low


class Channel:
    """The message grid of one error rate, and the two rules on it."""

    def __init__(self, q):
        ratio = math.log((1 - q) / q)
        self.q = q
        self.units = max(1, round(ratio / STEP))
        self.step = ratio / self.units
        self.top = math.ceil(RANGE / self.step)
        values = numpy.arange(self.top + 1) * self.step
        sums, gaps = values[:, None] + values[None, :], abs(values[:, None] - values[None, :])
        met = numpy.minimum(values[:, None], values[None, :]) + numpy.log1p(numpy.exp(-sums)) - numpy.log1p(
            numpy.exp(-gaps))
        place = numpy.clip(met / self.step, 0, self.top - 1e-9)
        self.below = place.astype(int).ravel()
        self.above = place.ravel() - self.below
        self.below_above = numpy.concatenate([self.below, self.below + 1])

    def met(self, first, second):
        """Density of the check rule on two magnitudes; linear in each, so also on differences of two signs."""
        mass = numpy.outer(first, second).ravel()
        high = mass * self.above
        return numpy.bincount(self.below_above, numpy.concatenate([mass - high, high]), minlength=self.top + 1)

    def met_often(self, magnitudes, count):
        """The check rule on `count` messages alike, and on one more."""
        result, rest, power = None, count, magnitudes
        while rest:
            if rest & 1:
                result = power if result is None else self.met(result, power)
            rest >>= 1
            if rest:
                power = self.met(power, power)
        return result, self.met(result, magnitudes)

    def checked(self, density, degree, share):
        """Messages to the columns, of checks of `degree` (`share` of the edges) and of one more."""
        plus, minus = density[self.top :], density[self.top :: -1]
        total, balance = plus + minus, plus - minus
        total[0] = plus[0]
        ends = []
        for magnitudes in (total, balance):
            fewer, more = self.met_often(magnitudes, degree - 1)
            ends.append(share * fewer + (1 - share) * more)
        plus, minus = (ends[0] + ends[1]) / 2, (ends[0] - ends[1]) / 2
        return numpy.concatenate([minus[:0:-1], [plus[0] + minus[0]], plus[1:]])

    def added(self, density, powers):
        """For each number of messages in `powers`, the density of the channel and that many, from -span on."""
        span = self.units + max(1, *powers) * self.top
        size = 1 << (2 * span).bit_length()
        shifted = numpy.zeros(size)
        shifted[: self.top + 1] = density[self.top :]
        shifted[-self.top :] = density[: self.top]
        wave = numpy.fft.rfft(shifted)
        channel = numpy.zeros(size)
        channel[self.units], channel[-self.units] = 1 - self.q, self.q
        start = numpy.fft.rfft(channel)
        return {power: numpy.roll(numpy.fft.irfft(start * wave**power, size), size // 2) for power in powers}

    def clipped(self, density):
        """A sum of messages with what lies beyond the grid put on its ends.

        Its sum is made one again, for rounding errors would grow from iteration to iteration.
        """
        middle = len(density) // 2
        kept = density[middle - self.top : middle + self.top + 1].copy()
        kept[0] += density[: middle - self.top].sum()
        kept[-1] += density[middle + self.top + 1 :].sum()
        kept = numpy.maximum(kept, 0)
        return kept / kept.sum()


def errors(density):
    """Weight of the messages that are wrong; a message of zero is half wrong."""
    middle = len(density) // 2
    return density[:middle].sum() + density[middle] / 2


def iterations(q, counts, rows, most):
    """Flooding iterations until fewer than `ERRORS_LEFT` messages are wrong, or None within `most`.

    `counts[degree]` columns have each degree; the checks share the edges as evenly as they can.
    """
    channel = Channel(q)
    edges = sum(degree * count for degree, count in counts.items())
    check, longer = divmod(edges, rows)
    share = 1 - longer * (check + 1) / edges
    powers = [degree - 1 for degree in counts]
    density = channel.clipped(channel.added(numpy.eye(1, 2 * channel.top + 1, channel.top)[0], [0])[0])
    for iteration in range(1, most + 1):
        sums = channel.added(channel.checked(density, check, share), powers)
        mixed = sum(count * degree / edges * channel.clipped(sums[degree - 1]) for degree, count in counts.items())
        before, density = errors(density), mixed
        if errors(density) < ERRORS_LEFT:
            return iteration
        if errors(density) > before * (1 - 2e-4) and iteration > 20:
            return None
    return None


def efficiency(counts, rows, most, columns=256):
    """The least leak over n h(q) at which `most` flooding iterations suffice, to a thousandth."""
    low, high = 1.0, 1.6
    while high - low > 5e-4:
        middle = (low + high) / 2
        met = iterations(error_rate(rows / columns / middle), counts, rows, most) is not None
        low, high = (low, middle) if met else (middle, high)
    return high
