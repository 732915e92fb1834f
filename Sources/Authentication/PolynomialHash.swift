import BinaryField
import FixedStorage

/// Evaluation at a point `r` of the polynomial whose coefficients are the 128-bit blocks of a message:
/// `P(r) = b1 r^(L+1) + b2 r^L + ... + bL r^2 + length r`, in GF(2^128) (bit order: see `Field128`).
///
/// The last block is padded with zero bits and the number of message bits follows as a block of its own, so two
/// different messages are two different polynomials, without a constant term. Their difference minus any constant has
/// at most `L + 1` roots, `L` being the number of blocks of the longer one: for a uniform point,
/// `Pr[P(r) - P'(r) = d] <= (L + 1) / 2^128` for every `d` (the family is almost xor-universal: Krawczyk, CRYPTO '94;
/// Bernstein, FSE 2005, section 3; Stinson, Des. Codes Cryptogr. 4, 1994).
struct PolynomialHash: ~Copyable {
  // Point, sum and incomplete block, together so that they can be wiped in place.
  private var secrets: [3 of Field128] = .init(repeating: .zero)
  private(set) var bits = 0
  private(set) var isOpen = false

  mutating func start(point: Field128) {
    secrets[0] = point
    secrets[1] = .zero
    secrets[2] = .zero
    bits = 0
    isOpen = true
  }

  /// Appends 64 bits. The message so far has a multiple of 64 bits.
  mutating func absorb(_ word: UInt64) {
    precondition(isOpen && bits % 64 == 0)
    if bits % 128 == 0 {
      secrets[2].low = word
    } else {
      secrets[2].high = word
      absorbBlock()
    }
    bits += 64
  }

  /// Appends whole blocks of 16 bytes, the first byte in the lowest bits. The message so far has a multiple of 128
  /// bits.
  mutating func absorb(blocks: RawSpan) {
    precondition(isOpen && bits % 128 == 0)
    let point = secrets[0]
    secrets[1].absorb(blocks, at: point)
    bits += 8 * blocks.byteCount
  }

  /// Appends the lowest `count` bits of a word, fewer than 64, at the end of a message of a multiple of 64 bits.
  mutating func absorb(last word: UInt64, bits count: Int) {
    precondition(count > 0 && count < 64)
    absorb(word & ~(UInt64.max &<< UInt64(truncatingIfNeeded: count)))
    bits -= 64 - count
  }

  /// The value, after which point and sum are zeroed and nothing can be absorbed until `start(point:)`.
  mutating func finish() -> Field128 {
    precondition(isOpen)
    // A block that ended exactly has been absorbed by its last word.
    let isInLowWord = bits % 128 != 0 && bits % 128 <= 64
    if isInLowWord { absorbBlock() }
    secrets[2] = Field128(low: UInt64(bits), high: 0)
    absorbBlock()
    let value = secrets[1]
    wipe()
    return value
  }

  mutating func wipe() {
    var span = secrets.mutableSpan
    FixedStorage.wipe(&span)
    bits = 0
    isOpen = false
  }

  // One step of Horner's rule.
  private mutating func absorbBlock() {
    secrets[1] = (secrets[1] + secrets[2]) * secrets[0]
    secrets[2] = .zero
  }
}
