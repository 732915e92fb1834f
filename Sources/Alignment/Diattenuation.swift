import CMath
import Units

/// What Bob's wave plates do to the sign of each Stokes axis: nothing, or half a turn about one axis, which keeps that
/// axis and turns the two others over. These are the Pauli elements of the twirl.
public enum PlateSwap: UInt8, Sendable {
  case none, aboutX, aboutY, aboutZ

  func turnsOver(_ axis: Axis) -> Bool {
    switch self {
    case .none: false
    case .aboutX: axis != .x
    case .aboutY: axis != .y
    case .aboutZ: axis != .z
    }
  }
}

/// Counts of one detector in some time, and what of them is darks and daylight.
public struct DetectorCount: Sendable {
  public var all: UInt64
  /// Expected without the light, in the same time, and its variance: measured for a time t_d, d counts stand for
  /// d t/t_d with the variance d (t/t_d)^2.
  public var noise: Double
  public var noiseVariance: Double

  public init(all: UInt64, noise: Double = 0, noiseVariance: Double = 0) {
    self.all = all
    self.noise = noise
    self.noiseVariance = noiseVariance
  }
}

/// Sums of the counters by axis and by sign of the plates, until they tell loss by polarisation from detectors.
///
/// Alice's mean state is white behind the twirl, so that detectors of an axis count as
/// C0 : C1 = e0 (1 + s D) : e1 (1 - s D), where D is the component of the diattenuation vector of all that stands
/// before the plates, e the efficiencies and s = +-1 the sign that the plates give the axis. Counters suffice, no
/// announcement and no bit is needed (theory.md 4.6; derived). Loss changes sign with the plates, efficiency does not.
/// Counts that dead time cut must be corrected for it before.
public struct DiattenuationSums: Sendable {
  /// Index 4 axis + 2 sign + detector: net counts and their variances.
  private var net: [12 of Double] = .init(repeating: 0)
  private var variance: [12 of Double] = .init(repeating: 0)

  public init() {}

  /// Adds a stretch of time with the plates in one place; detectors are H V D A R L.
  public mutating func add(_ counts: [6 of DetectorCount], behind plates: PlateSwap) {
    for axis in correlationAxes.indices {
      let sign = plates.turnsOver(correlationAxes[axis]) ? 2 : 0
      let first = CorrelationCounts.first(of: correlationAxes[axis])
      for detector in 0..<2 {
        let count = counts[first + detector]
        net[4 * axis + sign + detector] += Double(count.all) - count.noise
        variance[4 * axis + sign + detector] += Double(count.all) + count.noiseVariance
      }
    }
  }

  /// Half the logarithm of the ratio of two detectors, which is artanh of their contrast, and its variance; nil if one
  /// of them shows no light.
  private func rapidity(_ axis: Int, _ sign: Int) -> (value: Double, variance: Double)? {
    let i = 4 * axis + 2 * sign
    guard net[i] > 0, net[i + 1] > 0 else { return nil }
    let spread = variance[i] / (net[i] * net[i]) + variance[i + 1] / (net[i + 1] * net[i + 1])
    return (0.5 * log(net[i] / net[i + 1]), 0.25 * spread)
  }

  /// Loss and mismatch of all axes; nil until every axis was counted with both signs, which takes two of the three
  /// swaps, or one swap and none for two axes at a time.
  ///
  /// With y = artanh of a contrast, y(+) = artanh d + artanh D and y(-) = artanh d - artanh D, d being the contrast of
  /// the efficiencies: exact for any size of both (derived). `visibility` is what the analyser leaves of a Stokes
  /// vector behind the plates, 1 - p of its own white noise.
  public func estimate(visibility: Double = 1) -> DiattenuationEstimate? {
    precondition(visibility > 0 && visibility <= 1)
    var result = DiattenuationEstimate()
    for axis in correlationAxes.indices {
      guard let plus = rapidity(axis, 0), let minus = rapidity(axis, 1) else { return nil }
      let spread = (plus.variance + minus.variance) / 4
      let loss = hyperbolicTangent((plus.value - minus.value) / 2)
      let mismatch = hyperbolicTangent((plus.value + minus.value) / 2)
      let name = correlationAxes[axis]
      result.vector[name] = loss / visibility
      result.variances[name] = spread * (1 - loss * loss) * (1 - loss * loss) / (visibility * visibility)
      result.mismatch[name] = mismatch
      result.mismatchVariances[name] = spread * (1 - mismatch * mismatch) * (1 - mismatch * mismatch)
      setEfficiencies(of: axis, loss: loss, halfSum: (plus.value + minus.value) / 2, spread: spread, in: &result)
    }
    return result
  }

