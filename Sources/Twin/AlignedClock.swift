import Units

/// Bob's slot counter: what his clock reads, plus the alignment that took effect at the start of a frame.
///
/// Readings are taken against a slot number near them, so that a nanosecond is not lost behind a year of slots.
struct AlignedClock {
  /// The frame at whose start the alignment took effect.
  private var since: UInt64 = 0
  /// What the clock read then, less the first slot of that frame.
  private var reading = 0.0
  private var offset = 0.0
  /// Growth over a slot of the clock.
  private var rate = 0.0

  /// What is added to the clock when it reads `slot + later`.
  func alignment(at slot: UInt64, later: Double) -> Double {
    offset + rate * (Double(Int64(slot) - Int64(since << 20)) + later - reading)
  }

  /// What the clock reads when the count reaches the first slot of a frame, less that slot.
  func reading(atStartOf frame: UInt64) -> Double {
    // u + offset + rate (u + frames - reading) = 0.
    let frames = Double((Int64(frame) - Int64(since)) << 20)
    return -(offset + rate * (frames - reading)) / (1 + rate)
  }

  /// Takes an alignment at the start of a frame, where the count reaches it under the former one.
  mutating func align(at frame: UInt64, to alignment: Alignment) {
    reading = reading(atStartOf: frame)
    since = frame
    offset = alignment.offset
    rate = alignment.rate
  }
}

/// The alignment that registers of Bob describe.
struct Alignment: Equatable {
  /// In slots.
  var offset: Double
  /// Growth over a slot.
  var rate: Double

  /// From the words of ALIGN_SLOTS, ALIGN_FRACTION and ALIGN_RATE.
  init(slots: UInt32, fraction: UInt32, rate: UInt32) {
    offset = Double(Int32(bitPattern: slots)) + Double(fraction) * 0x1p-32
    // 2^-26 slot in a frame of 2^20.
    self.rate = Double(Int32(bitPattern: rate)) * 0x1p-46
  }

  static var none: Alignment { Alignment(slots: 0, fraction: 0, rate: 0) }
}
