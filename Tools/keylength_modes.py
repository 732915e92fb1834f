#!/usr/bin/env python3
"""Second implementation of the other key lengths and rates: grouped and split perBlock rounds, biased modes with
tests, one decoy, noisy pre-processing, weak pulses. Written apart from the Swift one, with 40 digits where lengths are
concerned; rates come from density matrices. It prints the vectors that Tests/EstimationTests compares with.

Needs mpmath and numpy (pip install mpmath numpy). Usage: keylength_modes.py
"""
import itertools
import math

import mpmath
import numpy

from keylength import Forms, mp, show


class Modes(Forms):
    def finish(self, parts, leak, eps_sec="1e-10", eps_cor="1e-15"):
        """Length from the secret parts of all groups, with everything that is charged."""
        eps_pa = self.c.mpf(eps_sec) / 4
        fixed = mp.ceil(mp.log(2 / mp.mpf(eps_cor), 2)) - 2 * self.c.log(2 * eps_pa) / self.c.log(2)
        raw = sum(parts) - leak - fixed
        return {"raw": raw, "l": int(mpmath.floor(raw)) if raw > 0 else 0, "leak": leak}

    def distil(self, pool, z0, n, block, nats):
        if block == 1:
            m0, p0 = pool, z0
        else:
            good = self.c.mpf(1)
            for j in range(block):
                good *= (pool - j) / (n - j)
            m0 = (n // block) * self.frac_lo(good, n // block, nats)
            odd = (1 - (1 - 2 * z0) ** block) / 2
            p0 = min(self.c.mpf(1) / 2, self.frac_up(odd, m0, nats + self.c.log(2 * n) / 2))
        return m0, p0, m0 * (1 - self.entropy(p0))

    def sampled(self, t, k, n, nats):
        q = self.mean_up(t, k, nats) / k
        return min(q + k / n * (q - t / k), t / k + self.c.sqrt((n + k) * (k + 1) * nats / (2 * n * k * k)))

    def one_lo_dark(self, counts, mu, p, nats, planned):
        """As `one_lo` with nothing known of pulses without a photon."""
        b = self.scaled(counts, mu, p, nats, planned)
        inner = b[1][0] - b[2][1] - (mu[1] ** 2 - mu[2] ** 2) / mu[0] ** 2 * b[0][1]
        value = self.taus(mu, p)[1] * mu[0] * inner / (mu[0] * (mu[1] - mu[2]) - mu[1] ** 2 + mu[2] ** 2)
        return max(value, self.c.mpf(0))

    def kappa_phase(self, v, ratio, planned, nats):
        """(kappa v + L)/lam with ratio (e^lam - 1) = 1 - e^-kappa; ratio is pi_key/pi_test."""
        c = self.c
        lam = c.sqrt(2 * nats / (ratio * (1 + ratio) * max(planned, 1)))
        lam = min(lam, c.mpf(9) / 10 * c.log(1 + 1 / ratio))
        kappa = -c.log(1 - ratio * (c.exp(lam) - 1))
        return (kappa * v + nats) / lam

    def tested(self, kind, key, tests, mu, p, block, nats, share=None):
        """`key` and each of `tests` are (sifted, errors); with `share` the streaming forms, planned as counted."""
        c = self.c
        mu, p = [c.mpf(x) for x in mu], [c.mpf(x) for x in p]
        plan = lambda counts: None if share is None else counts
        s1 = self.one_lo(key[0], mu, p, nats, plan(key[0]))
        v = self.one_up(key[1], mu, p, nats, plan(key[1]))
        rates = []
        for sifted, errors in tests:
            if share is None:
                k = self.one_lo(sifted, mu, p, nats, None)
                rates.append(self.sampled(self.one_up(errors, mu, p, nats, None), k, s1, nats))
            else:
                seen = self.one_up(errors, mu, p, nats, errors)
                ratio = c.mpf(share) / (1 - c.mpf(share))
                rates.append(self.kappa_phase(seen, ratio, seen, nats) / s1)
        if kind == "six":
            low = self.one_lo_dark(key[1], mu, p, nats, plan(key[1])) / self.one_up(key[0], mu, p, nats, plan(key[0]))
            assert sum(rates) < 1
            z0, pool = (rates[0] + rates[1] - low) / (2 * (1 - low)), s1 - v
        elif block == 1:
            z0, pool = rates[0], s1
        else:
            z0, pool = rates[0] / (1 - v / s1), s1 - v
        m0, p0, part = self.distil(pool, z0, sum(key[0]), block, nats)
        return {"L": nats, "s1": s1, "v": v, "eX": rates[0], "z0": z0, "M0": m0, "p0": p0, "part": part}

    def pooled(self, kind, counts, mu, p, block, nats, streaming=False, one_decoy=False):
        """Pooled rounds (sifted, errors, cross or None) with a given L, of two or three intensities."""
        c = self.c
        sifted, errors, cross = counts
        mu, p = [c.mpf(x) for x in mu], [c.mpf(x) for x in p]
        pi = c.mpf(1) / 3 if kind == "six" else c.mpf(1) / 2
        plan = lambda values: values if streaming else None
        up = self.two_up if one_decoy else self.one_up
        hidden = lambda value, share: self.phase_only(value, share, nats, value if streaming else None)
        if one_decoy:
            s1 = self.two_lo(sifted, errors, mu, p, nats, streaming)
        else:
            s1 = self.one_lo(sifted, mu, p, nats, plan(sifted))
        if cross:
            s1 -= hidden(up(cross, mu, p, nats, plan(cross)), c.mpf(1) / 3)
        v = up(errors, mu, p, nats, plan(errors))
        nz = hidden(v, pi)
        pool = s1 if kind == "bb" and block == 1 else s1 - v
        m0, p0, part = self.distil(pool, nz / pool, sum(sifted), block, nats)
        return {"L": nats, "s1": s1, "v": v, "NE": nz + v, "z0": nz / pool, "M0": m0, "p0": p0, "part": part}

    def two_scaled(self, counts, mu, p, nats, planned):
        bounds = []
        for k in range(2):
            if planned is None:
                pair = self.mean_lo(counts[k], sum(counts), nats), self.mean_up(counts[k], sum(counts), nats)
            else:
                lam = self.lam(planned[k], nats)
                pair = self.mean_lo_fixed(counts[k], lam, nats), self.mean_up_fixed(counts[k], lam, nats)
            bounds.append([self.c.exp(mu[k]) / p[k] * x for x in pair])
        return bounds

    def two_taus(self, mu, p):
        return [sum(p[k] * self.c.exp(-mu[k]) * mu[k] ** n for k in range(2)) for n in range(2)]

    def two_up(self, counts, mu, p, nats, planned):
        b = self.two_scaled(counts, mu, p, nats, planned)
        return min(self.two_taus(mu, p)[1] / (mu[0] - mu[1]) * (b[0][1] - b[1][0]), self.c.mpf(sum(counts)))

    def two_lo(self, sifted, errors, mu, p, nats, streaming):
        tau0, tau1 = self.two_taus(mu, p)
        m = self.two_scaled(errors, mu, p, nats, errors if streaming else None)
        dark = min(self.c.mpf(sum(errors)), tau0 * m[0][1], tau0 * m[1][1])
        s0 = dark + self.phase_only(dark, self.c.mpf(1) / 2, nats, dark if streaming else None)
        n = self.two_scaled(sifted, mu, p, nats, sifted if streaming else None)
        square = mu[1] ** 2 / mu[0] ** 2
        return tau1 * mu[0] / (mu[1] * (mu[0] - mu[1])) * (n[1][0] - square * n[0][1] - (1 - square) * s0 / tau0)


def distilled(weights, block):
    """Bell-diagonal weights (I, Z, X, Y) of a kept bit, by adding patterns up one pair at a time."""
    kept = [0.0] * 4
    for flip in (0, 1):
        parity = [1.0, 0.0]
        for _ in range(block):
            even, odd = weights[2 * flip], weights[2 * flip + 1]
            parity = [parity[0] * even + parity[1] * odd, parity[1] * even + parity[0] * odd]
        kept[2 * flip : 2 * flip + 2] = parity
    accepted = sum(kept)
    return accepted, [x / accepted for x in kept]


def entropy_of(matrix):
    values = numpy.linalg.eigvalsh(matrix)
    return -sum(x * math.log2(x) for x in values if x > 1e-300)


def matrix_rate(weights, flip, efficiency):
    """Devetak-Winter rate of a Bell-diagonal state with a flip of Alice's bit, from Eve's density matrices."""
    psi = numpy.zeros((2, 2, 4))
    for index, (bit, phase) in enumerate(itertools.product((0, 1), (0, 1))):
        for a in (0, 1):
            psi[a, a ^ bit, index] += math.sqrt(weights[index] / 2) * (-1) ** (a * phase)
    eve = [psi[a].T @ psi[a] * 2 for a in (0, 1)]
    mixed = [(1 - flip) * eve[a] + flip * eve[1 - a] for a in (0, 1)]
    holevo = entropy_of((eve[0] + eve[1]) / 2) - (entropy_of(mixed[0]) + entropy_of(mixed[1])) / 2
    wrong = weights[2] + weights[3]
    wrong = wrong * (1 - flip) + (1 - wrong) * flip
    leak = -wrong * math.log2(wrong) - (1 - wrong) * math.log2(1 - wrong)
    return 1 - efficiency * leak - holevo


def rate(kind, qber, block, efficiency, flip):
    if kind == "six":
        states = [(1 - 1.5 * qber, qber / 2, qber / 2, qber / 2)]
    else:
        states = [(1 - 2 * qber + x, qber - x, qber - x, x) for x in qber * numpy.linspace(0, 1, 2001) ** 3]
    best = []
    for weights in states:
        accepted, kept = distilled(weights, block)
        best.append(accepted * matrix_rate(kept, flip, efficiency) / block)
    return min(best)


POINT12 = {
    "key": ([78972450, 175150289, 983355], [16349841, 36274234, 212850]),
    "six": [([3173963, 7039423, 39522], [657112, 1457889, 8555])] * 2,
    "mu": [".062", ".019", ".0002"], "p": [".0841", ".6046", ".3113"],
}
CALM = {
    "key": ([340000000, 1300000, 2000], [10200000, 41000, 1000]), "x": ([20000000, 80000, 130], [640000, 2700, 60]),
    "mu": [".4", ".035", ".0002"], "p": [".95", ".04", ".01"],
}
GROUPS = [
    ([124172861, 466116, 733], [2483457, 9400, 60], [24834, 93, 0]),
    ([124000000, 466000, 740], [6200000, 23400, 70], [24800, 93, 0]),
    ([123000000, 460000, 720], [9840000, 36900, 80], [24600, 92, 0]),
]
SPLIT = [
    ([60000000, 230000, 360], [600000, 2400, 40]), ([61000000, 231000, 365], [3050000, 11600, 50]),
    ([62000000, 232000, 370], [3100000, 11700, 50]), ([60500000, 229000, 350], [605000, 2450, 40]),
    ([61500000, 233000, 360], [1230000, 4700, 42]), ([61200000, 231500, 355], [1224000, 4690, 41]),
]
MU, P = [".4", ".035", ".0002"], [".95", ".04", ".01"]
ONE = {
    "six": ([600000000, 5300000], [12000000, 111300], [120000, 60], [".6", ".1"], [".95", ".05"], 1),
    "bb": ([300000000, 19000000], [10000000, 839000], [15000, 400], [".2", ".05"], [".8", ".2"], 2),
}


def print_tested(f):
    point = POINT12
    for block in (5, 1):
        for share in (None, ".962"):
            leak = mpmath.ceil(f.leak(*point["key"], block, "1.16"))
            if block == 1:
                leak = mp.mpf(0)
            r = f.tested("six", point["key"], point["six"], point["mu"], point["p"], block, f.budget(34), share)
            print("six tested", block, share, "eX", mpmath.nstr(r["eX"], 10), show(r | f.finish([r["part"]], leak)))
    for block in (1, 2):
        for share in (None, ".95"):
            leak = mpmath.ceil(f.leak(*CALM["key"], block, "1.16"))
            r = f.tested("bb", CALM["key"], [CALM["x"]], CALM["mu"], CALM["p"], block, f.budget(20), share)
            print("bb tested", block, share, "eX", mpmath.nstr(r["eX"], 10), show(r | f.finish([r["part"]], leak)))


def print_grouped(f):
    for block, cross, streaming in itertools.product((1, 2), (False, True), (False, True)):
        for rule in ("grouped", "larger") if block == 1 else ("grouped",):
            events = (10 + 3 * cross) * (3 if rule == "grouped" else 4)
            groups = [g if cross else g[:2] + (None,) for g in GROUPS]
            all_of = tuple([sum(x) for x in zip(*(g[i] for g in GROUPS))] for i in range(3))
            all_of = all_of if cross else all_of[:2] + (None,)
            parts = [f.pooled("bb", g, MU, P, block, f.budget(events), streaming)["part"] for g in groups]
            pooled = f.pooled("bb", all_of, MU, P, block, f.budget(events), streaming)["part"]
            leak = sum(mpmath.ceil(f.leak(g[0], g[1], block, "1.16")) for g in groups)
            chosen = [pooled] if rule == "larger" and pooled > sum(parts) else parts
            texts = [mpmath.nstr(x, 11) for x in parts + [pooled]]
            print("grouped", block, cross, streaming, rule, f.finish(chosen, leak)["l"], int(leak), *texts)


def print_rest(f):
    for block in (1, 2):
        parts, leak = [], 0
        for index in range(6):
            one, other = SPLIT[index], SPLIT[index ^ 1]
            parts.append(f.tested("bb", one, [other], MU, P, block, f.budget(120))["part"])
            leak += mpmath.ceil(f.leak(*one, block, "1.16"))
        print("split", block, f.finish(parts, leak)["l"], int(leak), *[mpmath.nstr(x, 11) for x in parts])
    for kind, (sifted, errors, cross, mu, p, block) in ONE.items():
        for tag, streaming in itertools.product((False, True), (False, True)):
            nats = f.budget(13 if tag else 10)
            counts = (sifted, errors, cross if tag else None)
            r = f.pooled(kind, counts, mu, p, block, nats, streaming, one_decoy=True)
            leak = mpmath.ceil(f.leak(sifted, errors, block, "1.16"))
            print("one decoy", kind, tag, streaming, show(r | f.finish([r["part"]], leak)))
    print("sampling", *[mpmath.nstr(f.sampled(mp.mpf(t), mp.mpf(k), mp.mpf(n), f.budget(10)), 12)
                        for t, k, n in [(2e6, 1e7, 2.4e8), (300, 1e4, 2e4), (0, 1e4, 2e4), (4e4, 1e5, 1e5)]])


def print_rates():
    for kind, qber, block, efficiency, flip in [
        ("six", .05, 1, 1, .1), ("six", .13, 1, 1, .3), ("six", .207, 4, 1, .015), ("six", .207, 3, 1, .2),
        ("bb", .05, 1, 1, .1), ("bb", .12, 1, 1, .35), ("bb", .14, 2, 1, .2), ("bb", .1, 2, 1.16, .05),
        ("six", .1, 2, 1.16, .05),
    ]:
        print("rate", kind, qber, block, efficiency, flip, f"{rate(kind, qber, block, efficiency, flip):.10g}")


if __name__ == "__main__":
    forms = Modes()
    print_tested(forms)
    print_grouped(forms)
    print_rest(forms)
    print_rates()
