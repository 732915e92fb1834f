import FixedStorage
public import Units

// Sifting works on 64 events at a time: what is known of them is kept as planes, bit i of a plane telling of event i.

/// What both modules know of up to 64 events: which gave a bit, the bits, and their intensities.
public struct SiftedPlanes: BitwiseCopyable, Sendable {
  /// Events that give a bit of the sifted key.
  public var kept: UInt64 = 0
  /// Their bits; those of other events have no meaning.
  public var bits: UInt64 = 0
  /// Events of the decoy and of the vacuum intensity; the others are signals.
  public var decoy: UInt64 = 0
  public var vacuum: UInt64 = 0

  public init() {}

  /// The kept events of an intensity.
  @inline(__always)
  public func kept(_ intensity: Intensity) -> UInt64 {
    switch intensity {
    case .signal: kept & ~decoy & ~vacuum
    case .decoy: kept & decoy
    case .vacuum: kept & vacuum
    }
  }
}

/// Bit `place` of each of eight bytes, the first byte in the lowest bits: a byte with the bit of byte i in bit i.
///
/// The product moves the bit of byte i to place 56 + i; no two of its terms meet.
@inline(__always)
func plane(_ place: UInt64, of bytes: UInt64) -> UInt64 {
  (((bytes &>> place) & 0x0101_0101_0101_0101) &* 0x0102_0408_1020_4080) &>> 56
}

/// The bits of `word` at the places that are set in `mask`, closed up.
@inline(__always)
func closedUp(_ word: UInt64, at mask: UInt64) -> UInt64 {
  var rest = mask
  var result: UInt64 = 0
  var count: UInt64 = 0
  while rest != 0 {
    result |= ((word &>> UInt64(truncatingIfNeeded: rest.trailingZeroBitCount)) & 1) &<< count
    count &+= 1
    rest &= rest &- 1
  }
  return result
}

/// Alice's notes of the events that she has announced and not yet heard of.
public enum AnnouncedNotes {
  /// The note of an event that she cannot announce.
  public static var unusable: UInt8 { 0x80 }

  /// Her bit in bit 0, the intensity in bits 1...2.
  @inline(__always)
  public static func note(bit: UInt8, _ intensity: Intensity) -> UInt8 { bit | intensity.rawValue &<< 1 }

  /// What she keeps of the 64 events from `first` on if Bob kept those of `kept`; nil if she has announced one of them
  /// as unusable.
  public static func planes(of notes: Span<UInt8>, from first: Int, kept: UInt64) -> SiftedPlanes? {
    var result = SiftedPlanes()
    var unusable: UInt64 = 0
    for eight in 0..<8 {
      let bytes = notes.littleEndian64(at: first + 8 * eight)
      let place = UInt64(truncatingIfNeeded: 8 * eight)
      result.bits |= plane(0, of: bytes) &<< place
      result.decoy |= plane(1, of: bytes) &<< place
      result.vacuum |= plane(2, of: bytes) &<< place
      unusable |= plane(7, of: bytes) &<< place
    }
    guard kept & unusable == 0 else { return nil }
    result.kept = kept
    return result
  }
}
