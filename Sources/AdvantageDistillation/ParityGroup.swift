/// The arithmetic of advantage distillation on one group of `b` bits, the first in bit 0, for b in 2...16.
///
/// Alice tells the parities of the first bit with each other one; the group is accepted if Bob's are the same, and its
/// first bit is kept (theory.md section 2.1, step 5). The price of the parities is the b - 1 bits that are dropped:
/// among error-free single photons they commute with what makes the kept bit secret (finite-key.md section 1, row
/// "parities free"; sound, a project derivation).
public struct ParityGroup: Equatable, Sendable {
  public let length: Int

  public init(length: Int) {
    precondition((2...16).contains(length))
    self.length = length
  }

  /// All bits of a group.
  public var ones: UInt64 { 1 << UInt64(length) - 1 }

  /// Bits 0 ..< b - 1 are the first bit plus the second, the third, and so on. No branch looks at the bits.
  @inline(__always)
  public func parities(of group: UInt64) -> UInt64 {
    (group >> 1 ^ (0 &- (group & 1))) & (ones >> 1)
  }

  /// The errors of a rejected group: `difference` is what the parities of the two modules differ in, `firstDiffers` 1
  /// if their first bits do.
  @inline(__always)
  public func errors(difference: UInt64, firstDiffers: UInt64) -> UInt64 {
    let rest = difference ^ ((0 &- firstDiffers) & (ones >> 1))
    return rest << 1 | firstDiffers
  }
}
