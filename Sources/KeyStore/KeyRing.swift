public import FixedStorage

/// The name of a key, the same on both modules: the block that it comes from and its place in it.
public struct KeyId: Equatable, Sendable {
  public let block: UInt32
  public let index: UInt16

  public init(block: UInt32, index: UInt16) {
    self.block = block
    self.index = index
  }
}

/// Finished 256-bit keys, oldest first. A key leaves once and its place is wiped.
///
/// When the ring is full new keys are dropped and counted: an old key may already be named to a consumer.
public struct KeyRing: ~Copyable {
  public static var keyWords: Int { 4 }
  public static var keyBits: Int { 256 }
  public static var capacity: Int { 1 << 15 }
  /// Words of key, then one word of name for each place.
  public static var storageWords: Int { capacity * (keyWords + 1) }

  private var storage: Block<UInt64>
  private var head = 0
  public private(set) var count = 0
  public private(set) var dropped: UInt64 = 0
  public private(set) var delivered: UInt64 = 0

  public init(storage: consuming Block<UInt64>) {
    precondition(storage.count == Self.storageWords)
    self.storage = storage
  }

  public mutating func append(_ id: KeyId, key: Span<UInt64>) {
    precondition(key.count == Self.keyWords)
    guard count < Self.capacity else {
      dropped += 1
      return
    }
    let place = (head + count) % Self.capacity
    for i in 0..<Self.keyWords { storage[place * Self.keyWords + i] = key[i] }
    storage[Self.capacity * Self.keyWords + place] = UInt64(id.block) << 16 | UInt64(id.index)
    count += 1
  }

  /// The name of the key `offset` places behind the oldest.
  public func id(at offset: Int) -> KeyId {
    precondition(offset >= 0 && offset < count)
    let word = storage[Self.capacity * Self.keyWords + (head + offset) % Self.capacity]
    return KeyId(block: UInt32(truncatingIfNeeded: word >> 16), index: UInt16(truncatingIfNeeded: word))
  }

  /// Hands out the oldest key and wipes its place; nil when there is none.
  public mutating func deliver(into key: inout MutableSpan<UInt64>) -> KeyId? {
    precondition(key.count == Self.keyWords)
    guard count > 0 else { return nil }
    let id = id(at: 0)
    let start = head * Self.keyWords
    for i in 0..<Self.keyWords { key[i] = storage[start + i] }
    storage.wipe(start..<(start + Self.keyWords))
    head = (head + 1) % Self.capacity
    count -= 1
    delivered += 1
    return id
  }

  public mutating func wipe() {
    storage.wipe()
    head = 0
    count = 0
  }
}
