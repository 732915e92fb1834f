import Foundation
import HostStorage

/// The channel during one millisecond.
public struct ChannelState: Equatable, Sendable {
  /// From Alice's exit to the analyser's inputs, 0...1.
  public var transmission: Double
  /// Angle about the line of sight, in radians.
  public var roll: Double
  /// Depolarising parameter p.
  public var depolarisation: Double
  /// Per detector, in clicks per second with the gate always open.
  public var backgroundHz: Double
  /// How late the pulses arrive, in picoseconds.
  public var arrivalPs: Double
  /// What the wave plates of the two modules do to the state; nil where they do nothing.
  public var alicePlates: BlochMatrix?
  public var bobPlates: BlochMatrix?
  /// What loses one polarisation more than another: behind Alice's plates, and before Bob's.
  public var aliceDiattenuator: Diattenuator?
  public var bobDiattenuator: Diattenuator?
  /// The tilted plates of the modules, which undo that: behind Alice's diattenuator, and behind Bob's.
  public var aliceTilt: Diattenuator?
  public var bobTilt: Diattenuator?

  public init(
    transmission: Double, roll: Double = 0, depolarisation: Double = 0, backgroundHz: Double = 0, arrivalPs: Double = 0
  ) {
    self.transmission = transmission
    self.roll = roll
    self.depolarisation = depolarisation
    self.backgroundHz = backgroundHz
    self.arrivalPs = arrivalPs
  }

  /// What reaches the analyser of a laser's state: Alice's plates, diattenuator and tilted plates, the roll of the
  /// frame, Bob's diattenuator, tilted plates and wave plates, then white noise of weight p. Its intensity is one where
  /// nothing is lost by polarisation.
  public func received(_ state: BlochVector) -> PolarisedLight {
    var light = PolarisedLight(stokes: alicePlates?.applied(to: state) ?? state)
    if let aliceDiattenuator { light = aliceDiattenuator.applied(to: light) }
    if let aliceTilt { light = aliceTilt.applied(to: light) }
    light.stokes = BlochMatrix.roll(roll).applied(to: light.stokes)
    if let bobDiattenuator { light = bobDiattenuator.applied(to: light) }
    if let bobTilt { light = bobTilt.applied(to: light) }
    light.stokes = (1 - depolarisation) * (bobPlates?.applied(to: light.stokes) ?? light.stokes)
    return light
  }
}

/// The channel's history, one state per millisecond, the same for the same scenario and seed.
///
/// Fading is the product of two factors. Pointing: a Gaussian beam of radius w missed by r has exp(-2 r^2/w^2), so
/// Gaussian jitter makes the beta-distributed transmission x^g, g = w^2/(4 sigma^2). Scintillation has mean one; it is
/// log-normal, ln I = s x - s^2/2 with s^2 = ln(1 + scintillation index), or gamma-gamma.
///
/// Every motion has a random stream of its own, so one more motion leaves the others as they were.
public struct ChannelProcess {
  /// Index of the millisecond that `next()` describes.
  public private(set) var millisecond: UInt64 = 0

  private let scenario: Scenario
  private let aliceDiattenuator: Diattenuator?
  private let bobDiattenuator: Diattenuator?
  private var horizontal: MotionProcess
  private var vertical: MotionProcess
  private var roll: MotionProcess
  private var pitch: MotionProcess
  private var yaw: MotionProcess
  private var scintillation: ScintillationProcess
  private var arrival: MotionProcess

  public init(_ scenario: Scenario, seed: UInt64) {
    func stream(_ number: UInt64) -> UInt64 { Self.stream(number, seed: seed) }
    self.scenario = scenario
    aliceDiattenuator = Diattenuator(scenario.aliceDiattenuation)
    bobDiattenuator = Diattenuator(scenario.bobDiattenuation)
    horizontal = MotionProcess(scenario.pointing, seed: stream(0))
    vertical = MotionProcess(scenario.pointing, seed: stream(1))
    roll = MotionProcess(scenario.rollDegrees, seed: stream(2))
    scintillation = ScintillationProcess(scenario, seeds: (weak: stream(3), large: stream(7), small: stream(8)))
    arrival = MotionProcess(scenario.arrivalPs, seed: stream(4))
    pitch = MotionProcess(scenario.pitchDegrees, seed: stream(5))
    yaw = MotionProcess(scenario.yawDegrees, seed: stream(6))
  }

