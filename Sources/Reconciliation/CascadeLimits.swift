/// What both ends of a reconciliation agree on before the first message.
public enum CascadeLimits {
  /// A tile has 1 to this many bits.
  public static let tileBitsMax = 65_536
  /// Passes of one tile, each with its own permutation.
  public static let passesMax = 14
  /// No request and no reply is longer; buffers of this size never overflow.
  public static let messageBytesMax = 4_096

  static let tileWords = tileBitsMax / 64
  /// Parities that fit one reply.
  static let replyBitsMax = messageBytesMax * 8
}

/// Why a request, a reply or a call was refused. The state of the tile is as it was before, save after
/// `contradiction`, which ends the tile.
public enum ReconciliationFault: Error, Equatable, Sendable {
  /// Not a message of Documentation/Protocol/Reconciliation.md.
  case malformed
  /// A well-formed message for a pass that is not open, already open, or not next; or a reply nobody asked for.
  case outOfOrder
  /// A node outside the tree of its pass, or one whose halves are implied.
  case nodeOutOfRange
  /// The answer does not fit the space for it.
  case replyTooLong
  /// Answering would disclose more than the tile allows; nothing was disclosed.
  case disclosureExhausted
  /// The peer's parities cannot all be true; only a faulty or hostile peer sends such.
  case contradiction
}
