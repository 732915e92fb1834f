public import FixedStorage
public import Ports

public enum PoolFault: Error, Equatable, Sendable {
  /// No unused bytes are left for this block.
  case exhausted(block: UInt32)
  /// The block's bytes were given out already, perhaps before a restart.
  case spent(block: UInt32, next: UInt32)
  case journal(JournalError)
}

/// The secret bytes of one block's tags: 32 for each direction. Whoever takes them uses them once.
public struct TagMaterial: ~Copyable {
  private var bytes: [64 of UInt8]

  fileprivate init(_ bytes: [64 of UInt8]) { self.bytes = bytes }

  /// The eight big-endian words, four for Alice's direction and then four for Bob's.
  public consuming func words() -> [8 of UInt64] {
    var words: [8 of UInt64] = .init(repeating: 0)
    for i in 0..<64 { words[i / 8] = words[i / 8] << 8 | UInt64(bytes[i]) }
    var span = bytes.mutableSpan
    wipe(&span)
    return words
  }
}

/// Pre-shared and replenished bytes for one-time tags, given out by block number, never twice.
///
/// Block `n` owns bytes `64 n ..< 64 (n + 1)` of one endless stream, so a block number is a place in the stream and
/// both modules agree on it without a message. The journal holds the first block that may still be used and is
/// written before any byte leaves: a module that lost power skips ahead rather than use a byte twice.
public struct AuthenticationPool: ~Copyable {
  public static var bytesPerBlock: Int { 64 }
  public static var capacityBytes: Int { 1 << 16 }

  private var ring: Block<UInt8>
  private var end: UInt64 = 0
  private var nextBlock: UInt32 = 0

  public init(storage: consuming Block<UInt8>) {
    precondition(storage.count == Self.capacityBytes)
    ring = storage
  }

  /// The first block whose bytes were not given out.
  public var firstUnusedBlock: UInt32 { nextBlock }

  public var unusedBytes: Int {
    let used = UInt64(nextBlock) * UInt64(Self.bytesPerBlock)
    return end > used ? Int(end - used) : 0
  }

  /// Loads the pre-shared bytes at power-up, and skips those that the journal says are spent.
  public mutating func load(
    _ secret: Span<UInt8>, journal: inout some IndexJournal & ~Copyable
  ) throws(PoolFault) {
    precondition(secret.count <= Self.capacityBytes)
    wipe()
    for i in secret.indices { ring[i] = secret[i] }
    end = UInt64(secret.count)
    do {
      nextBlock = UInt32(truncatingIfNeeded: try journal.recordedIndex())
    } catch {
      throw .journal(error)
    }
  }

  /// Adds fresh secret bytes behind the last; returns how many found room.
  public mutating func replenish(_ secret: Span<UInt8>) -> Int {
    let room = Self.capacityBytes - unusedBytes
    let count = min(room, secret.count)
    for i in 0..<count {
      ring[Int(end % UInt64(Self.capacityBytes))] = secret[i]
      end += 1
    }
    return count
  }

  /// Gives out the bytes of `block`, which may skip blocks but never go back, and forgets them.
  public mutating func take(
    block: UInt32, journal: inout some IndexJournal & ~Copyable
  ) throws(PoolFault) -> TagMaterial {
    guard block >= nextBlock else { throw .spent(block: block, next: nextBlock) }
    let start = UInt64(block) * UInt64(Self.bytesPerBlock)
    guard start + UInt64(Self.bytesPerBlock) <= end else { throw .exhausted(block: block) }
    do { try journal.record(UInt64(block) + 1) } catch { throw .journal(error) }
    nextBlock = block + 1
    var bytes: [64 of UInt8] = .init(repeating: 0)
    for i in 0..<Self.bytesPerBlock {
      let place = Int((start + UInt64(i)) % UInt64(Self.capacityBytes))
      bytes[i] = ring[place]
      ring[place] = 0
    }
    return TagMaterial(bytes)
  }

  public mutating func wipe() {
    ring.wipe()
    end = 0
  }
}
