import FixedStorage

/// The ChaCha20 keystream (RFC 8439, section 2.3) as uniform 16-bit draws; it expands a public seed.
///
/// The seed is drawn after the last detection, so Eve's pattern cannot depend on it; all that is asked of the generator
/// is that it favours no pattern chosen before. No secret comes from it. See Documentation/Security.md.
public struct PublicStream {
  private let key: [8 of UInt32]
  private let nonce: [2 of UInt32]
  private var counter: UInt32 = 0
  /// Eight blocks: of each word of the keystream the low half, then the high half.
  private var draws: [256 of UInt16] = .init(repeating: 0)
  /// Draws that were taken.
  private var taken = 256

  /// `seed` is the key, byte 0 first; `kind` and `index` are the first two words of the nonce, the third is zero.
  public init(seed: [32 of UInt8], kind: UInt32, index: UInt32) {
    var key: [8 of UInt32] = .init(repeating: 0)
    for i in 0..<32 { key[i / 4] |= UInt32(seed[i]) << UInt32(8 * (i % 4)) }
    self.key = key
    nonce = [kind, index]
  }

  /// The next draw.
  @inline(__always)
  public mutating func next() -> UInt16 {
    if taken == 256 { refill() }
    let draw = draws[taken & 255]
    taken &+= 1
    return draw
  }

  /// A uniform number below `range` by multiplication and rejection (Lemire, 2019): exact.
  @inline(__always)
  public mutating func next(below range: FallingRange) -> Int {
    while true {
      let product = UInt32(next()) &* range.value
      if product & 0xffff >= range.rejected { return Int(truncatingIfNeeded: product >> 16) }
    }
  }

  private mutating func refill() {
    fillWithKeystream(&draws, key: key, nonce: nonce, counter: counter)
    counter &+= 8
    taken = 0
  }
}

/// A range of draws that falls by one at a time, with the number of draws to reject: 65 536 modulo the range, without a
/// division at each.
public struct FallingRange: Equatable {
  public private(set) var value: UInt32
  public private(set) var rejected: UInt32
  private var quotient: UInt32

  /// Begins at `value`, 1 to 65 535.
  public init(_ value: UInt32) {
    precondition(value > 0 && value < 65_536)
    self.value = value
    quotient = 65_536 / value
    rejected = 65_536 - quotient * value
  }

  /// The next smaller range.
  @inline(__always)
  public mutating func fall() {
    precondition(value > 1)
    value &-= 1
    rejected &+= quotient
    while rejected >= value {
      rejected &-= value
      quotient &+= 1
    }
  }
}
