import FixedStorage

/// Counts, for 64 offsets at once, how many clicks fall on lit slots of the pattern.
///
/// A click at slot s of the period supports the offset q if slot s + q is lit: the 64 slots from s + q on are one word
/// of the pattern, with a bit for each offset. Words are added as columns of bits: seven are reduced to three by four
/// full adders, and these are added to a counter whose digit i of all offsets is word i. So a click costs about ten
/// operations for 64 offsets, and no offset needs memory of its own.
enum OffsetSearch {
  /// Clicks that a counter of 13 digits holds.
  static var clicksMax: Int { 4096 }

  /// The best of the 64 offsets from `first` on, and the clicks on lit slots there; the lowest where several are equal.
  static func best(
    of positions: Span<UInt32>, from first: Int, in pattern: borrowing SyncPattern
  ) -> (offset: Int, lit: Int) {
    var counter = LaneCounter()
    var place = 0
    while place + 7 <= positions.count {
      let a = pattern.lit(from: Int(positions[place]) &+ first)
      let b = pattern.lit(from: Int(positions[place &+ 1]) &+ first)
      let c = pattern.lit(from: Int(positions[place &+ 2]) &+ first)
      let d = pattern.lit(from: Int(positions[place &+ 3]) &+ first)
      let e = pattern.lit(from: Int(positions[place &+ 4]) &+ first)
      let f = pattern.lit(from: Int(positions[place &+ 5]) &+ first)
      let g = pattern.lit(from: Int(positions[place &+ 6]) &+ first)
      let one = fullAdder(a, b, c)
      let two = fullAdder(d, e, f)
      let ones = fullAdder(one.sum, two.sum, g)
      let twos = fullAdder(one.carry, two.carry, ones.carry)
      counter.add(ones: ones.sum, twos: twos.sum, fours: twos.carry)
      place &+= 7
    }
    while place < positions.count {
      counter.add(ones: pattern.lit(from: Int(positions[place]) &+ first), twos: 0, fours: 0)
      place &+= 1
    }
    let top = counter.largest()
    return (first + top.lane, top.count)
  }

  @inline(__always)
  fileprivate static func fullAdder(_ a: UInt64, _ b: UInt64, _ c: UInt64) -> (sum: UInt64, carry: UInt64) {
    let half = a ^ b
    return (half ^ c, a & b | half & c)
  }
}

/// Sixty-four counters, digit by digit.
private struct LaneCounter {
  private var ones: UInt64 = 0
  private var twos: UInt64 = 0
  private var fours: UInt64 = 0
  /// Digits 3...12.
  private var higher: [10 of UInt64] = .init(repeating: 0)

  @inline(__always)
  mutating func add(ones: UInt64, twos: UInt64, fours: UInt64) {
    let first = self.ones & ones
    self.ones ^= ones
    let second = OffsetSearch.fullAdder(self.twos, twos, first)
    self.twos = second.sum
    let third = OffsetSearch.fullAdder(self.fours, fours, second.carry)
    self.fours = third.sum
    var carry = third.carry
    var digit = 0
    while carry != 0 {
      // A count of 4096 fits, so the carry ends within the ten digits.
      let next = higher[digit] & carry
      higher[digit] ^= carry
      carry = next
      digit &+= 1
    }
  }

  /// The largest count and its lowest lane.
  func largest() -> (lane: Int, count: Int) {
    var lanes = UInt64.max
    var count = 0
    for digit in stride(from: 12, through: 0, by: -1) {
      let word = digit > 2 ? higher[digit - 3] : digit == 2 ? fours : digit == 1 ? twos : ones
      count <<= 1
      if lanes & word != 0 {
        lanes &= word
        count |= 1
      }
    }
    return (lanes.trailingZeroBitCount, count)
  }
}
