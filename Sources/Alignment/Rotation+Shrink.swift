/// How much of the length of a Stokes vector the link leaves, noise of every kind counted, with its variance.
public struct ShrinkEstimate: Equatable, Sendable {
  public let value: Double
  public let variance: Double

  public init(value: Double, variance: Double) {
    precondition(value > 0 && value <= 1 && variance >= 0)
    self.value = value
    self.variance = variance
  }

  /// Nothing is known but that errors are expected to be `qber` at most, some of them of a turn: uniform between the
  /// two ends.
  public init(expectedQber qber: Double) {
    let qber = min(0.49, max(0, qber))
    self.init(value: 1 - qber, variance: qber * qber / 3)
  }

  /// From the errors of a confirmed block, without a look at any bit, and the mean over that block of
  /// (1 + 2 cos(turn))/3: 1 - 2 Q = shrink times that mean (theory.md 1.2). Nil for too few bits or too large turns.
  public init?(errors: UInt64, bits: UInt64, meanTrace: Double) {
    guard bits >= 1000, 2 * errors < bits, meanTrace > 0.2 else { return nil }
    let share = (Double(errors) + 1) / (Double(bits) + 2)
    let value = (1 - 2 * share) / meanTrace
    guard value > 0.02 else { return nil }
    self.init(value: min(1, value), variance: 4 * share * (1 - share) / Double(bits) / (meanTrace * meanTrace))
  }
}

extension CorrelationMatrix {
  /// Sine of the turn about its axis, times the shrinking: the antisymmetric part.
  private var antisymmetric: StokesVector {
    0.5
      * StokesVector(
        values[2, 1] - values[1, 2], values[0, 2] - values[2, 0], values[1, 0] - values[0, 1])
  }

  private var antisymmetricVariance: StokesVector {
    0.25
      * StokesVector(
        variances[2, 1] + variances[1, 2], variances[0, 2] + variances[2, 0], variances[1, 0] + variances[0, 1])
  }

  /// Square of the sine of the turn, less what noise adds on average; it may be negative. Nil without counts.
  public func sineSquared(_ shrink: ShrinkEstimate) -> Double? {
    let v = antisymmetric
    let spread = antisymmetricVariance
    let noise = spread.x + spread.y + spread.z
    guard noise < .infinity else { return nil }
    return (v.dot(v) - noise) / (shrink.value * shrink.value)
  }

  /// Whether the unequal axes show a turn at all, whatever the shrinking is: the antisymmetric part exceeds what chance
  /// makes of none in 0.27 % of cases (chi-square with 3 degrees of freedom).
  public var showsTurn: Bool {
    let v = antisymmetric
    let spread = antisymmetricVariance
    guard spread.length < .infinity else { return false }
    return v.x * v.x / spread.x + v.y * v.y / spread.y + v.z * v.z / spread.z > threeSigmaOfThree
  }

  /// What counting alone adds to the square of a small turn on average, square radians. How well the shrinking is known
  /// is not in it: that makes a turn longer or shorter, and neither another one nor none.
  public func countingVariance(_ shrink: ShrinkEstimate) -> Double {
    let spread = antisymmetricVariance
    return (spread.x + spread.y + spread.z) / (shrink.value * shrink.value)
  }

  /// The rotation that the six correlations of unequal axes show if the shrinking is known; nil without counts.
  ///
  /// For T = s R with the turn by t about n the antisymmetric part is v = s sin(t) n (derived). It is taken for a turn
  /// of at most 90 degrees: a larger one is told too small, about the right axis, so that who undoes what he is
  /// told, and looks again, comes to the end. Other than `rotation(trace:)` this needs no error rate of the very time
  /// of the counts, which is known only when a block is confirmed. Error bars to first order (derived):
  /// s d = dv + u x dv + n (n.dv) (1/cos(t) - 1) with u = tan(t/2) n, and -tan(t) ds along n.
  public func rotation(shrink: ShrinkEstimate) -> RotationEstimate? {
    let v = antisymmetric
    let spread = antisymmetricVariance
    guard spread.length < .infinity else { return nil }
    let sine = min(1, v.length / shrink.value)
    let cosine = (1 - sine * sine).squareRoot()
    // Towards 90 degrees the sine says ever less; the bar of first order would grow beyond all bounds.
    let floor = max(cosine, 0.2)
    let n = v.length > 0 ? (1 / v.length) * v : .zero
    let u = (sine / (1 + cosine)) * n
    var covariance = StokesMatrix()
    for i in 0..<3 {
      let dv = StokesVector(i == 0 ? 1 : 0, i == 1 ? 1 : 0, i == 2 ? 1 : 0)
      let d = dv + u.cross(dv) + (n.dot(dv) * (1 / floor - 1)) * n
      covariance.add(i == 0 ? spread.x : i == 1 ? spread.y : spread.z, (1 / shrink.value) * d)
    }
    covariance.add(shrink.variance, (sine / floor / shrink.value) * n)
    return RotationEstimate(
      rotation: Rotation(w: 1, u), covariance: covariance, shrink: shrink.value,
      shrinkSigma: shrink.variance.squareRoot())
  }
}

extension RotationEstimate {
  /// The error rate of the key with this turn: (1 - tr T/3)/2.
  public var qber: Double { correctedQber + gain(of: rotation) }

  /// What undoing `part` of the turn takes off the error rate: s (1 - cos t)/3 (theory.md 1.2).
  public func gain(of part: Rotation) -> Double { 2 * shrink / 3 * part.axis.dot(part.axis) }

  /// Standard deviations of the components of the turn: x, y, z, in radians.
  public var sigmas: StokesVector {
    StokesVector(covariance[0, 0].squareRoot(), covariance[1, 1].squareRoot(), covariance[2, 2].squareRoot())
  }

  /// The part that is a roll about the line of sight: the turn about R/L nearest to the whole.
  public var roll: Rotation {
    let length = rotation.w * rotation.w + rotation.axis.y * rotation.axis.y
    return length > 1e-12 ? Rotation(w: rotation.w, StokesVector(0, rotation.axis.y, 0)) : .identity
  }

  /// Whether more than a roll is seen: the two components across R/L exceed what chance does in 0.27 % of cases (11.83,
  /// chi-square with 2 degrees of freedom).
  public var tiltIsSignificant: Bool {
    let tilt = rotation.after(roll.inverse).vector
    let (a, b, c) = (covariance[0, 0], covariance[0, 2], covariance[2, 2])
    let determinant = a * c - b * b
    guard determinant > 0 else { return false }
    let weighed = (c * tilt.x * tilt.x - 2 * b * tilt.x * tilt.z + a * tilt.z * tilt.z) / determinant
    return weighed > threeSigmaOfTwo
  }

  /// What undoing the rest behind the roll would gain.
  public var tiltGain: Double { gain(of: rotation.after(roll.inverse)) }
}

/// Exceeded with the probability 0.0027 by the sum of two squared standard normal numbers.
private let threeSigmaOfTwo = 11.829

extension CorrelationCounts {
  /// Forgets half of everything.
  public mutating func halve() {
    for state in 0..<6 { for detector in 0..<6 { self[state, detector] /= 2 } }
  }

  public mutating func clear() { self = CorrelationCounts() }

  /// Rounds in all.
  public var total: UInt64 {
    var sum: UInt64 = 0
    for state in 0..<6 { for detector in 0..<6 { sum += self[state, detector] } }
    return sum
  }
}
