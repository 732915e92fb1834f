import FixedStorage

/// How far the two modules are with the keys of a block.
enum BlockPhase: UInt8 {
  /// The row of the book is free.
  case none
  /// The keys are on their way to the vault.
  case writing
  /// The keys are safe here; whether the peer has them is not known.
  case held
  /// Both have them: they may be handed out.
  case released
  /// The keys of the block were erased.
  case erased
}

/// One row of the book, without its secrets.
struct KeyBlock {
  var epoch: UInt64 = 0
  var block: UInt32 = 0
  var phase = BlockPhase.none
  /// The peer was told on this connection.
  var isTold = false
  /// Keys that were stored, which is what the peer is told.
  var count: UInt16 = 0
  /// Keys that may be handed out, from index 0 on.
  var released: UInt16 = 0
  /// Keys that are still there.
  var left: UInt16 = 0
  /// Keys that are in the vault while the phase is `writing`.
  var written: UInt16 = 0
  /// The place of key 0 when it was stored.
  var firstPlace: UInt16 = 0
  /// Counts the blocks that were stored.
  var age: UInt32 = 0
  /// Nanoseconds of the controller's clock.
  var storedNs: UInt64 = 0
  var ownTag: UInt64 = 0
}

/// The blocks that have keys in the ring or had some lately. Eight words a row; the last two are the secrets that the
/// peer's tag is checked with, and are wiped when it was.
struct KeyBook: ~Copyable {
  static var rowWords: Int { 8 }

  private var words: Block<UInt64>
  let rows: Int

  init(storage: consuming Block<UInt64>) {
    rows = storage.count / Self.rowWords
    words = storage
  }

  subscript(row: Int) -> KeyBlock {
    get {
      let at = row * Self.rowWords
      guard let phase = BlockPhase(rawValue: UInt8(truncatingIfNeeded: words[at + 1] >> 32)) else {
        preconditionFailure("only phases are stored")
      }
      var block = KeyBlock()
      block.epoch = words[at]
      block.block = UInt32(truncatingIfNeeded: words[at + 1])
      block.phase = phase
      block.isTold = words[at + 1] >> 40 & 1 == 1
      block.firstPlace = UInt16(truncatingIfNeeded: words[at + 1] >> 48)
      block.count = UInt16(truncatingIfNeeded: words[at + 2])
      block.released = UInt16(truncatingIfNeeded: words[at + 2] >> 16)
      block.left = UInt16(truncatingIfNeeded: words[at + 2] >> 32)
      block.written = UInt16(truncatingIfNeeded: words[at + 2] >> 48)
      block.age = UInt32(truncatingIfNeeded: words[at + 3])
      block.storedNs = words[at + 4]
      block.ownTag = words[at + 5]
      return block
    }
    set {
      let at = row * Self.rowWords
      words[at] = newValue.epoch
      words[at + 1] =
        UInt64(newValue.block) | UInt64(newValue.phase.rawValue) << 32 | (newValue.isTold ? 1 << 40 : 0)
        | UInt64(newValue.firstPlace) << 48
      words[at + 2] =
        UInt64(newValue.count) | UInt64(newValue.released) << 16 | UInt64(newValue.left) << 32
        | UInt64(newValue.written) << 48
      words[at + 3] = UInt64(newValue.age)
      words[at + 4] = newValue.storedNs
      words[at + 5] = newValue.ownTag
    }
  }

  func phase(_ row: Int) -> BlockPhase { self[row].phase }

  func row(epoch: UInt64, block: UInt32) -> Int? {
    for row in 0..<rows where words[row * Self.rowWords] == epoch {
      let found = self[row]
      if found.block == block, found.phase != .none { return row }
    }
    return nil
  }

  /// The oldest row that `isMeant`, nil if there is none.
  func oldest(where isMeant: (KeyBlock) -> Bool) -> Int? {
    var found: Int?
    var age = UInt32.max
    for row in 0..<rows {
      let block = self[row]
      guard isMeant(block), found == nil || block.age < age else { continue }
      found = row
      age = block.age
    }
    return found
  }

  mutating func setSecrets(_ row: Int, point: UInt64, peerPad: UInt64) {
    words[row * Self.rowWords + 6] = point
    words[row * Self.rowWords + 7] = peerPad
  }

  func point(_ row: Int) -> UInt64 { words[row * Self.rowWords + 6] }
  func peerPad(_ row: Int) -> UInt64 { words[row * Self.rowWords + 7] }

  /// Whether the peer, who tells this count and tag, has the key of the block.
  func verifies(_ note: HeldNote, _ row: Int) -> Bool {
    let tag = ReleaseTag.tag(of: note.count, point: point(row), pad: peerPad(row))
    // One comparison of two words has no early end.
    return tag ^ note.tag == 0
  }

  mutating func wipeSecrets(_ row: Int) {
    let at = row * Self.rowWords
    words.wipe((at + 6)..<(at + 8))
  }

  mutating func wipe(_ row: Int) { words.wipe((row * Self.rowWords)..<((row + 1) * Self.rowWords)) }
  mutating func wipe() { words.wipe() }
}
