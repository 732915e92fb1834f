import CMath
public import Units

extension TiltedPlates {
  /// What a module has: four plates of fused silica, tilted in pairs so that the beam stays where it is. 8.4 dB at
  /// 70 degrees.
  public static var compensator: TiltedPlates {
    guard let plates = TiltedPlates(count: 4) else { preconditionFailure("four plates of silica") }
    return plates
  }

  /// Loss of s over loss of p in decibels.
  public func decibels(tiltCentidegrees tilt: UInt16) -> Double { decibels(sine: sine(Double(tilt))) }

  /// The diattenuation vector of the plates at a set-point: it points at p, across the axis about which they tilt.
  public func vector(tiltCentidegrees tilt: UInt16, azimuth: PlateAngle) -> StokesVector {
    let ratio = exp(decibels(tiltCentidegrees: tilt) * log(10) / 10)
    let length = (ratio - 1) / (ratio + 1)
    let turn = 2 * Double(azimuth.centidegrees)
    return -length * StokesVector(sine(turn), 0, sine(turn + 9_000))
  }

  /// The sine of an angle in hundredths of a degree, from -180 to 540 degrees.
  ///
  /// Tangent of the half angle by its continued fraction; folded to 45 degrees, where eight steps are exact to the
  /// precision of numbers.
  private func sine(_ centidegrees: Double) -> Double {
    var angle = centidegrees
    while angle > 18_000 { angle -= 36_000 }
    if angle > 9_000 { angle = 18_000 - angle }
    if angle < -9_000 { angle = -18_000 - angle }
    let half = angle / centidegreesPerRadian / 2
    var fraction = 17.0
    for step in 0..<8 { fraction = Double(15 - 2 * step) - half * half / fraction }
    let tangent = half / fraction
    return 2 * tangent / (1 + tangent * tangent)
  }
}

extension StokesVector {
  /// Light of intensity one with this Stokes vector, behind an element of the diattenuation `loss`, again per
  /// intensity.
  ///
  /// Lu and Chipman, J. Opt. Soc. Am. A 13, 1106 (1996): S' = (D + w S + (1 - w)(n.S) n)/(1 + D.S), w = sqrt(1 - D^2).
  func behind(_ loss: StokesVector) -> StokesVector {
    let w = (1 - loss.dot(loss)).squareRoot()
    let along = loss.dot(self)
    return 1 / (1 + along) * (loss + w * self + along / (1 + w) * loss)
  }
}

/// What a module does about loss and about detectors that differ.
public struct LossSettings: Equatable, Sendable {
  /// Tilt of the compensator's plates, 0...7000, and the axis about which they tilt, hundredths of a degree.
  public var tiltCentidegrees: UInt16 = 0
  public var azimuth = PlateAngle(eighths: 0)
  /// With which probability a single click of H V D A R L counts, in millionths.
  public var keepPpm: [6 of UInt32] = .init(repeating: 1_000_000)

  public init() {}

  public static func == (a: LossSettings, b: LossSettings) -> Bool {
    for i in a.keepPpm.indices where a.keepPpm[i] != b.keepPpm[i] { return false }
    return a.tiltCentidegrees == b.tiltCentidegrees && a.azimuth == b.azimuth
  }

  /// Whether nothing is done.
  public var isNeutral: Bool { self == LossSettings() }

  public var plateVector: StokesVector {
    TiltedPlates.compensator.vector(tiltCentidegrees: tiltCentidegrees, azimuth: azimuth)
  }

  /// What white light loses in the plates, behind the loss that they undo, in decibels: -10 log10(1 - D).
  public var lightDecibels: Double { -10 / log(10) * log1p(-plateVector.length) }

  /// Which part of the clicks of equal detectors does not count.
  public var clickShare: Double {
    var kept = 0.0
    for i in keepPpm.indices { kept += Double(keepPpm[i]) / 6_000_000 }
    return 1 - kept
  }
}

/// What a measurement says: the loss with and without the module's own plates, and what to set.
public struct LossFinding: Sendable {
  /// As the counters showed it, with what was in force.
  public let seen: DiattenuationEstimate
  /// What is left when the plates in force are thought away: loss of both ends and of the way between them together.
  public let loss: StokesVector
  /// What to set; what was in force if nothing exceeds three standard deviations.
  public let settings: LossSettings
  /// What the vector will be with those settings: what no plate of linear polarisation undoes.
  public let rest: StokesVector

  /// All that stands before Bob's plates and plates to undo it: Alice's mean light is white, and behind elements M = B
  /// R A, which are Alice's, a turn and Bob's, it has the Stokes vector of M M^+. Plates next to Bob's wave plates with
  /// the opposite vector make that white again, so that M followed by them is a turn, wherever the loss is (derived).
  /// What is in force is thought away by an element of the opposite vector.
  public init(_ seen: DiattenuationEstimate, inForce: LossSettings) {
    self.seen = seen
    let plates = inForce.plateVector
    loss = seen.vector.behind(-1 * plates)
    var settings = inForce
    if seen.isSignificant {
      let point = TiltedPlates.compensator.complement(of: loss)
      settings.tiltCentidegrees = point.tiltCentidegrees
      settings.azimuth = point.azimuth
    }
    if let keep = seen.keeping(insteadOf: inForce.keepPpm) { settings.keepPpm = keep }
    self.settings = settings
    rest = settings == inForce ? seen.vector : loss.behind(settings.plateVector)
  }
}

extension DiattenuationEstimate {
  /// Keep-probabilities in millionths that make all six detectors count alike: the least efficiency over each one's.
  /// Nil if those in force do so within three standard deviations.
  ///
  /// Equal detectors of an axis are what twirl and bounds ask for, equal axes what the axis share asks for (theory.md
  /// 4.4 and 1.3; exact for single photons, if no mode of the light changes efficiencies). The test is chi-square with
  /// five degrees of freedom, exceeded by 18.205 in 0.27 % of cases.
  func keeping(insteadOf inForce: [6 of UInt32]) -> [6 of UInt32]? {
    var weights = 0.0
    var mean = 0.0
    var least = logEfficiencies[0]
    for i in logEfficiencies.indices {
      guard logEfficiencyVariances[i] > 0, inForce[i] > 0 else { return nil }
      weights += 1 / logEfficiencyVariances[i]
      mean += (logEfficiencies[i] + log(Double(inForce[i]))) / logEfficiencyVariances[i]
      least = min(least, logEfficiencies[i])
    }
    var square = 0.0
    for i in logEfficiencies.indices {
      let off = logEfficiencies[i] + log(Double(inForce[i])) - mean / weights
      square += off * off / logEfficiencyVariances[i]
    }
    guard square > 18.205 else { return nil }
    var keep: [6 of UInt32] = .init(repeating: 1_000_000)
    for i in keep.indices {
      keep[i] = UInt32(max(100_000, (1e6 * exp(least - logEfficiencies[i])).rounded()))
    }
    return keep
  }
}
