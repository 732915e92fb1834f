import CMath

/// Confidence bounds that hold while announcements flow: their exponent `lambda` is fixed before the first pulse.
///
/// exp(lambda z - kappa v) is a supermartingale round by round whatever Eve does with what was announced so far, so
/// Ville's inequality bounds it by e^nats at every moment at once, with failure probability e^-nats. The inequality is
/// established (Ville 1939); its use here is a project derivation (finite-key.md section 2, "Streaming"). At the best
/// lambda the bounds equal the inversions of `ChernoffTail` with unlimited n (Chernoff duality). Rounding as there:
/// `nats` is raised by one part in 2^30.
public enum MartingaleTail {
  /// Upper bound of the sum of the conditional means of bits of which `x` were one: (lambda x + L)/(1 - e^-lambda).
  public static func meanUpper(_ x: Double, lambda: Double, nats: Double) -> Double {
    precondition(x >= 0 && lambda > 0 && nats > 0)
    return (lambda * x + padded(nats)) / -expm1(-lambda)
  }

  /// Lower bound of the sum of the conditional means of bits of which `x` were one: (lambda x - L)/(e^lambda - 1).
  public static func meanLower(_ x: Double, lambda: Double, nats: Double) -> Double {
    precondition(x >= 0 && lambda > 0 && nats > 0)
    return max(0, (lambda * x - padded(nats)) / expm1(lambda))
  }

  /// Upper bound of the hidden outcomes that went with `seen` ones, when each trial is hidden with probability at most
  /// `share`: (kappa v + L)/lambda, kappa = -ln((1 - share e^lambda)/(1 - share)). Needs share e^lambda < 1.
  public static func hiddenUpper(_ seen: Double, share: Double, lambda: Double, nats: Double) -> Double {
    precondition(seen >= 0 && share > 0 && share < 1 && lambda > 0 && nats > 0)
    let step = share * expm1(lambda) / (1 - share)
    precondition(step < 1)
    return (-log1p(-step) * seen + padded(nats)) / lambda
  }

  /// The lambda that suits a count near `planned`: sqrt(2 L/x), for x at least 1.
  public static func lambda(planned: Double, nats: Double) -> Double {
    (2 * nats / max(1, planned)).squareRoot()
  }

  /// The lambda that suits `hiddenUpper` near `planned` seen outcomes, kept at 0.9 of the value where kappa diverges.
  public static func lambda(plannedSeen planned: Double, share: Double, nats: Double) -> Double {
    let wanted = (1 - share) * (2 * nats / (share * max(1, planned))).squareRoot()
    return min(wanted, -0.9 * log(share))
  }
}
