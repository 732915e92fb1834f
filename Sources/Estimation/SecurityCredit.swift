/// What the twirl of a session is worth: which errors it exposes and which estimation it may claim.
///
/// The credit is a type, so a key length with six-state credit cannot be asked for a `perBlock` session by a wrong
/// argument. Only this module can make a `CreditGrant`, hence only this module can define a credit.
public protocol SecurityCredit: Sendable {
  static var grant: CreditGrant { get }

  /// Largest probability that the error pattern of a single photon shows as a phase error only.
  var phaseOnlyShare: Double { get }

  /// Asymptotic secret bits per sifted bit from single photons; negative where there is no key.
  ///
  /// `qber` lies in 0..<0.5, `block` in 1...16, `efficiency` is the leak over its Shannon limit, at least 1.
  static func secretBitsPerSiftedBit(qber: Double, block: Int, efficiency: Double) -> Double

  /// The same for weak pulses or with a deliberate flip; see `RateConditions`.
  static func secretBitsPerSiftedBit(_ conditions: RateConditions) -> Double

  /// The QBER that the asymptotic rate of long blocks of distillation approaches from below (theory.md section 1.5):
  /// where (l1 - l2)^2 = (l1 + l2)(l3 + l4) for the worst Bell-diagonal state. Established for collective attacks.
  static var qberLimit: Double { get }
}

/// Proof that a credit was written, and reviewed, inside this module.
public struct CreditGrant: Sendable {
  /// At block length 1, only sifted bits without error count, and phase errors are rated among those (six-state).
  let ratesCorrectBitsAlone: Bool
}

/// Six-state credit: the axis changes with every pulse and is announced after detection (finite-key.md section 3).
public struct PerPulse: SecurityCredit {
  public static var grant: CreditGrant { CreditGrant(ratesCorrectBitsAlone: true) }

  public let phaseOnlyShare: Double

  /// Every physical axis equally likely among the sifted rounds.
  public init() { phaseOnlyShare = 1.0 / 3 }

  /// `axisShareMax` is the probability pi_max of the likeliest physical axis among the sifted rounds, as an upper
  /// bound (finite-key.md section 3.4); nil unless it lies from 1/3 to below 1.
  public init?(axisShareMax: Double) {
    do { self = try Self.checked(axisShareMax: axisShareMax) } catch { return nil }
  }

  private init(usableShare: Double) { phaseOnlyShare = usableShare }

  public static func checked(axisShareMax: Double) throws(ParameterRefusal) -> PerPulse {
    try ParameterRefusal.check(share: axisShareMax, uniform: 1.0 / 3)
    return PerPulse(usableShare: axisShareMax)
  }

  public static func secretBitsPerSiftedBit(qber: Double, block: Int, efficiency: Double) -> Double {
    AsymptoticRate(qber: qber, block: block, efficiency: efficiency).sixState
  }

  public static func secretBitsPerSiftedBit(_ conditions: RateConditions) -> Double {
    AsymptoticRate(conditions).sixState
  }

  /// The root of 5 q^2 - 5 q + 1: (5 - sqrt 5)/10.
  public static var qberLimit: Double { (5 - 5.0.squareRoot()) / 10 }
}

/// Four-state credit: the setting lasts many pulses and Eve may know it (finite-key.md section 5, pooled).
public struct PerBlock: SecurityCredit {
  public static var grant: CreditGrant { CreditGrant(ratesCorrectBitsAlone: false) }

  public let phaseOnlyShare: Double

  /// Both logical bases equally likely.
  public init() { phaseOnlyShare = 0.5 }

  /// `basisShareMax` is the probability of the likelier logical basis; nil unless it lies from 1/2 to below 1.
  public init?(basisShareMax: Double) {
    do { self = try Self.checked(basisShareMax: basisShareMax) } catch { return nil }
  }

  private init(usableShare: Double) { phaseOnlyShare = usableShare }

  public static func checked(basisShareMax: Double) throws(ParameterRefusal) -> PerBlock {
    try ParameterRefusal.check(share: basisShareMax, uniform: 0.5)
    return PerBlock(usableShare: basisShareMax)
  }

  public static func secretBitsPerSiftedBit(qber: Double, block: Int, efficiency: Double) -> Double {
    AsymptoticRate(qber: qber, block: block, efficiency: efficiency).bb84
  }

  public static func secretBitsPerSiftedBit(_ conditions: RateConditions) -> Double {
    AsymptoticRate(conditions).bb84
  }

  /// The root of 10 q^2 - 7 q + 1 for the state without pattern Y.
  public static var qberLimit: Double { 0.2 }
}

extension SecurityCredit {
  /// The QBER at which the asymptotic rate of a block length reaches zero, rounded down to 2^-40.
  public static func qberAtZeroRate(block: Int, efficiency: Double) -> Double {
    var positive = 0.0
    var none = 0.5
    for _ in 0..<39 {
      let middle = (positive + none) / 2
      let rate = secretBitsPerSiftedBit(qber: middle, block: block, efficiency: efficiency)
      if rate > 0 { positive = middle } else { none = middle }
    }
    return positive
  }
}
