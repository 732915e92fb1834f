public import FixedStorage
public import Ports

public enum PoolFault: Error, Equatable, Sendable {
  /// There are no bytes for this block, or for any block from it on.
  case exhausted(block: UInt32)
  /// The block's bytes were given out already, perhaps before a restart.
  case spent(block: UInt32, next: UInt32)
  case journal(JournalError)
}

/// Pre-shared and replenished bytes for one-time tags, given out by block number, never twice.
///
/// Block `n` owns place `n` of an endless row of 64-byte places, so a block number says which bytes are meant and no
/// message is needed. The pre-shared bytes fill the first places. What block `n` replenishes goes to place
/// `n + preshared`, whatever happened to the blocks between: a block that only one module finished leaves a hole on the
/// other side, and never shifts what follows. A hole is skipped by Bob, who numbers the blocks.
///
/// The journal holds the first block that may still be used and is written before any byte leaves: a module that lost
/// power skips ahead rather than use a byte twice.
public struct AuthenticationPool: ~Copyable {
  public static var bytesPerBlock: Int { 64 }
  /// Places that are remembered at once.
  public static var places: Int { 1024 }
  public static var capacityBytes: Int { bytesPerBlock * places }

  private var ring: Block<UInt8>
  private var isFilled: [16 of UInt64] = .init(repeating: 0)
  private var preshared: UInt32 = 0
  private var nextBlock: UInt32 = 0

  public init(storage: consuming Block<UInt8>) {
    precondition(storage.count == Self.capacityBytes)
    ring = storage
  }

  /// The first block from `first` on that bytes are there for, nil when there are none.
  public func nextUsableBlock(from first: UInt32 = 0) -> UInt32? {
    for distance in 0..<UInt32(Self.places) {
      let block = nextBlock &+ distance
      if block >= first, holds(block) { return block }
    }
    return nil
  }

  public var unusedBytes: Int {
    var count = 0
    for distance in 0..<UInt32(Self.places) where holds(nextBlock &+ distance) { count += Self.bytesPerBlock }
    return count
  }

  /// Loads the pre-shared bytes at power-up, whole places of 64, and skips those that the journal says are spent.
  public mutating func load(
    _ secret: Span<UInt8>, journal: inout some IndexJournal & ~Copyable
  ) throws(PoolFault) {
    precondition(secret.count <= Self.capacityBytes)
    wipe()
    do { nextBlock = UInt32(truncatingIfNeeded: try journal.recordedIndex()) } catch { throw .journal(error) }
    preshared = UInt32(secret.count / Self.bytesPerBlock)
    for block in 0..<preshared where block >= nextBlock {
      let first = Int(block) * Self.bytesPerBlock
      fill(block, secret.extracting(first..<(first + Self.bytesPerBlock)))
    }
  }

  /// Adds the 64 bytes that `block` replenished; false if their place is still in use.
  public mutating func replenish(_ secret: Span<UInt8>, from block: UInt32) -> Bool {
    precondition(secret.count == Self.bytesPerBlock)
    let place = block &+ preshared
    guard place >= nextBlock, place - nextBlock < UInt32(Self.places) else { return false }
    fill(place, secret)
    return true
  }

  /// Moves the bytes of `block` into `words`, big-endian: four words for what Alice sends, then four for Bob. Blocks
  /// may be skipped, which loses their bytes, but never taken out of order.
  public mutating func take(
    block: UInt32, into words: inout MutableSpan<UInt64>, journal: inout some IndexJournal & ~Copyable
  ) throws(PoolFault) {
    precondition(words.count == Self.bytesPerBlock / 8)
    guard block >= nextBlock else { throw .spent(block: block, next: nextBlock) }
    guard block - nextBlock < UInt32(Self.places), holds(block) else { throw .exhausted(block: block) }
    do { try journal.record(UInt64(block) + 1) } catch { throw .journal(error) }
    let start = Self.offset(of: block)
    for i in words.indices {
      var word: UInt64 = 0
      for byte in 0..<8 { word = word << 8 | UInt64(ring[start + 8 * i + byte]) }
      words[i] = word
    }
    while nextBlock <= block {
      erase(nextBlock)
      nextBlock += 1
    }
  }

  public mutating func wipe() {
    ring.wipe()
    isFilled = .init(repeating: 0)
  }

  // A bit of `isFilled` belongs to the one block of the next `places` that shares its place.
  private func holds(_ block: UInt32) -> Bool {
    let place = Int(block) % Self.places
    return isFilled[place / 64] >> UInt64(place % 64) & 1 == 1
  }

  private mutating func fill(_ block: UInt32, _ secret: Span<UInt8>) {
    let start = Self.offset(of: block)
    for i in secret.indices { ring[start + i] = secret[i] }
    let place = Int(block) % Self.places
    isFilled[place / 64] |= 1 << UInt64(place % 64)
  }

  private mutating func erase(_ block: UInt32) {
    let start = Self.offset(of: block)
    ring.wipe(start..<(start + Self.bytesPerBlock))
    let place = Int(block) % Self.places
    isFilled[place / 64] &= ~(1 << UInt64(place % 64))
  }

  private static func offset(of block: UInt32) -> Int { Int(block) % places * bytesPerBlock }
}
