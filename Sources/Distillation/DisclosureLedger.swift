/// What a message tells an eavesdropper about the key. Every send names one; none is the default.
public enum Disclosure: Equatable, Sendable {
  /// Nothing: positions, bases, intensities, public random numbers.
  case nothing
  /// So many bits about sifted bits that are given up for it: they are no key, and nothing is charged for them.
  case givenUp(Int)
  /// So many parities of the kept key.
  case parities(Int)
  /// So many bits of a hash of the reconciled key.
  case confirmation(Int)
  /// Whether the confirmation succeeded: one bit.
  case outcome
}

/// Bits of a block's key that left the module or arrived at it. The only source of leakage for the key length.
///
/// DIST-001 Accounted bits equal sent bits on both sides; the peer's count is compared before a length is computed.
public struct DisclosureLedger: Equatable, Sendable {
  public private(set) var parityBits: UInt64 = 0
  public private(set) var confirmationBits: UInt64 = 0
  /// Told by advantage distillation: parities of groups, whose price is all but one bit of each, and the bits of groups
  /// that were rejected. No part of `totalBits` (finite-key.md section 1, rows "parities free" and "rejected blocks").
  public private(set) var givenUpBits: UInt64 = 0

  public init() {}

  public var totalBits: UInt64 { parityBits + confirmationBits }

  public mutating func enter(_ disclosure: Disclosure) {
    switch disclosure {
    case .nothing: break
    case .givenUp(let bits): givenUpBits += UInt64(bits)
    case .parities(let bits): parityBits += UInt64(bits)
    case .confirmation(let bits): confirmationBits += UInt64(bits)
    case .outcome: confirmationBits += 1
    }
  }
}
