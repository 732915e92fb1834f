/// The condition of a proof that a parameter breaks. Nothing is computed from such parameters.
public enum ParameterRefusal: UInt8, Error {
  /// A mean photon number is negative, above 10 or not a number.
  case meanOutsideRange
  /// mu1 > mu2 + mu3 fails (Lim et al.), or mu1 > mu2 > 0 with one decoy (Rusca et al.).
  case signalNotAboveDecoyPlusVacuum
  case decoyNotAboveVacuum
  case shareNotPositive
  /// The shares of the intensities differ from 1 together by more than 1e-6.
  case sharesNotSummingToOne
  /// An epsilon does not lie strictly between 1e-30 and 1.
  case epsilonOutsideRange
  /// The block length of advantage distillation is not 1...16.
  case blockOutsideRange
  /// An error rate is negative, one half or more, or not a number.
  case qberOutsideRange
  /// The leak over the Shannon limit is not 1...1000.
  case efficiencyOutsideRange
  /// A largest share lies below that of the uniform draw, or is 1 or more.
  case axisShareOutsideRange
  /// The share of single photons is not above 0 and at most 1.
  case singleShareOutsideRange
  /// The probability of a deliberate flip is negative, one half or more, or not a number.
  case flipOutsideRange
  /// More errors than bits, or a count of 2^50 or more.
  case countsInconsistent
  /// The larger of two key lengths was asked for that rest on different permutations.
  case largerOfTwoPermutations

  /// The condition that must hold, in words that need no table.
  public var condition: StaticString {
    switch self {
    case .meanOutsideRange: "mean photon numbers must lie from 0 to 10"
    case .signalNotAboveDecoyPlusVacuum: "mu1 must exceed mu2 + mu3"
    case .decoyNotAboveVacuum: "mu2 must exceed mu3"
    case .shareNotPositive: "every probability must be above 0"
    case .sharesNotSummingToOne: "probabilities must sum to 1 within 1e-6"
    case .epsilonOutsideRange: "epsilon must lie strictly between 1e-30 and 1"
    case .blockOutsideRange: "block must be 1...16"
    case .qberOutsideRange: "error rates must be at least 0 and below 0.5"
    case .efficiencyOutsideRange: "efficiency must be 1...1000"
    case .axisShareOutsideRange: "the largest share must be that of a uniform draw or more, and below 1"
    case .singleShareOutsideRange: "the share of single photons must be above 0 and at most 1"
    case .flipOutsideRange: "the flip probability must be at least 0 and below 0.5"
    case .countsInconsistent: "errors must not exceed bits, and counts must stay below 2^50"
    case .largerOfTwoPermutations: "the larger of grouped and pooled needs block 1"
    }
  }
}

extension ParameterRefusal {
  static func check(block: Int) throws(ParameterRefusal) {
    guard (1...16).contains(block) else { throw .blockOutsideRange }
  }

  static func check(efficiency: Double) throws(ParameterRefusal) {
    guard efficiency >= 1, efficiency <= 1000 else { throw .efficiencyOutsideRange }
  }

  static func check(qber: Double) throws(ParameterRefusal) {
    guard qber >= 0, qber < 0.5 else { throw .qberOutsideRange }
  }

  /// A share of at least `uniform`, below 1.
  static func check(share: Double, uniform: Double) throws(ParameterRefusal) {
    guard share >= uniform, share < 1 else { throw .axisShareOutsideRange }
  }
}
