public import Units

/// What Alice tells about a detected slot: all but the bit.
public struct Announcement: Equatable, Sendable {
  public let twirl: Twirl
  public let axis: Axis
  public let intensity: Intensity

  public init(twirl: Twirl, axis: Axis, intensity: Intensity) {
    self.twirl = twirl
    self.axis = axis
    self.intensity = intensity
  }

  /// The byte for a slot of which nothing is known any more; it is no announcement.
  public static var nothing: UInt8 { 0xff }

  /// One byte: twirl in bits 0...3, logical axis in 4...5, intensity in 6...7.
  public var byte: UInt8 { twirl.index | axis.rawValue << 4 | intensity.rawValue << 6 }

  /// In `perBlock` the wave plates twirl: the element is 0 and Y is no logical axis.
  public func isPossible(in variant: TwirlVariant) -> Bool {
    switch variant {
    case .perPulse: true
    case .perBlock: twirl.index == 0 && axis != .y
    }
  }

  /// Nil for a byte that no announcement has.
  public init?(byte: UInt8) {
    guard let twirl = Twirl(index: byte & 15), let axis = Axis(rawValue: byte >> 4 & 3),
      let intensity = Intensity(rawValue: byte >> 6)
    else { return nil }
    self.init(twirl: twirl, axis: axis, intensity: intensity)
  }
}

/// What Bob keeps of one event until Alice has announced: the axis he ascribes to it and the outcome on it.
public struct Measurement: Equatable, Sendable {
  public let axis: Axis
  public let outcome: UInt8
  /// Detectors of more than one axis clicked: more than one photon arrived, so the bit is never key.
  public let isCross: Bool

  public init(axis: Axis, outcome: UInt8, isCross: Bool) {
    self.axis = axis
    self.outcome = outcome
    self.isCross = isCross
  }

  /// Reads a click pattern: bits 0...5 are H V D A R L, at least one of them set.
  ///
  /// Both detectors of an axis give a random outcome, never a constant one (squashing by random assignment,
  /// assumed in theory.md 2.1). Several axes give one of them at random; such an event is only counted.
  /// `random` holds fresh uniform bits; the lowest 24 are used. The choice among three axes is uneven by less
  /// than 2^-16, on events that are never key.
  public init(clicks: UInt8, random: UInt32) {
    precondition(clicks & 0x3f != 0)
    if clicks & (clicks - 1) == 0 {
      // A single click, which is nearly every event, has nothing to choose.
      let detector = UInt8(truncatingIfNeeded: clicks.trailingZeroBitCount)
      self.init(axis: detector < 2 ? .z : detector < 4 ? .x : .y, outcome: detector & 1, isCross: false)
      return
    }
    let z = clicks & 3
    let x = clicks >> 2 & 3
    let y = clicks >> 4 & 3
    let axesClicked = UInt32((z != 0 ? 1 : 0) + (x != 0 ? 1 : 0) + (y != 0 ? 1 : 0))
    var skip = ((random >> 8 & 0xffff) * axesClicked) >> 16
    var axis = Axis.z
    var pair: UInt8 = 0
    for candidate in UInt8(0)..<3 {
      let bits = clicks >> (2 * candidate) & 3
      guard bits != 0 else { continue }
      if skip == 0 {
        pair = bits
        axis = candidate == 0 ? .z : candidate == 1 ? .x : .y
        break
      }
      skip -= 1
    }
    let outcome = pair == 3 ? UInt8(truncatingIfNeeded: random & 1) : pair >> 1
    self.init(axis: axis, outcome: outcome, isCross: axesClicked > 1)
  }

  /// The bit that Bob holds for Alice's logical bit, nil when the axes differ.
  public func siftedBit(_ announcement: Announcement) -> UInt8? {
    let image = announcement.twirl.image(of: announcement.axis)
    guard image.axis == axis else { return nil }
    return image.flips ? outcome ^ 1 : outcome
  }
}
