import FixedStorage

/// Finds how fast the pulses run away from the slots: the sums of exp(2 pi i (phase - rate time)) for many rates.
///
/// Clicks of light add up at the right rate, clicks of the dark go everywhere: the Rayleigh statistic |sum|^2 / n, the
/// first harmonic of the periodogram of events (Belanger, Astrophys. J. 822, 14, 2016). In the dark it is exponentially
/// distributed with mean 1; with s clicks of light among n it exceeds that by about s^2 / n.
///
/// One rate is 2^-27 slots a slot, half of the 2^-26 that a segment of 64 frames resolves. A click costs two additions
/// and a look into a table for each rate.
struct RateSearch: ~Copyable {
  /// Rates on each side of zero: 300 are 2.24 ppm, two clocks and 60 m/s.
  static var halfWidthMax: Int { 300 }
  static var cellsMax: Int { 2 * halfWidthMax + 1 }
  /// A segment has fewer slots than 2^26.
  static var segmentFramesMax: Int { 64 }

  private let inPlace = InPlace()
  /// The cosine in the upper half, the sine, which may borrow one from it, in the lower.
  private var sums: [601 of Int64] = .init(repeating: 0)
  private var table: [64 of Int64] = .init(repeating: 0)
  private(set) var clicks = 0
  private(set) var halfWidth = 0

  init() {
    for i in 0..<64 { table[i] = Int64(cosines[i]) << 32 + Int64(cosines[(i - 16) & 63]) }
  }

  /// Forgets all clicks and looks at the rates -halfWidth ... halfWidth.
  mutating func begin(halfWidth: Int) {
    precondition(halfWidth >= 0 && halfWidth <= Self.halfWidthMax)
    self.halfWidth = halfWidth
    clicks = 0
    for i in 0...(2 * halfWidth) { sums[i] = 0 }
  }

  /// Adds a click in the slot `slot` of the segment.
  mutating func add(slot: UInt32, phase: UInt8) {
    clicks += 1
    // In turns of 2^-32. The middle of the sixteenth, and half an entry of the table for its rounding.
    let step = slot &<< 5
    var turn = UInt32(phase) &<< 28 &+ 1 &<< 27 &+ 1 &<< 25
    turn &+= step &* UInt32(truncatingIfNeeded: halfWidth)
    for i in 0...(2 * halfWidth) {
      sums[i] &+= table[Int(truncatingIfNeeded: turn &>> 26)]
      turn &-= step
    }
  }

  /// |sum|^2 / n of a rate, in sixteenths.
  func power(_ rate: Int) -> UInt16 {
    guard clicks > 0 else { return 0 }
    let (x, y) = sum(rate)
    return UInt16(clamping: (x * x + y * y) * 16 / (127 * 127 * Int64(clicks)))
  }

  /// The largest power of all rates.
  func peakPower() -> UInt16 {
    var peak: UInt16 = 0
    for rate in -halfWidth...halfWidth { peak = max(peak, power(rate)) }
    return peak
  }

  private func sum(_ rate: Int) -> (x: Int64, y: Int64) {
    let both = sums[rate + halfWidth]
    let y = Int64(Int32(truncatingIfNeeded: both))
    return ((both - y) >> 32, y)
  }
}
