import Foundation

/// A slow motion: an offset, a few tones and low-pass noise, in the unit of its use.
public struct Motion: Equatable, Sendable {
  public struct Tone: Equatable, Sendable {
    public let amplitude: Double
    public let hz: Double

    public init(amplitude: Double, hz: Double) {
      self.amplitude = amplitude
      self.hz = hz
    }
  }

  public var offset = 0.0
  /// Change a second.
  public var ratePerS = 0.0
  public var tones: [Tone] = []
  public var noiseRms = 0.0
  /// Correlation time of the noise (first-order filter), in milliseconds.
  public var noiseMs = 1.0

  public init() {}
}

/// Where a module looks, in the axes of the platform that carries it: azimuth from forward to starboard, elevation
/// upwards, in degrees.
public struct LineOfSight: Equatable, Sendable {
  public var azimuthDegrees = 0.0
  public var elevationDegrees = 0.0

  public init() {}
}

/// The receiver's six detectors, in the order H V D A R L.
public struct Receiver: Equatable, Sendable {
  /// Probability that a photon on the detector's own output makes a click.
  public var efficiencies: [Double]
  /// Clicks per second without any light, gate always open.
  public var darkHz: [Double]
  /// Insensitive time of a detector after its own click, in slots.
  public var deadSlots: UInt64
  /// Standard deviation of the detector's timing, in picoseconds.
  public var jitterPs: Double

  public init(efficiencies: [Double], darkHz: [Double], deadSlots: UInt64, jitterPs: Double) {
    precondition(efficiencies.count == Analyser.detectorCount && darkHz.count == Analyser.detectorCount)
    self.efficiencies = efficiencies
    self.darkHz = darkHz
    self.deadSlots = deadSlots
    self.jitterPs = jitterPs
  }
}

/// A link to simulate: geometry, weather, motion and detectors. Every figure has a source or is marked "assumed".
public struct Scenario: Equatable, Sendable {
  public var name: String
  /// Transmission from Alice's exit to the analyser's inputs at perfect pointing without turbulence.
  public var peakTransmission: Double
  /// Pointing error on each of two axes, in beam radii at the receiver.
  public var pointing: Motion
  /// Scintillation index, the variance of the intensity over its squared mean, and its correlation time.
  public var scintillationIndex: Double
  public var scintillationMs: Double
  /// Roll of the platform, in degrees: about the line of sight if the module looks forward.
  public var rollDegrees: Motion
  /// Arrival of the pulses against Bob's clock, in picoseconds, after the clocks have been aligned. Like `clockDrift`
  /// it says what alignment leaves where it is not simulated; between clocks of their own it is not added.
  public var arrivalPs: Motion
  /// Depolarising parameter p of the optics: the Bloch vector shrinks by 1 - p.
  public var depolarisation: Double
  /// Daylight per detector, in clicks per second with the gate always open.
  public var backgroundHz: Double
  public var receiver: Receiver

  /// The law of scintillation. Gamma-gamma takes the Rytov variance in place of the scintillation index.
  public var fading = FadingLaw.logNormal
  public var rytovVariance = 0.0
  /// Pitch and yaw of the platform, in degrees, and where the module looks.
  public var pitchDegrees = Motion()
  public var yawDegrees = Motion()
  public var sight = LineOfSight()
  /// The part of the platform's turning across the line of sight that steering leaves to the beam.
  public var steeringResidual = 0.0
  /// Half angle of the beam to 1/e^2 of its intensity, in milliradians, for what steering leaves.
  public var divergenceMrad = 1.0
  /// Diattenuation vectors of what stands behind Alice's wave plates and before Bob's.
  public var aliceDiattenuation = BlochVector.zero
  public var bobDiattenuation = BlochVector.zero
  /// How the clocks drift apart, in nanoseconds a second, and how often they are aligned, in milliseconds; zero is at
  /// the start only.
  public var clockDriftNsPerS = 0.0
  public var resyncMs = 0.0
  /// What nobody knows of two clocks that are not set by each other: offset, either way, in microseconds, and rate, in
  /// millionths. Assumed: one pulse per second told over the classical link, two oscillators of 1 ppm.
  public var clockDoubtUs = 1_000.0
  public var clockDoubtPpm = 2.0
  /// Range between the modules, less that at the start, in metres; for an orbit what its prediction leaves. It moves
  /// the arrival of pulses between clocks of their own and nothing else.
  public var rangeM = Motion()
  /// The orbit, if Alice is in one. Its diffraction and its air are on top of `peakTransmission`.
  public var pass: OrbitalPass?
}

extension Scenario {
  /// Sets one number of the channel by name; nil if there is no such name, or the value is outside of its range.
  ///
  /// `transmission` and `efficiency` 0...1, `depolarisation` 0...1, `roll_deg` any, `dark_hz` and `background_hz` at
  /// least 0 per detector, `dead_slots` at least 0.
  public mutating func set(_ name: String, to value: Double) -> Bool {
    guard value.isFinite else { return false }
    let isShare = value >= 0 && value <= 1
    let isRate = value >= 0 && value <= 1e7
    switch name {
    case "transmission" where isShare: peakTransmission = value
    case "depolarisation" where isShare: depolarisation = value
    case "efficiency" where isShare: receiver.efficiencies = receiver.efficiencies.map { _ in value }
    case "roll_deg": rollDegrees.offset = value
    case "dark_hz" where isRate: receiver.darkHz = receiver.darkHz.map { _ in value }
    case "background_hz" where isRate: backgroundHz = value
    case "dead_slots" where isRate: receiver.deadSlots = UInt64(value)
    default: return false
    }
    return true
  }

  /// Names that `set` knows.
  public static var channelNames: [String] {
    ["transmission", "depolarisation", "efficiency", "roll_deg", "dark_hz", "background_hz", "dead_slots"]
  }
}
