public import FixedStorage
public import Ports
public import Units

/// Counts of what became of keys, for status.
public struct KeyCounts: Equatable, Sendable {
  /// Both modules have shown that they have them.
  public var released: UInt64 = 0
  public var delivered: UInt64 = 0
  /// There was no room for them when their block was finished.
  public var dropped: UInt64 = 0
  /// The peer did not have them.
  public var unshared: UInt64 = 0
  /// They were older than the lifetime.
  public var expired: UInt64 = 0
  /// They left the store and could not be handed over, or the vault failed.
  public var lost: UInt64 = 0
  /// Blocks whose tag by the peer was wrong: the peer has another key, or somebody forged a message.
  public var blocksMismatched: UInt64 = 0

  public init() {}
}

/// Why no key is handed out.
public enum DeliveryRefusal: Error, Equatable, Sendable {
  /// No key that this module may hand out is released.
  case empty
  /// No such key is known.
  case unknown
  /// The key is here and the peer has not shown yet that it has it.
  case held
  case delivered
  /// Keys of this parity are handed out here without a name only.
  case ownParity
  case vault
}

/// Which keys a consumer without a name in mind asks for.
public enum KeyShare: Sendable {
  /// Keys that only this module hands out so: even indices at Alice's end, odd ones at Bob's.
  case own
  case all
}

/// Finished 256-bit keys, from the end of their block until they leave, once, or grow too old.
///
/// A key is *held* until the peer has shown that it has the block too, and *released* then; only released keys leave.
/// When the ring is full new keys are dropped and counted: an old key may already be named to a consumer.
///
/// KEY-001 A key is handed out only after the peer's tag over the block was right, and only below the smaller count of
/// the two modules.
/// KEY-002 A key is handed out at most once, whatever power cuts lie between.
public struct KeyRing: ~Copyable {
  public static var keyWords: Int { 4 }
  public static var keyBits: Int { 256 }
  public static var capacity: Int { 1 << 15 }
  /// Blocks that are remembered, with keys in store or without.
  public static var blocksMax: Int { 512 }
  /// Words of key, then a word of name for each place, then the book.
  public static var storageWords: Int { capacity * (keyWords + 1) + blocksMax * KeyBook.rowWords }
  /// Records of the vault: one a place, then one a block.
  public static var vaultRecords: Int { capacity + blocksMax }

  private let inPlace = InPlace()
  public let role: Role
  /// Keys that are older are erased; zero: never. The age counts from the end of the block, or from the start of the
  /// program for keys that were found in the vault.
  public var lifetime = Nanoseconds(milliseconds: 86_400_000)
  public internal(set) var counts = KeyCounts()
  /// Keys in store, held or released.
  public internal(set) var count = 0
  /// Released keys in store by the parity of their index, this module's own first.
  var ready: (own: Int, other: Int) = (0, 0)
  var keys: Block<UInt64>
  var places: Block<UInt64>
  var book: KeyBook
  /// The age of the next block.
  var nextAge: UInt32 = 1
  var nextPlace = 0
  var nextTaken = 0
  /// Blocks whose keys are on their way to the vault.
  var writing = 0
  /// What the peer told of blocks that are not finished here.
  var early: [4 of HeldNote?] = .init(repeating: nil)
  var nextExpiry = Instant(ns: 0)
  /// Whether keys are kept over a restart; settled by `load`.
  public internal(set) var hasVault = false
  /// The vault refused something since the start.
  public internal(set) var vaultFailed = false

  public init(storage: consuming Block<UInt64>, role: Role) {
    precondition(storage.count == Self.storageWords)
    self.role = role
    keys = storage.detachFirst(Self.capacity * Self.keyWords)
    places = storage.detachFirst(Self.capacity)
    book = KeyBook(storage: storage)
  }

  /// Released keys in store, of both parities.
  public var readyCount: Int { ready.own + ready.other }
  /// Released keys that `takeNext(.own)` may hand out.
  public var ownReadyCount: Int { ready.own }
  /// Keys that wait for the peer.
  public var heldCount: Int { count - readyCount }

