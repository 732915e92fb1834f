/// A number of a scenario as its file names it.
struct ScenarioField: Sendable {
  let name: String
  /// Empty for a plain number.
  let unit: String
  let range: ClosedRange<Double>
  let place: any Place
  /// Whether only whole numbers can be meant.
  var isWhole = false
  /// Whether the number belongs to the orbit.
  var isOrbit = false

  typealias Place = WritableKeyPath<ScenarioDraft, Double> & Sendable

  init(_ name: String, _ unit: String, _ range: ClosedRange<Double>, _ place: any Place) {
    self.name = name
    self.unit = unit
    self.range = range
    self.place = place
  }

  fileprivate var whole: ScenarioField {
    var field = self
    field.isWhole = true
    return field
  }

  fileprivate var orbit: ScenarioField {
    var field = self
    field.isOrbit = true
    return field
  }
}

/// A motion as its file names it: `NAME_offset`, `NAME_tone_1`, `NAME_noise` and so on.
struct MotionField {
  let name: String
  let unit: String
  /// The largest offset, amplitude and noise.
  let largest: Double
  /// Whether the motion may go on for ever.
  let turns: Bool
  /// Whether it has speed and acceleration at every time, as a range does: without offset, which nobody can tell from
  /// that of the clocks, and without noise, whose speed has no bound.
  var isSmooth = false
  let place: WritableKeyPath<Scenario, Motion>

  static var tonesMax: Int { 4 }

  static var all: [MotionField] {
    [
      MotionField(name: "pointing", unit: "radii", largest: 10, turns: false, place: \.pointing),
      MotionField(name: "roll", unit: "deg", largest: 180, turns: true, place: \.rollDegrees),
      MotionField(name: "pitch", unit: "deg", largest: 45, turns: false, place: \.pitchDegrees),
      MotionField(name: "yaw", unit: "deg", largest: 45, turns: false, place: \.yawDegrees),
      MotionField(name: "arrival", unit: "ps", largest: 10_000, turns: false, place: \.arrivalPs),
      MotionField(name: "range", unit: "m", largest: 10_000, turns: true, isSmooth: true, place: \.rangeM),
    ]
  }
}

/// A scenario while its file is read: every number is there, also those of an orbit and of tones that it may not have.
struct ScenarioDraft {
  var scenario: Scenario
  var pass: OrbitalPass
  var motions: [MotionDraft]

  init(_ scenario: Scenario) {
    self.scenario = scenario
    pass = scenario.pass ?? OrbitalPass()
    motions = MotionField.all.map { MotionDraft(scenario[keyPath: $0.place]) }
  }

  var decibels: Double {
    get { scenario.lossDecibels }
    set { scenario.peakTransmission = Scenario.transmission(decibels: newValue) }
  }

  var deadSlots: Double {
    get { Double(scenario.receiver.deadSlots) }
    set { scenario.receiver.deadSlots = UInt64(newValue) }
  }
}

/// Tones in fixed places; a number that was not given is no number.
struct MotionDraft {
  var motion: Motion
  var amplitudes: [Double]
  var hz: [Double]

  init(_ motion: Motion) {
    self.motion = motion
    let missing = Array(repeating: Double.nan, count: max(0, MotionField.tonesMax - motion.tones.count))
    amplitudes = motion.tones.map(\.amplitude) + missing
    hz = motion.tones.map(\.hz) + missing
  }
}

extension ScenarioField {
  /// All fields in the order in which they are printed.
  static let all: [ScenarioField] = light + MotionField.all.indices.flatMap(motion) + clocks + receiver + orbit

