import CMath
public import Units

/// Where to set a tilted plate whose own loss by polarisation is complementary.
public struct TiltSetPoint: Equatable, Sendable {
  /// Between the plate's normal and the beam, in hundredths of a degree.
  public let tiltCentidegrees: UInt16
  /// Of the axis about which the plate tilts, its s axis, from the horizontal: along the polarisation that is passed
  /// best.
  public let azimuth: PlateAngle
  /// What no linear plate corrects: the part along R/L, as a length of the diattenuation vector.
  public let residual: Double
}

/// Uncoated plates of glass in the beam, all at one angle.
///
/// A plate whose surfaces reflect r passes (1 - r)/(1 + r) without interference between them, r by Fresnel's formulas
/// for s and p (established). s loses more, so s goes along the polarisation that the element passes best; then both
/// lose alike (theory.md 4.5, derived).
public struct TiltedPlates: Sendable {
  /// Refractive index; fused silica has 1.4525 at 850 nm.
  public let index: Double
  public let count: Int
  /// Tilting beyond 70 degrees is a grazing beam.
  public static var tiltMaxDegrees: Double { 70 }

  /// Nil unless the index is above one and there are 1...16 plates.
  public init?(index: Double = 1.4525, count: Int = 1) {
    guard index > 1, index < 5, (1...16).contains(count) else { return nil }
    self.index = index
    self.count = count
  }

  /// Loss of s over loss of p, in decibels, at an angle whose sine is given.
  func decibels(sine: Double) -> Double {
    let outside = (1 - sine * sine).squareRoot()
    let inside = (1 - sine * sine / (index * index)).squareRoot()
    let s = (outside - index * inside) / (outside + index * inside)
    let p = (index * outside - inside) / (index * outside + inside)
    let passed = (1 - p * p) / (1 + p * p) / ((1 - s * s) / (1 + s * s))
    return Double(count) * 10 / log(10) * log(passed)
  }

  /// The set-point for a measured loss; nil below three standard deviations, and where the plates cannot do it.
  public func setPoint(for loss: DiattenuationEstimate) -> TiltSetPoint? {
    guard loss.isSignificant else { return nil }
    let linear = (loss.vector.x * loss.vector.x + loss.vector.z * loss.vector.z).squareRoot()
    guard linear < 1, linear > 0, Self.decibels(of: linear) <= decibels(sine: Self.sineMax) else { return nil }
    return complement(of: loss.vector)
  }

  /// The set-point that undoes what a vector has of linear polarisation, or as much of it as the plates can.
  func complement(of vector: StokesVector) -> TiltSetPoint {
    let linear = (vector.x * vector.x + vector.z * vector.z).squareRoot()
    let wanted = Self.decibels(of: min(linear, 0.999_999))
    var (low, high) = (0.0, Self.sineMax)
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if decibels(sine: middle) < wanted { low = middle } else { high = middle }
    }
    let tilt = atan2(low, (1 - low * low).squareRoot())
    // Half the angle on the Poincare sphere is the angle of the polarisation.
    let halfTurn = Int(PlateAngle.halfTurn)
    let polarisation = Int((atan2(vector.x, vector.z) / 2 * centidegreesPerRadian).rounded())
    guard let azimuth = PlateAngle(centidegrees: UInt16((polarisation % halfTurn + halfTurn) % halfTurn)) else {
      preconditionFailure("a remainder")
    }
    return TiltSetPoint(
      tiltCentidegrees: UInt16((tilt * centidegreesPerRadian).rounded()), azimuth: azimuth, residual: abs(vector.y))
  }

  /// sin 70 degrees.
  private static var sineMax: Double { 0.939_692_620_8 }

  static func decibels(of length: Double) -> Double { 10 / log(10) * (log1p(length) - log1p(-length)) }
}

let centidegreesPerRadian = 18_000 / Double.pi

