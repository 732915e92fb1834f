import RegisterMap

/// The STATUS register of the counter front-end, decoded.
public struct FrontEndStatus: Equatable, Sendable {
  public let word: UInt32

  public init(word: UInt32) { self.word = word }

  /// A running counter passed 2^32.
  public var overflowed: Bool { FrontEndMap.Status.overflow.isSet(in: word) }
  /// A detector bias is out of range.
  public var hasBiasFault: Bool { FrontEndMap.Status.biasFault.isSet(in: word) }
}
