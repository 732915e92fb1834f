import CMath

/// Confidence bounds by inverting the relative entropy: `n D(x/n || p) = nats`.
///
/// Each bound fails with probability at most e^-nats, for events that were all over before anything about them was
/// announced. They are the Chernoff-Hoeffding bounds in relative-entropy form (Hoeffding 1963, theorem 1; negatively
/// associated events: Joag-Dev and Proschan 1983); established. Notation and use: finite-key.md section 2.
///
/// Rounding: the bisection returns the end of its last bracket that lies on the safe side, and `nats` is raised by one
/// part in 2^30, which exceeds the rounding of the divergence for every n up to 1e13.
public enum ChernoffTail {
  /// Upper bound of the mean of a sum of `n` independent bits of which `x` were one.
  public static func meanUpper(_ x: Double, of n: Double, nats: Double) -> Double {
    precondition(x >= 0 && x <= n)
    guard n > 0 else { return 0 }
    return n * fractionUpper(x / n, of: n, nats: nats)
  }

  /// Lower bound of the mean of a sum of `n` independent bits of which `x` were one.
  public static func meanLower(_ x: Double, of n: Double, nats: Double) -> Double {
    precondition(x >= 0 && x <= n)
    guard n > 0 else { return 0 }
    return n * fractionLower(x / n, of: n, nats: nats)
  }

  /// The p above `q` with `n D(q || p) = nats`, at most 1.
  public static func fractionUpper(_ q: Double, of n: Double, nats: Double) -> Double {
    precondition(q >= 0 && q <= 1 && n > 0 && nats > 0)
    guard q < 1 else { return 1 }
    return bisect(from: q, to: 1) { p in n * divergence(q, p) >= padded(nats) }
  }

  /// The p below `q` with `n D(q || p) = nats`, at least 0.
  public static func fractionLower(_ q: Double, of n: Double, nats: Double) -> Double {
    precondition(q >= 0 && q <= 1 && n > 0 && nats > 0)
    guard q > 0 else { return 0 }
    return bisect(from: q, to: 0) { p in n * divergence(q, p) >= padded(nats) }
  }

  /// Upper bound of the number of trials, unknown, of which `hits` succeeded, each with probability at least `chance`.
  public static func trialsUpper(_ hits: Double, chance: Double, nats: Double) -> Double {
    precondition(hits >= 0 && chance > 0 && chance < 1 && nats > 0)
    // n D(v/n || r) >= (n r - v)^2 / (2 n r) exceeds nats at n r = 2 v + 4 nats, so the far end needs no search.
    let start = hits / chance
    return bisect(from: start, to: 2 * start + 4 * padded(nats) / chance) { n in
      let lack = n * chance - hits
      guard lack > 0 else { return false }
      let missed = n - hits
      let surprise = hits > 0 ? hits * log1p(-lack / (n * chance)) : 0
      return surprise + missed * log1p(lack / (n * (1 - chance))) >= padded(nats)
    }
  }

  /// Finds where `isBeyond` turns true between a start where it is false and an end where it is true; it returns the
  /// true side. Two hundred halvings exhaust a double; the loop usually leaves after about sixty.
  private static func bisect(from start: Double, to end: Double, _ isBeyond: (Double) -> Bool) -> Double {
    var near = start
    var far = end
    for _ in 0..<200 {
      let middle = near + (far - near) / 2
      if middle == near || middle == far { break }
      if isBeyond(middle) { far = middle } else { near = middle }
    }
    return far
  }

  /// D(q || p) in nats, through the difference p - q, so that it keeps its digits when the two are close.
  private static func divergence(_ q: Double, _ p: Double) -> Double {
    let gap = p - q
    let ones = q > 0 ? q * log1p(-gap / p) : 0
    let zeros = q < 1 ? (1 - q) * log1p(gap / (1 - p)) : 0
    return ones + zeros
  }
}

func padded(_ nats: Double) -> Double { nats * (1 + 0x1p-30) }
