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

  public init(
    transmission: Double, roll: Double = 0, depolarisation: Double = 0, backgroundHz: Double = 0, arrivalPs: Double = 0
  ) {
    self.transmission = transmission
    self.roll = roll
    self.depolarisation = depolarisation
    self.backgroundHz = backgroundHz
    self.arrivalPs = arrivalPs
  }

  /// What reaches the analyser of a laser's state: Alice's plates, the roll of the frame, Bob's plates, then white
  /// noise of weight p, which commutes with all of them.
  public func received(_ state: BlochVector) -> BlochVector {
    let sent = alicePlates?.applied(to: state) ?? state
    let turned = BlochMatrix.roll(roll).applied(to: sent)
    return (1 - depolarisation) * (bobPlates?.applied(to: turned) ?? turned)
  }
}

/// The channel's history, one state per millisecond, the same for the same scenario and seed.
///
/// Fading is the product of two factors. Pointing: a Gaussian beam of radius w missed by r has exp(-2 r^2/w^2), so
/// Gaussian jitter makes the beta-distributed transmission x^g, g = w^2/(4 sigma^2). Scintillation: log-normal with
/// mean one, ln I = s x - s^2/2 and s^2 = ln(1 + scintillation index).
public struct ChannelProcess {
  /// Index of the millisecond that `next()` describes.
  public private(set) var millisecond: UInt64 = 0

  private let scenario: Scenario
  private var horizontal: MotionProcess
  private var vertical: MotionProcess
  private var roll: MotionProcess
  private var scintillation: MotionProcess
  private var arrival: MotionProcess

  public init(_ scenario: Scenario, seed: UInt64) {
    self.scenario = scenario
    var turbulence = Motion()
    turbulence.noiseRms = log1p(scenario.scintillationIndex).squareRoot()
    turbulence.noiseMs = scenario.scintillationMs
    horizontal = MotionProcess(scenario.pointing, seed: Philox.block(low: 0, high: 2, key: seed).0)
    vertical = MotionProcess(scenario.pointing, seed: Philox.block(low: 1, high: 2, key: seed).0)
    roll = MotionProcess(scenario.rollDegrees, seed: Philox.block(low: 2, high: 2, key: seed).0)
    scintillation = MotionProcess(turbulence, seed: Philox.block(low: 3, high: 2, key: seed).0)
    arrival = MotionProcess(scenario.arrivalPs, seed: Philox.block(low: 4, high: 2, key: seed).0)
  }

  public mutating func next() -> ChannelState {
    let seconds = Double(millisecond) * 1e-3
    millisecond += 1
    let x = horizontal.next(at: seconds)
    let y = vertical.next(at: seconds)
    let s2 = log1p(scenario.scintillationIndex)
    let fading = exp(-2 * (x * x + y * y)) * exp(scintillation.next(at: seconds) - s2 / 2)
    return ChannelState(
      transmission: min(1, scenario.peakTransmission * fading), roll: roll.next(at: seconds) * .pi / 180,
      depolarisation: scenario.depolarisation, backgroundHz: scenario.backgroundHz,
      arrivalPs: arrival.next(at: seconds))
  }
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
    memory = exp(-1 / motion.noiseMs)
    noise = random.gaussian()
    self.random = random
  }

  mutating func next(at seconds: Double) -> Double {
    var value = motion.offset + motion.noiseRms * noise
    for (tone, phase) in zip(motion.tones, phases) {
      value += tone.amplitude * sin(2 * .pi * tone.hz * seconds + phase)
    }
    // The variance stays one: memory^2 + (1 - memory^2).
    noise = memory * noise + (1 - memory * memory).squareRoot() * random.gaussian()
    return value
  }
}