  static func named(_ name: String) -> ScenarioField? { byName[name] }
  private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  private static var light: [ScenarioField] {
    [
      ScenarioField("loss", "dB", 0...100, \.decibels),
      ScenarioField("transmission", "", 1e-10...1, \.scenario.peakTransmission),
      ScenarioField("scintillation_index", "", 0...1, \.scenario.scintillationIndex),
      ScenarioField("rytov_variance", "", 0...30, \.scenario.rytovVariance),
      ScenarioField("scintillation_time", "ms", 0.1...100_000, \.scenario.scintillationMs),
      ScenarioField("depolarisation", "", 0...1, \.scenario.depolarisation),
      ScenarioField("alice_diattenuation_x", "", -1...1, \.scenario.aliceDiattenuation.x),
      ScenarioField("alice_diattenuation_y", "", -1...1, \.scenario.aliceDiattenuation.y),
      ScenarioField("alice_diattenuation_z", "", -1...1, \.scenario.aliceDiattenuation.z),
      ScenarioField("bob_diattenuation_x", "", -1...1, \.scenario.bobDiattenuation.x),
      ScenarioField("bob_diattenuation_y", "", -1...1, \.scenario.bobDiattenuation.y),
      ScenarioField("bob_diattenuation_z", "", -1...1, \.scenario.bobDiattenuation.z),
      ScenarioField("background", "Hz", 0...1e7, \.scenario.backgroundHz),
      ScenarioField("sight_azimuth", "deg", -180...180, \.scenario.sight.azimuthDegrees),
      ScenarioField("sight_elevation", "deg", -90...90, \.scenario.sight.elevationDegrees),
      ScenarioField("steering_residual", "", 0...1, \.scenario.steeringResidual),
      ScenarioField("divergence", "mrad", 1e-3...100, \.scenario.divergenceMrad),
    ]
  }

  private static func motion(_ index: Int) -> [ScenarioField] {
    let motion = MotionField.all[index]
    let (name, unit, largest) = (motion.name, motion.unit, motion.largest)
    var fields: [ScenarioField] = []
    if !motion.isSmooth {
      fields.append(ScenarioField(name + "_offset", unit, -largest...largest, \.motions[index].motion.offset))
    }
    if motion.turns {
      fields.append(ScenarioField(name + "_rate", unit + "/s", -1e6...1e6, \.motions[index].motion.ratePerS))
    }
    for tone in 0..<MotionField.tonesMax {
      let tag = name + "_tone_\(tone + 1)"
      fields.append(ScenarioField(tag, unit, 0...largest, \.motions[index].amplitudes[tone]))
      // States of the channel last a millisecond.
      fields.append(ScenarioField(tag + "_frequency", "Hz", 0...500, \.motions[index].hz[tone]))
    }
    if motion.isSmooth { return fields }
    fields.append(ScenarioField(name + "_noise", unit, 0...largest, \.motions[index].motion.noiseRms))
    fields.append(ScenarioField(name + "_noise_time", "ms", 0.1...1e6, \.motions[index].motion.noiseMs))
    return fields
  }

  private static var clocks: [ScenarioField] {
    [
      ScenarioField("clock_drift", "ns/s", -1e5...1e5, \.scenario.clockDriftNsPerS),
      ScenarioField("clock_alignment", "ms", 0...1e9, \.scenario.resyncMs).whole,
      ScenarioField("clock_doubt", "us", 0...1_000, \.scenario.clockDoubtUs),
      ScenarioField("clock_rate_doubt", "ppm", 0...2.2, \.scenario.clockDoubtPpm),
    ]
  }

  private static var receiver: [ScenarioField] {
    let detectors = ["h", "v", "d", "a", "r", "l"].enumerated()
    return detectors.map { ScenarioField("efficiency_" + $1, "", 0...1, \.scenario.receiver.efficiencies[$0]) }
      + detectors.map { ScenarioField("darks_" + $1, "Hz", 0...1e7, \.scenario.receiver.darkHz[$0]) }
      + [
        ScenarioField("dead_time", "slots", 0...1e6, \.deadSlots).whole,
        ScenarioField("jitter", "ps", 1...5_000, \.scenario.receiver.jitterPs),
      ]
  }

  private static var orbit: [ScenarioField] {
    [
      ScenarioField("orbit_altitude", "km", 150...2_000, \.pass.altitudeKm).orbit,
      ScenarioField("orbit_culmination", "deg", 5...90, \.pass.culminationDegrees).orbit,
      ScenarioField("orbit_start", "s", -1_500...1_500, \.pass.startSeconds).orbit,
      ScenarioField("orbit_zenith_transmission", "", 0.01...1, \.pass.zenithTransmission).orbit,
      ScenarioField("orbit_divergence", "urad", 0.1...1_000, \.pass.divergenceUrad).orbit,
      ScenarioField("orbit_aperture", "m", 0.01...10, \.pass.apertureM).orbit,
      ScenarioField("orbit_frame_residual", "", 0...1, \.pass.frameResidual).orbit,
      ScenarioField("orbit_range_rate_residual", "", 0...1, \.pass.rangeRateResidual).orbit,
    ]
  }
}