  /// The seed of a random stream of a scenario: 0 to 8 are here, 9 and 10 in `ClockProcess`.
  static func stream(_ number: UInt64, seed: UInt64) -> UInt64 { Philox.block(low: number, high: 2, key: seed).0 }

  public mutating func next() -> ChannelState {
    let seconds = Double(millisecond) * 1e-3
    let point = scenario.pass.map { $0.point(at: $0.startSeconds + seconds) }
    let attitude = Attitude(roll: roll.next(at: seconds), pitch: pitch.next(at: seconds), yaw: yaw.next(at: seconds))
    let seen = attitude.seen(along: scenario.sight)
    let x = horizontal.next(at: seconds) + scenario.beamRadiiPerDegree * seen.across
    let y = vertical.next(at: seconds) + scenario.beamRadiiPerDegree * seen.up
    let fading =
      exp(-2 * (x * x + y * y)) * scintillation.next(at: seconds, turbulence: point?.turbulence ?? 1)
    var state = ChannelState(
      transmission: min(1, scenario.peakTransmission * fading), roll: seen.roll * .pi / 180,
      depolarisation: scenario.depolarisation, backgroundHz: scenario.backgroundHz,
      arrivalPs: arrival.next(at: seconds) + scenario.lateness(in: millisecond, rangeRateKmS: point?.rangeRateKmS ?? 0))
    if let pass = scenario.pass, let point {
      state.transmission = min(1, scenario.peakTransmission * fading * pass.transmission(at: point))
      state.roll += pass.frameResidual * point.frameDegrees * .pi / 180
    }
    state.aliceDiattenuator = aliceDiattenuator
    state.bobDiattenuator = bobDiattenuator
    millisecond += 1
    return state
  }
}

/// Small turns of a platform about its own axes: forward, starboard, down; in degrees.
struct Attitude {
  let roll: Double
  let pitch: Double
  let yaw: Double

  /// The same turn about the line of sight, about the upright across it and about the level across it: the first turns
  /// the polarisation frame, the others miss the peer. First order in the angles.
  func seen(along sight: LineOfSight) -> (roll: Double, across: Double, up: Double) {
    let (a, e) = (sight.azimuthDegrees * .pi / 180, sight.elevationDegrees * .pi / 180)
    return (
      cos(e) * cos(a) * roll + cos(e) * sin(a) * pitch - sin(e) * yaw,
      sin(e) * cos(a) * roll + sin(e) * sin(a) * pitch + cos(e) * yaw,
      cos(a) * pitch - sin(a) * roll
    )
  }
}

extension Scenario {
  /// How far the beam misses for one degree that the platform turns across the line of sight.
  var beamRadiiPerDegree: Double {
    guard steeringResidual > 0 else { return 0 }
    return steeringResidual * .pi / 180 * 1_000 / divergenceMrad
  }

  /// How late pulses are by the clocks, in picoseconds: what has drifted since they were last aligned. A nanosecond a
  /// second is a picosecond a millisecond.
  func lateness(in millisecond: UInt64, rangeRateKmS: Double) -> Double {
    var drift = clockDriftNsPerS
    if let pass { drift += pass.rangeRateResidual * rangeRateKmS / OrbitalPass.lightSpeedKmS * 1e9 }
    let since = resyncMs > 0 ? millisecond % UInt64(resyncMs) : millisecond
    return drift * Double(since)
  }
}

extension Motion {
  /// What is left of the noise after a millisecond.
  var memory: Double { exp(-1 / noiseMs) }
}

/// One motion in steps of a millisecond: tones with phases from the seed, and a stationary first-order process.
struct MotionProcess {
  private let motion: Motion
  private let phases: [Double]
  private let memory: Double
  private var noise: Double
  private var random: SeededRandom

  init(_ motion: Motion, seed: UInt64) {
    self.motion = motion
    var random = SeededRandom(seed: seed)
    phases = motion.tones.map { _ in 2 * .pi * random.unit() }
    memory = motion.memory
    noise = random.gaussian()
    self.random = random
  }

  mutating func next(at seconds: Double) -> Double {
    var value = motion.offset + motion.ratePerS * seconds + motion.noiseRms * noise
    for (tone, phase) in zip(motion.tones, phases) {
      value += tone.amplitude * sin(2 * .pi * tone.hz * seconds + phase)
    }
    // The variance stays one: memory^2 + (1 - memory^2).
    noise = memory * noise + (1 - memory * memory).squareRoot() * random.gaussian()
    return value
  }
}
