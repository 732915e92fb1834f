/// How improbable it is that chance alone put this many clicks on lit slots.
public enum Significance {
  /// Chances of a false alarm are 2^-20 for a search and 2^-20 for its confirmation.
  public static var falseAlarmBits: Int64 { 20 }

  /// Lower bound of -log2 of the chance of at least `lit` of `clicks` clicks on lit slots when each falls on one with
  /// the chance `share` of 65 536, independently; 0 where that is no more than to be expected. In 2^-16 bit.
  ///
  /// P(X >= x) <= exp(-n D(x/n || p)) with D(a || p) = a ln(a/p) + (1 - a) ln((1 - a)/(1 - p)): Hoeffding, J. Am. Stat.
  /// Assoc. 58, 13 (1963), theorem 1; Chernoff, Ann. Math. Stat. 23, 493 (1952). The tail of a Poisson number of the
  /// same mean m, exp(-m h(u)) with h(u) = (1 + u) ln(1 + u) - u (Bennett), holds too and is weaker: it does not know
  /// that a click on a lit slot is none on a dark one.
  public static func bits(lit: Int, of clicks: Int, share: UInt64) -> Int64 {
    precondition(lit >= 0 && lit <= clicks && clicks < 1 << 20 && share > 0 && share < 65_536)
    let (x, n) = (UInt64(lit), UInt64(clicks))
    guard x << 16 > n * share else { return 0 }
    // x log2(x / (n p)) + (n - x) log2((n - x) / (n (1 - p))), each ratio as a difference of logarithms.
    var sum = Int64(x) * (binaryLogarithm(x << 16) - binaryLogarithm(n * share))
    let dark = n - x
    if dark > 0 { sum += Int64(dark) * (binaryLogarithm(dark << 16) - binaryLogarithm(n * (65_536 - share))) }
    // Each logarithm is wrong by less than 2^-16: less than 2 n 2^-16 in all.
    return max(0, sum - Int64(2 * n))
  }

  /// What `bits` has to reach when the best of `cells` cells is taken, in each of `looks` looks: the union bound.
  public static func threshold(cells: Int, looks: Int) -> Int64 {
    falseAlarmBits << 16 + binaryLogarithm(UInt64(cells)) + binaryLogarithm(UInt64(looks)) + 2
  }
}