extension DiattenuationEstimate {
  /// Attenuation of the arms of a transmitter with a laser a state, in decibels, H V D A R L: after it all states leave
  /// the element alike, and the weakest arm is left as it is. All zero below three standard deviations.
  ///
  /// State s leaves with (1 + D.s)/(1 + D). This balances the states; that they are no longer orthogonal, by the factor
  /// D of their overlap, it does not mend (theory.md 4.1, 4.5; derived).
  public var armDecibels: [6 of Double] {
    var result: [6 of Double] = .init(repeating: 0)
    guard isSignificant else { return result }
    var weakest = 0.0
    for axis in correlationAxes.indices { weakest = min(weakest, -abs(vector[correlationAxes[axis]])) }
    for axis in correlationAxes.indices {
      let component = vector[correlationAxes[axis]]
      let first = CorrelationCounts.first(of: correlationAxes[axis])
      result[first] = 10 / log(10) * (log1p(component) - log1p(weakest))
      result[first + 1] = 10 / log(10) * (log1p(-component) - log1p(weakest))
    }
    return result
  }

  /// With which probability a click of each detector is kept, so that both of an axis count alike: the less efficient
  /// over the more efficient. One where the mismatch is below three standard deviations.
  ///
  /// For efficiencies that no mode of the light changes, the common factor belongs to the channel (theory.md 4.4;
  /// derived, exact for single photons; efficiencies that modes do not change are assumed). Axes are left as they are:
  /// what they differ by is charged as the axis share.
  public var keepProbabilities: [6 of Double] {
    var result: [6 of Double] = .init(repeating: 1)
    for axis in correlationAxes.indices {
      let name = correlationAxes[axis]
      let contrast = mismatch[name]
      guard contrast * contrast > 9 * mismatchVariances[name] else { continue }
      let better = CorrelationCounts.first(of: name) + (contrast > 0 ? 0 : 1)
      result[better] = (1 - abs(contrast)) / (1 + abs(contrast))
    }
    return result
  }
}

/// Mean photon numbers at the virtual plane before an element that loses one polarisation more than another.
///
/// A decoy source followed by a common linear element is an ideal source followed by a channel, and that may be Eve's:
/// decoy bounds hold exactly for the means before the element, if it is taken to pass its best polarisation whole
/// (theory.md 4.3; derived). The means are then those with which the best polarisation leaves, not those of all states
/// on average, which a monitor behind the element reads.
public enum VirtualPlane {
  /// From the mean over six equally likely states behind the element: k = k_average (1 + D).
  ///
  /// D is the upper end of `sigmas` standard deviations: a mean that is taken too large counts more pulses as unsafe.
  /// Both ends matter to decoy bounds, which take means as exact; `spread` is how far apart they are, relative.
  public static func mean(
    averageBehind: MeanPhotonNumber, loss: DiattenuationEstimate, sigmas: Double = 3
  ) -> (upper: MeanPhotonNumber, spread: Double) {
    let length = loss.vector.length
    let margin = sigmas * loss.lengthSigma
    let upper = Double(averageBehind.millionths) * (1 + min(1, length + margin))
    let lower = Double(averageBehind.millionths) * (1 + max(0, length - margin))
    // Millionths of a photon are rounded up.
    return (MeanPhotonNumber(millionths: UInt32(min(upper + 1, 4e9))), upper > 0 ? 1 - lower / upper : 0)
  }

  /// With which probability rounds of each state are kept when its laser's mean differs: min P1/P1 with P1 = k e^-k, so
  /// that single photons of all states count alike (theory.md 4.3; derived, exact for single photons at one intensity).
  /// Nil unless all means are above zero and at most one, where P1 rises.
  public static func keepProbabilities(of means: [6 of MeanPhotonNumber]) -> [6 of Double]? {
    var singles: [6 of Double] = .init(repeating: 0)
    var least = 1.0
    for state in means.indices {
      let mean = means[state].value
      guard mean > 0, mean <= 1 else { return nil }
      singles[state] = mean * exp(-mean)
      least = min(least, singles[state])
    }
    for state in singles.indices { singles[state] = least / singles[state] }
    return singles
  }
}
