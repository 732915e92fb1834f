public import FixedStorage
public import Ports

public enum PoolFault: Error, Equatable, Sendable {
  /// No unused bytes are left for this block.
  case exhausted(block: UInt32)
  /// The block's bytes were given out already, perhaps before a restart.
  case spent(block: UInt32, next: UInt32)
  case journal(JournalError)
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

  /// Moves the bytes of `block` into `words`, big-endian: four words for what Alice sends, then four for Bob. The
  /// block may skip others but never go back.
  public mutating func take(
    block: UInt32, into words: inout MutableSpan<UInt64>, journal: inout some IndexJournal & ~Copyable
  ) throws(PoolFault) {
    precondition(words.count == Self.bytesPerBlock / 8)
    guard block >= nextBlock else { throw .spent(block: block, next: nextBlock) }
    let start = UInt64(block) * UInt64(Self.bytesPerBlock)
    guard start + UInt64(Self.bytesPerBlock) <= end else { throw .exhausted(block: block) }
    do { try journal.record(UInt64(block) + 1) } catch { throw .journal(error) }
    nextBlock = block + 1
    for i in words.indices { words[i] = 0 }
    for i in 0..<Self.bytesPerBlock {
      let place = Int((start + UInt64(i)) % UInt64(Self.capacityBytes))
      words[i / 8] = words[i / 8] << 8 | UInt64(ring[place])
      ring[place] = 0
    }
  }

  public mutating func wipe() {
    ring.wipe()
    end = 0
  }
}
