import BinaryField

/// Shows that a module has the key of a block, and how many keys it could hold: a one-time tag over that number.
///
/// `tag = point * count + pad` in GF(2^64) with the polynomial x^64 + x^4 + x^3 + x + 1. Point and both pads are words
/// of the final key of the block. Who does not have them finds a tag for any count with probability 2^-64, also after
/// seeing the tag of another count (Wegman and Carter 1981). The two directions share the point and have pads of their
/// own; a module tags one count only.
public enum ReleaseTag {
  /// Words of the final key that the tags take: the point, Alice's pad, Bob's pad.
  public static var words: Int { 3 }

  public static func tag(of count: UInt16, point: UInt64, pad: UInt64) -> UInt64 {
    let (low, high) = carrylessProduct(point, UInt64(count))
    // `high` has degree below 16, so that one reduction is enough.
    return low ^ high ^ high &<< 1 ^ high &<< 3 ^ high &<< 4 ^ pad
  }
}

/// Where what in the final key of a block lies, in words from its start.
public enum KeyLayout {
  /// Words that replenish the authentication pool.
  public static var poolWords: Int { AuthenticationPool.bytesPerBlock / 8 }
  /// The first word that is key for consumers.
  public static var firstKeyWord: Int { poolWords + ReleaseTag.words }

  /// Whole keys in a final key of so many bits; zero if it is too short for one, and then no word is a tag's.
  public static func keyCount(finalBits: Int) -> Int {
    max(0, finalBits / 64 - firstKeyWord) / KeyRing.keyWords
  }
}

/// What one module tells the other about a block of keys.
public struct HeldNote: Equatable, Sendable {
  public var epoch: UInt64
  public var block: UInt32
  /// Keys of the block, from index 0 on, that the sender has in store; zero if it has none of them.
  public var count: UInt16
  /// By `ReleaseTag`, zero when `count` is.
  public var tag: UInt64
  /// An answer is not answered.
  public var isAnswer: Bool

  public init(epoch: UInt64, block: UInt32, count: UInt16, tag: UInt64, isAnswer: Bool) {
    self.epoch = epoch
    self.block = block
    self.count = count
    self.tag = tag
    self.isAnswer = isAnswer
  }
}