  /// Efficiencies of the two detectors of an axis, on a scale that all axes share.
  ///
  /// Let light L(+) and L(-) fall while the plates give the axis either sign. The product of both detectors' counts has
  /// the ratio (L(+)/L(-))^2, free of loss and efficiencies, and L(+) + L(-) is the same for every axis. So the mean of
  /// ln e0 and ln e1 is ln(C0(+) C1(+)/(1 - D^2))/2 + ln((1 + r)/r), r = L(+)/L(-) (derived). `loss` is D as the
  /// detectors see it, `halfSum` artanh d.
  private func setEfficiencies(
    of axis: Int, loss: Double, halfSum: Double, spread: Double, in result: inout DiattenuationEstimate
  ) {
    let i = 4 * axis
    let light = 0.5 * log(net[i] * net[i + 1] / (net[i + 2] * net[i + 3]))
    let mean = 0.5 * (log(net[i] * net[i + 1]) - log1p(-min(loss * loss, 0.999_999))) + log1p(exp(-light))
    let all = net[i] + net[i + 1] + net[i + 2] + net[i + 3]
    let noise = variance[i] + variance[i + 1] + variance[i + 2] + variance[i + 3]
    let first = CorrelationCounts.first(of: correlationAxes[axis])
    for detector in 0..<2 {
      result.logEfficiencies[first + detector] = mean + (detector == 0 ? halfSum : -halfSum)
      result.logEfficiencyVariances[first + detector] = spread + noise / (all * all)
    }
  }
}

private func hyperbolicTangent(_ x: Double) -> Double {
  let e = expm1(2 * x)
  return e / (e + 2)
}

/// Diattenuation before the plates and contrast of the detectors behind them.
public struct DiattenuationEstimate: Sendable {
  /// Points at the state that is passed best; its length is (T - t)/(T + t).
  public var vector = StokesVector.zero
  public var variances = StokesVector.zero
  /// (e0 - e1)/(e0 + e1) of the two detectors of each axis.
  public var mismatch = StokesVector.zero
  public var mismatchVariances = StokesVector.zero
  /// Logarithms of the efficiencies of H V D A R L, up to a common term, and their variances.
  public var logEfficiencies: [6 of Double] = .init(repeating: 0)
  public var logEfficiencyVariances: [6 of Double] = .init(repeating: 0)

  public init() {}

  /// Whether there is loss to correct: below three standard deviations nothing is done. The squared length in standard
  /// deviations of its components must exceed 14.16, as often exceeded by chance as three of a single number.
  public var isSignificant: Bool {
    var sum = 0.0
    for axis in correlationAxes.indices {
      let name = correlationAxes[axis]
      guard variances[name] > 0 else { return false }
      sum += vector[name] * vector[name] / variances[name]
    }
    return sum > threeSigmaOfThree
  }

  /// Length of the vector, less what noise adds to it on average.
  public var length: Double {
    let sum = vector.dot(vector) - variances.x - variances.y - variances.z
    return sum > 0 ? sum.squareRoot() : 0
  }

  /// Standard deviation of the length, along the vector.
  public var lengthSigma: Double {
    let squared = vector.dot(vector)
    guard squared > 0 else { return ((variances.x + variances.y + variances.z) / 3).squareRoot() }
    let v = vector
    return ((v.x * v.x * variances.x + v.y * v.y * variances.y + v.z * v.z * variances.z) / squared).squareRoot()
  }

  /// Loss of the worst polarisation over that of the best, 10 log10((1 + D)/(1 - D)), and its standard deviation.
  public var decibels: Double { 10 / log(10) * (log1p(length) - log1p(-min(length, 1 - 1e-12))) }
  public var decibelsSigma: Double {
    20 / log(10) * lengthSigma / (1 - min(length, 1 - 1e-12) * min(length, 1 - 1e-12))
  }
}
