import Acquisition
public import Units

/// How the peer moves, as an ephemeris or a flight computer foretells it.
public struct PeerMotion: Equatable, Sendable {
  public let rangeMm: Int64
  /// Positive while the peer goes away.
  public let speedMmPerS: Int64
  public let accelerationMmPerS2: Int64
  /// When it holds.
  public let told: Instant

  /// Largest magnitudes: 10 000 km, 9 km/s, which the gateware's rate register can hold, and 100 m/s^2.
  static var rangeMax: Int64 { 10_000_000_000 }
  static var speedMax: Int64 { 9_000_000 }
  static var accelerationMax: Int64 { 100_000 }

  public init(rangeMm: Int64, speedMmPerS: Int64, accelerationMmPerS2: Int64, told: Instant) {
    precondition(rangeMm.magnitude <= Self.rangeMax.magnitude && speedMmPerS.magnitude <= Self.speedMax.magnitude)
    precondition(accelerationMmPerS2.magnitude <= Self.accelerationMax.magnitude)
    self.rangeMm = rangeMm
    self.speedMmPerS = speedMmPerS
    self.accelerationMmPerS2 = accelerationMmPerS2
    self.told = told
  }

  /// How long an acceleration is believed: then the peer goes on in a straight line.
  static var validMs: Int64 { 40_000 }
  static var validFrames: Int32 { 4_096 }

  /// What it asks of Bob's slots from `frame` on, which begins at `start`. With an `offset` the slots go on from there:
  /// an ephemeris that is off by a metre must not make them jump.
  func prediction(from frame: UInt32, at start: Instant, offset: SlotSpan?) -> PredictedMotion {
    // Ten hours at most: by then nothing of it is true.
    let ms = start > told ? min(Int64((start - told).count / 1_000_000), 36_000_000) : 0
    let curved = min(ms, Self.validMs)
    let speed = min(max(speedMmPerS + accelerationMmPerS2 * curved / 1000, -Self.speedMax), Self.speedMax)
    let bend = accelerationMmPerS2 * curved / 1000 * curved / 2000
    let range = rangeMm + speedMmPerS * curved / 1000 + bend + speed * (ms - curved) / 1000
    // Light goes 2997.92458 mm in a slot, and a frame has 10.48576 ms: in 2^-32 slot, 1 432 646.8 for a millimetre,
    // 15 022.39 a frame for a millimetre a second, 157.519 a frame and frame for a millimetre a second squared.
    return PredictedMotion(
      frame: frame, offset: offset ?? SlotSpan(raw: -range * 1_432_647),
      perFrame: SlotSpan(raw: -speed * 15_022_390 / 1000),
      perFrameGrowth: SlotSpan(raw: ms > curved ? 0 : -accelerationMmPerS2 * 157_519 / 1000))
  }
}

extension PredictedMotion {
  /// Whether it is what an ephemeris differs by from second to second: half a metre a second, 2 m/s^2.
  var goesOn: Bool {
    perFrame.magnitude <= SlotSpan(raw: 500 * 15_022) && perFrameGrowth.magnitude <= SlotSpan(raw: 2 * 157_519)
  }
}