  /// Takes the keys in that follow the tags in the final key of a block, in whole words; those that do not fit are
  /// dropped. `id` names the first of them.
  public mutating func hold(
    _ finalKey: Span<UInt64>, as id: KeyId, at now: Instant, in vault: inout some KeyVault & ~Copyable
  ) {
    let made = KeyLayout.keyCount(finalBits: 64 * finalKey.count)
    guard made > 0, book.row(epoch: id.epoch, block: id.block) == nil else { return }
    guard let row = freeRow(in: &vault) else {
      counts.dropped += UInt64(made)
      return
    }
    let stored = min(made, Self.capacity - count)
    counts.dropped += UInt64(made - stored)
    var block = KeyBlock()
    block.epoch = id.epoch
    block.block = id.block
    block.phase = .writing
    block.count = UInt16(stored)
    block.left = block.count
    block.age = nextAge
    block.storedNs = now.ns
    nextAge += 1
    let start = KeyLayout.poolWords
    let point = finalKey[start]
    let (own, peer) = role == .alice ? (start + 1, start + 2) : (start + 2, start + 1)
    block.ownTag = ReleaseTag.tag(of: block.count, point: point, pad: finalKey[own])
    for index in 0..<stored {
      let place = freePlace()
      if index == 0 { block.firstPlace = UInt16(place) }
      let first = KeyLayout.firstKeyWord + index * Self.keyWords
      for i in 0..<Self.keyWords { keys[place * Self.keyWords + i] = finalKey[first + i] }
      places[place] = PlaceName(row: row, index: UInt16(index), content: .key).word
    }
    count += stored
    book[row] = block
    book.setSecrets(row, point: point, peerPad: finalKey[peer])
    writing += 1
  }

  /// The next place without a key.
  private mutating func freePlace() -> Int {
    while true {
      let place = nextPlace
      nextPlace = (nextPlace + 1) % Self.capacity
      if PlaceName(places[place]).content != .key { return place }
    }
  }

  /// A row for a new block: a free one, else that of the oldest block without keys, else of the oldest that the peer
  /// never answered for; nil when every block has keys that may be named already.
  private mutating func freeRow(in vault: inout some KeyVault & ~Copyable) -> Int? {
    if let row = book.oldest(where: { $0.phase == .none }) { return row }
    if let row = book.oldest(where: { $0.left == 0 && $0.phase != .writing }) {
      forgetPlaces(of: row)
      return row
    }
    guard let row = book.oldest(where: { $0.phase == .held }) else { return nil }
    counts.unshared += UInt64(eraseKeys(of: row, in: &vault))
    forgetPlaces(of: row)
    return row
  }

  /// Forgets what was handed out of a block.
  private mutating func forgetPlaces(of row: Int) {
    for place in 0..<Self.capacity where PlaceName(places[place]).isOf(row) { places[place] = 0 }
    book.wipe(row)
  }

  /// Where the key with this index of a block is or was; nil if its place has another key by now.
  func place(_ row: Int, _ index: UInt16) -> Int? {
    let start = Int(book[row].firstPlace) + Int(index)
    for distance in 0..<Self.capacity {
      let place = (start + distance) % Self.capacity
      let name = PlaceName(places[place])
      if name.isOf(row), name.index == index { return place }
    }
    return nil
  }

  /// Wipes the keys of a block from index `first` on, here and in the vault, and returns how many there were.
  mutating func eraseKeys(
    of row: Int, from first: UInt16 = 0, in vault: inout some KeyVault & ~Copyable
  ) -> Int {
    var block = book[row]
    var erased = 0
    for place in 0..<Self.capacity {
      let name = PlaceName(places[place])
      guard name.isOf(row), name.content == .key, name.index >= first else { continue }
      keys.wipe((place * Self.keyWords)..<((place + 1) * Self.keyWords))
      places[place] = PlaceName(row: row, index: name.index, content: .erased).word
      if block.phase == .released, name.index < block.released { countReady(name.index, -1) }
      _ = write(KeyRecord(), at: place, in: &vault)
      erased += 1
    }
    count -= erased
    block.left -= UInt16(erased)
    book[row] = block
    return erased
  }

  mutating func countReady(_ index: UInt16, _ change: Int) {
    if isOwn(index) { ready.own += change } else { ready.other += change }
  }

  /// Alice's module hands out even indices without a name, Bob's odd ones.
  func isOwn(_ index: UInt16) -> Bool { (index & 1 == 0) == (role == .alice) }
}

/// What one place of the ring has.
enum PlaceContent: UInt8 { case nothing, key, delivered, erased }

/// The name of one place: row of the block, index in the block, and what is there.
struct PlaceName {
  let word: UInt64

  init(_ word: UInt64) { self.word = word }

  init(row: Int, index: UInt16, content: PlaceContent) {
    word = UInt64(index) | UInt64(row) << 16 | UInt64(content.rawValue) << 32
  }

  var row: Int { Int(word >> 16 & 0xffff) }
  var index: UInt16 { UInt16(truncatingIfNeeded: word) }
  var content: PlaceContent { PlaceContent(rawValue: UInt8(truncatingIfNeeded: word >> 32)) ?? .nothing }

  func isOf(_ row: Int) -> Bool { content != .nothing && self.row == row }
}
