#!/usr/bin/env python3
"""Second implementation of the finite key length (finite-key.md sections 2, 3 and 5), written apart from the Swift
one and evaluated with 40 digits. It prints the vectors that Tests/EstimationTests compares with.

Needs mpmath (pip install mpmath). Usage:
  keylength.py vectors
  keylength.py length --mode six|bb --sifted N1,N2,N3 --errors M1,M2,M3 --mu A,B,C --probabilities P,Q,R --block B
               [--efficiency F] [--cross C1,C2,C3] [--share PI] [--streaming]
"""
import argparse
import mpmath

mp = mpmath.mp
mp.dps = 40


class Forms:
    """Every formula once, over an mpmath context: `mp` for vectors, `mpmath.fp` where speed matters."""

    def __init__(self, context=mp):
        self.c = context

    def budget(self, events, eps_sec="1e-10"):
        eps_at = 3 * self.c.mpf(eps_sec) / 8
        return self.c.log(events) - 2 * self.c.log(eps_at)

    def divergence(self, q, p):
        c = self.c
        total = c.mpf(0)
        if q > 0:
            total += q * c.log(q / p)
        if q < 1:
            total += (1 - q) * c.log((1 - q) / (1 - p))
        return total

    def root(self, rises, low, high):
        """Bisects for the change of `rises` from false to true on [low, high]."""
        for _ in range(140 if self.c is mp else 60):
            middle = (low + high) / 2
            if rises(middle):
                high = middle
            else:
                low = middle
        return (low + high) / 2

    def frac_up(self, q, trials, nats):
        if q >= 1:
            return self.c.mpf(1)
        return self.root(lambda p: p >= 1 or trials * self.divergence(q, p) >= nats, q, self.c.mpf(1))

    def frac_lo(self, q, trials, nats):
        return 1 - self.frac_up(1 - q, trials, nats)

    def mean_up(self, x, trials, nats):
        return trials * self.frac_up(self.c.mpf(x) / trials, trials, nats)

    def mean_lo(self, x, trials, nats):
        return trials * self.frac_lo(self.c.mpf(x) / trials, trials, nats)

    def trials_up(self, v, r, nats):
        low = v / r
        enough = lambda n: n * self.divergence(v / n, r) >= nats
        high = 2 * low + 4 * nats / r
        while not enough(high):
            high *= 2
        return self.root(enough, low, high)

    def mean_up_fixed(self, x, lam, nats):
        return (lam * x + nats) / -self.c.expm1(-lam)

    def mean_lo_fixed(self, x, lam, nats):
        return max(self.c.mpf(0), (lam * x - nats) / self.c.expm1(lam))

    def phase_only_fixed(self, v, pi, lam, nats):
        kappa = -self.c.log((1 - pi * self.c.exp(lam)) / (1 - pi))
        return (kappa * v + nats) / lam

    def lam(self, planned, nats):
        return self.c.sqrt(2 * nats / max(self.c.mpf(planned), 1))

    def lam_phase(self, planned, pi, nats):
        wanted = (1 - pi) * self.c.sqrt(2 * nats / (pi * max(planned, 1)))
        return min(wanted, self.c.mpf(9) / 10 * -self.c.log(pi))

    def entropy(self, p):
        if p <= 0 or p >= 1:
            return self.c.mpf(0)
        return -(p * self.c.log(p) + (1 - p) * self.c.log(1 - p)) / self.c.log(2)

    def leak(self, sifted, errors, block, efficiency):
        c = self.c
        n = sum(sifted)
        e = c.mpf(sum(errors)) / n
        accepted = e**block + (1 - e) ** block
        return c.mpf(efficiency) * (n // block) * accepted * self.entropy(e**block / accepted)

    def scaled(self, counts, mu, p, nats, planned):
        """Lower and upper bounds of e^mu/p times the mean, per intensity."""
        c, n, out = self.c, sum(counts), []
        for k in range(3):
            if n == 0:
                low, high = c.mpf(0), (c.mpf(0) if planned is None else
                                       self.mean_up_fixed(0, self.lam(planned[k], nats), nats))
            elif planned is None:
                low, high = self.mean_lo(counts[k], n, nats), self.mean_up(counts[k], n, nats)
            else:
                lam = self.lam(planned[k], nats)
                low, high = self.mean_lo_fixed(counts[k], lam, nats), self.mean_up_fixed(counts[k], lam, nats)
            weight = c.exp(mu[k]) / p[k]
            out.append((weight * low, weight * high))
        return out

    def taus(self, mu, p):
        c = self.c
        tau0 = sum(p[k] * c.exp(-mu[k]) for k in range(3))
        tau1 = sum(p[k] * c.exp(-mu[k]) * mu[k] for k in range(3))
        return tau0, tau1

    def one_up(self, counts, mu, p, nats, planned):
        b = self.scaled(counts, mu, p, nats, planned)
        value = self.taus(mu, p)[1] * (b[1][1] - b[2][0]) / (mu[1] - mu[2])
        return min(max(value, self.c.mpf(0)), self.c.mpf(sum(counts)))

    def one_lo(self, counts, mu, p, nats, planned):
        b = self.scaled(counts, mu, p, nats, planned)
        tau0, tau1 = self.taus(mu, p)
        s0 = max(self.c.mpf(0), tau0 * (mu[1] * b[2][0] - mu[2] * b[1][1]) / (mu[1] - mu[2]))
        inner = b[1][0] - b[2][1] - (mu[1] ** 2 - mu[2] ** 2) / mu[0] ** 2 * (b[0][1] - s0 / tau0)
        value = tau1 * mu[0] * inner / (mu[0] * (mu[1] - mu[2]) - mu[1] ** 2 + mu[2] ** 2)
        return max(value, self.c.mpf(0))

    def phase_only(self, v, pi, nats, planned):
        if planned is None:
            return self.trials_up(v, 1 - pi, nats) - v
        return self.phase_only_fixed(v, pi, self.lam_phase(planned, pi, nats), nats)

    def length(self, mode, sifted, errors, mu, p, block, leak, share=None, cross=None, planned=None,
               eps_sec="1e-10", eps_cor="1e-15", axis_share=None):
        """`planned` is None for inversion forms, else (sifted, errors, cross) planned for fixed-lambda forms."""
        c = self.c
        mu, p = [c.mpf(x) for x in mu], [c.mpf(x) for x in p]
        pi = c.mpf(share) if share else (c.mpf(1) / 3 if mode == "six" else c.mpf(1) / 2)
        nats = self.budget(10 if cross is None else 13, eps_sec)
        plan = lambda i: None if planned is None else planned[i]
        n = sum(sifted)
        s1 = self.one_lo(sifted, mu, p, nats, plan(0))
        v = self.one_up(errors, mu, p, nats, plan(1))
        out = {"L": nats, "v": v, "nmp": c.mpf(0)}
        if cross is not None:
            pi_axis = c.mpf(axis_share) if axis_share else c.mpf(1) / 3
            c1 = self.one_up(cross, mu, p, nats, plan(2))
            c1_planned = None if planned is None else self.one_up(planned[2], mu, p, nats, planned[2])
            out["nmp"] = self.phase_only(c1, pi_axis, nats, c1_planned)
            s1 -= out["nmp"]
        out["s1"] = s1
        v_planned = None if planned is None else self.one_up(planned[1], mu, p, nats, planned[1])
        nz = self.phase_only(v, pi, nats, v_planned)
        n00 = s1 - v
        pool = s1 if (mode == "bb" and block == 1) else n00
        out |= {"nz": nz, "NE": nz + v, "l": 0, "z0": None, "M0": None, "p0": None}
        if n00 <= block:
            return out
        z0 = nz / pool
        out["z0"] = z0
        if z0 >= 0.5:
            return out
        if block == 1:
            m0, p0 = pool, z0
        else:
            good = c.mpf(1)
            for j in range(block):
                good *= (n00 - j) / (n - j)
            blocks = n // block
            m0 = blocks * self.frac_lo(good, blocks, nats)
            odd = (1 - (1 - 2 * z0) ** block) / 2
            p0 = min(c.mpf(1) / 2, self.frac_up(odd, m0, nats + c.log(2 * n) / 2))
            out["EM"] = blocks * good
        eps_pa = c.mpf(eps_sec) / 4
        fixed = mpmath.mp.ceil(mpmath.mp.log(2 / mpmath.mpf(eps_cor), 2)) - 2 * c.log(2 * eps_pa) / c.log(2)
        raw = m0 * (1 - self.entropy(p0)) - leak - fixed
        return out | {"M0": m0, "p0": p0, "raw": raw, "l": int(mpmath.floor(raw)) if raw > 0 else 0}


POINTS = {
    "6": ("six", [515139092, 15413568, 70399], [106682057, 3199288, 16448],
          [".063", ".0104", ".0002"], [".82", ".148", ".032"], 5, None),
    "7": ("six", [605089514, 675794, 770], [12111184, 13713, 49],
          [".64", ".033", ".0002"], [".976", ".0205", ".0035"], 1, None),
    "9": ("six", [515139092, 15413568, 70399], [106682057, 3199288, 16448],
          [".063", ".0104", ".0002"], [".82", ".148", ".032"], 5, ".34"),
    "10": ("bb", [372518583, 1398350, 2200], [18634516, 70278, 200],
           [".4", ".035", ".0002"], [".95", ".04", ".01"], 1, None),
    "bb b=2": ("bb", [372518583, 6398350, 2200], [22351115, 383900, 260],
               [".2", ".035", ".0002"], [".85", ".12", ".03"], 2, None),
}


def show(result):
    keys = ["L", "s1", "v", "NE", "nmp", "z0", "M0", "p0", "leak", "raw", "l"]
    return " ".join(f"{k}={mpmath.nstr(mpmath.mpf(result[k]), 10)}" for k in keys if result.get(k) is not None)


def vectors():
    f = Forms()
    nats = f.budget(10)
    n = lambda x: mpmath.nstr(x, 12)
    print("L n_ev=10", n(nats), " n_ev=13", n(f.budget(13)))
    print("mean 1000 of 1e6", n(f.mean_up(1000, 10**6, nats)), n(f.mean_lo(1000, 10**6, nats)))
    for r in (mp.mpf(2) / 3, mp.mpf(1) / 2, mp.mpf(65) / 100):
        print("trials_up 3.4e7", n(r), n(f.trials_up(mp.mpf(34000000), r, nats)))
    blocks, good = 34000000, mp.mpf(1)
    for j in range(5):
        good *= mp.mpf(130000000 - j) / (170000000 - j)
    print("EM M0", n(blocks * good), n(blocks * f.frac_lo(good, blocks, nats)))
    odd = (1 - (1 - 2 * mp.mpf(".135")) ** 5) / 2
    print("p0", n(f.frac_up(odd, mp.mpf(8800000), nats + mp.log(340000000) / 2)))
    lam, v = mp.mpf("1.13e-3"), mp.mpf(105000000)
    for pi in (mp.mpf(1) / 3, mp.mpf(".34"), mp.mpf(1) / 2):
        print("n_z fixed", n(pi), n(f.phase_only_fixed(v, pi, lam, nats)))
    lam = mp.mpf("2.555e-3")
    print("mean fixed", n(f.mean_up_fixed(15413568, lam, nats)), n(f.mean_lo_fixed(15413568, lam, nats)))
    for name, (mode, sifted, errors, mu, p, block, share) in POINTS.items():
        leak = f.leak(sifted, errors, block, "1.16")
        for label, extra in (("inversion", {}), ("streaming", {"planned": (sifted, errors, [0] * 3)})):
            result = f.length(mode, sifted, errors, mu, p, block, mpmath.ceil(leak), share, **extra)
            print(f"point {name} {label}:", show(result | {"leak": leak}))
        cross = [x // 5000 for x in sifted]
        for label, extra in (("inversion", {}), ("streaming", {"planned": (sifted, errors, cross)})):
            result = f.length(mode, sifted, errors, mu, p, block, mpmath.ceil(leak), share, cross, **extra)
            print(f"point {name} {label} cross 1/5000:", show(result))


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("vectors")
    one = commands.add_parser("length")
    one.add_argument("--mode", choices=["six", "bb"], required=True)
    for name in ("sifted", "errors", "mu", "probabilities"):
        one.add_argument("--" + name, required=True)
    one.add_argument("--block", type=int, default=1)
    one.add_argument("--efficiency", default="1.16")
    one.add_argument("--cross")
    one.add_argument("--share")
    one.add_argument("--streaming", action="store_true")
    a = parser.parse_args()
    if a.command == "vectors":
        return vectors()
    f = Forms()
    sifted, errors = ([int(x) for x in text.split(",")] for text in (a.sifted, a.errors))
    cross = [int(x) for x in a.cross.split(",")] if a.cross else None
    planned = (sifted, errors, cross or [0] * 3) if a.streaming else None
    leak = f.leak(sifted, errors, a.block, a.efficiency)
    print(show(f.length(a.mode, sifted, errors, a.mu.split(","), a.probabilities.split(","), a.block,
                        mpmath.ceil(leak), a.share, cross, planned) | {"leak": leak}))


if __name__ == "__main__":
    main()
