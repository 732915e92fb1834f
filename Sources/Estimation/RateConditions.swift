/// What an asymptotic rate is asked for. Asymptotic rates are for planning; no key length follows from one.
public struct RateConditions: Sendable {
  public enum Light: Sendable {
    case singlePhotons
    /// Weak pulses with known yields (theory.md section 2.5): the share of single photons among sifted bits, and their
    /// error rate. Blocks of distillation count when all their members are single photons.
    case weakPulses(singleShare: Double, singleQber: Double)
    /// Single photons; Alice flips each kept bit with this probability before error correction (noisy
    /// pre-processing, theory.md section 2.3; established for one-way rates: Renner, Gisin and Kraus,
    /// quant-ph/0502064).
    case preprocessed(flip: Double)
  }

  /// Error rate of the sifted key, in 0..<0.5.
  public let qber: Double
  /// Block length of advantage distillation, 1...16; 1 is none.
  public let block: Int
  /// Leak of error correction over its Shannon limit, 1...1000.
  public let efficiency: Double
  public let light: Light

  init(usableQber: Double, block: Int, efficiency: Double, light: Light) {
    qber = usableQber
    self.block = block
    self.efficiency = efficiency
    self.light = light
  }

  public static func checked(
    qber: Double, block: Int, efficiency: Double, light: Light = .singlePhotons
  ) throws(ParameterRefusal) -> RateConditions {
    try ParameterRefusal.check(qber: qber)
    try ParameterRefusal.check(block: block)
    try ParameterRefusal.check(efficiency: efficiency)
    switch light {
    case .singlePhotons: break
    case .weakPulses(let singleShare, let singleQber):
      guard singleShare > 0, singleShare <= 1 else { throw .singleShareOutsideRange }
      try ParameterRefusal.check(qber: singleQber)
    case .preprocessed(let flip):
      guard flip >= 0, flip < 0.5 else { throw .flipOutsideRange }
    }
    return RateConditions(usableQber: qber, block: block, efficiency: efficiency, light: light)
  }
}
