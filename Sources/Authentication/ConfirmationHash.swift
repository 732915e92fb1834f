public import BinaryField
import FixedStorage

/// The key of a confirmation: two field elements, uniform, drawn after both modules hold their final strings, public.
public struct ConfirmationKey: BitwiseCopyable, Sendable {
  public let point: Field128
  public let multiplier: Field128

  public init(point: Field128, multiplier: Field128) {
    self.point = point
    self.multiplier = multiplier
  }
}

/// Tells unequal reconciled keys apart by 64 disclosed bits: the lowest 64 bits of `multiplier * P(point)`, with `P` as
/// in PolynomialHash.swift over the words of the key.
///
/// Two different strings of `n` bits give the same value with a probability of at most `(n/128 + 1) / 2^128 + 2^-64`.
/// Their polynomials differ, and the difference has no term below r^2, hence at most `ceil(n/128)` distinct roots: that
/// is the chance of a point at which both agree. At any other point the difference is not zero, a uniform multiplier
/// makes it a uniform field element, and its lowest 64 bits vanish with probability 2^-64.
public struct ConfirmationHash: ~Copyable {
  private var hash = PolynomialHash()
  private var multiplier: Field128 = .zero

  public init() {}

  public mutating func start(key: ConfirmationKey) {
    hash.start(point: key.point)
    multiplier = key.multiplier
  }

  /// Appends the first `bits` bits of `words`; bits above them do not matter. Every slice but the last has a multiple
  /// of 64 bits; how the string is divided otherwise makes no difference.
  public mutating func absorb(_ words: Span<UInt64>, bits: Int) {
    precondition(bits >= 0 && words.count >= (bits + 63) / 64)
    var done = 0
    if hash.bits % 128 != 0, bits >= 64 {
      hash.absorb(words[0])
      done = 1
    }
    let whole = (bits / 64 - done) & ~1
    if whole > 0 { hash.absorb(blocks: words.extracting(done..<(done + whole)).octets) }
    if done + whole < bits / 64 { hash.absorb(words[done + whole]) }
    if bits % 64 != 0 { hash.absorb(last: words[bits / 64], bits: bits % 64) }
  }

  /// The value to compare. The string ends here and what depends on it is zeroed.
  public mutating func finish() -> UInt64 {
    let value = multiplier * hash.finish()
    wipe()
    return value.low
  }

  /// Zeroes all that depends on the string; it is abandoned.
  public mutating func wipe() {
    hash.wipe()
    multiplier = .zero
  }
}
