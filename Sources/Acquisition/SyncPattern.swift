public import FixedStorage

/// The public pattern of the synchronisation frames: which slots are lit, at signal intensity, and by which laser.
///
/// A period of 2^18 slots fits four times into a frame and is longer than the doubt of one pulse per second, so that a
/// place in it is unique. Within a period a slot is lit with a chance of 11/16: the clicks then tell the slot's phase
/// (which lit slots do) and the place (which the dark ones do) about equally fast; see Documentation/Acquisition.md.
public struct SyncPattern: ~Copyable {
  public static var periodSlots: Int { 1 << 18 }
  public static var wordCount: Int { periodSlots / 64 }
  /// A slot is lit if the generator's top four bits are below this.
  public static var litSixteenths: UInt64 { 11 }

  private let inPlace = InPlace()
  private var words: Block<UInt64>
  /// Lit slots of a period.
  public private(set) var litSlots = 0

  /// Fills the table from a seed other than zero, which both modules share and nobody needs to keep secret.
  ///
  /// The generator is Marsaglia's xorshift with the shifts 13, 7, 17 (J. Stat. Software 8, no. 14, 2003, p. 4): 64
  /// flip-flops in the gateware, one step a slot, begun anew with every period.
  public init(seed: UInt64, words: consuming Block<UInt64>) {
    precondition(words.count == Self.wordCount)
    self.words = words
    fill(from: seed)
  }

  /// Fills the table anew.
  mutating func fill(from seed: UInt64) {
    precondition(seed != 0)
    var state = seed
    var lit = 0
    for place in 0..<Self.wordCount {
      var word: UInt64 = 0
      for bit in UInt64(0)..<64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        if state >> 60 < Self.litSixteenths { word |= 1 &<< bit }
      }
      lit += word.nonzeroBitCount
      words[place] = word
    }
    litSlots = lit
  }

  /// The 64 slots from `slot` on, the first in bit 0; slots count modulo the period.
  @inline(__always)
  public func lit(from slot: Int) -> UInt64 {
    let place = (slot &>> 6) & (Self.wordCount &- 1)
    let shift = UInt64(truncatingIfNeeded: slot & 63)
    // Two shifts, because a word shifted by 64 in one would stay as it is.
    return words[place] &>> shift
      | (words[(place &+ 1) & (Self.wordCount &- 1)] &<< 1) &<< (63 &- shift)
  }

  @inline(__always)
  public func isLit(_ slot: Int) -> Bool { lit(from: slot) & 1 == 1 }

  /// The laser of a lit slot: 0...3 for H V D A, which every transmitter has.
  ///
  /// Parities of the eight slots before it: a shift register and seven gates in the gateware.
  public func laser(_ slot: Int) -> UInt8 {
    let history = lit(from: slot - 8)
    let axis = (history & 0x0f).nonzeroBitCount & 1
    let bit = (history & 0xf0).nonzeroBitCount & 1
    return UInt8(truncatingIfNeeded: 2 * axis + bit)
  }
}

/// Which frames carry the pattern: those whose number is a multiple of a power of two. They carry no key.
public struct SyncSchedule: Equatable, Sendable {
  /// Binary logarithm of the distance between frames with the pattern.
  public let spacing: UInt8

  public init(spacing: UInt8) {
    precondition(spacing < 16)
    self.spacing = spacing
  }

  /// While modules look for each other there is no key to lose.
  public static var everyFrame: SyncSchedule { SyncSchedule(spacing: 0) }
  /// One of 32 frames: 3.1 % of the pulses.
  public static var tracking: SyncSchedule { SyncSchedule(spacing: 5) }

  public func carries(_ frame: UInt32) -> Bool { frame & (1 << UInt32(spacing) - 1) == 0 }
}

/// A click as the event FIFO tells it.
public struct SyncClick: Equatable, Sendable {
  /// Slot in its frame, 0 ..< 2^20.
  public let slot: UInt32
  /// Sixteenths of the slot, 0...15.
  public let phase: UInt8
  /// A bit for each detector: H, V, D, A, R, L.
  public let detectors: UInt8

  public init(slot: UInt32, phase: UInt8, detectors: UInt8) {
    precondition(slot < 1 << 20 && phase < 16)
    self.slot = slot
    self.phase = phase
    self.detectors = detectors
  }

  /// The detector of a single click 0...5, else 7.
  var detector: UInt32 {
    detectors.nonzeroBitCount == 1 && detectors < 64 ? UInt32(detectors.trailingZeroBitCount) : 7
  }
}

/// A click that waits to be searched: phase in bits 0...3, slot in 4...23, low bits of the frame in 24...28, detector
/// in 29...31. Which run of 32 frames it belongs to follows from its place.
struct StoredClick: BitwiseCopyable {
  let word: UInt32

  init(word: UInt32) { self.word = word }

  init(_ click: SyncClick, frame: Int) {
    let low = UInt32(truncatingIfNeeded: frame & 31)
    word = UInt32(click.phase) | click.slot &<< 4 | low &<< 24 | click.detector &<< 29
  }

  /// Sixteenths of a slot since the start of its run of frames.
  @inline(__always)
  var sixteenths: UInt32 { word & 0x1fff_ffff }
  @inline(__always)
  var detector: UInt8 { UInt8(truncatingIfNeeded: word &>> 29) }
}
