import BinaryField
import FixedStorage

/// A tag as it travels: 128 public bits, compared in constant time only.
public struct AuthenticationTag: BitwiseCopyable, Sendable {
  public let low: UInt64
  public let high: UInt64

  public init(low: UInt64, high: UInt64) {
    self.low = low
    self.high = high
  }

  init(_ value: Field128) { self.init(low: value.low, high: value.high) }

  public func matches(_ other: AuthenticationTag) -> Bool {
    Field128.areEqual(Field128(low: low, high: high), Field128(low: other.low, high: other.high))
  }
}

/// 128 secret uniform bits that cover one tag. Using it ends it; a second use does not compile.
public struct OneTimePad: ~Copyable {
  public static let words = 2

  private var secrets: [2 of UInt64]

  /// Moves the first `words` words out of `storage`, which then holds zeros there.
  public init(taking storage: inout MutableSpan<UInt64>) {
    precondition(storage.count >= Self.words)
    secrets = [storage[0], storage[1]]
    var taken = storage._mutatingExtracting(0..<Self.words)
    wipe(&taken)
  }

  /// Ends a pad that was never used.
  public consuming func discard() {
    var span = secrets.mutableSpan
    wipe(&span)
  }

  consuming func cover(_ value: Field128) -> Field128 {
    let covered = value + Field128(low: secrets[0], high: secrets[1])
    var span = secrets.mutableSpan
    wipe(&span)
    return covered
  }
}

/// The key of one tag over one message that is at hand as a whole: the hash point, 128 bits, and the pad, 128 bits.
///
/// `tag` and `verify` consume the key, so reuse does not compile. Copies that the compiler made in registers or spilled
/// to the stack are out of reach of any wipe; what is kept in memory on purpose is wiped.
public struct OneTimeTagKey: ~Copyable {
  public static let words = 4

  private var hash = TranscriptHash()
  private var pad: OneTimePad

  /// Moves the first `words` words out of `storage`, which then holds zeros there: point (low, high), pad (low, high).
  public init(taking storage: inout MutableSpan<UInt64>) {
    precondition(storage.count >= Self.words)
    hash.start(point: Field128(low: storage[0], high: storage[1]))
    var point = storage._mutatingExtracting(0..<2)
    wipe(&point)
    var rest = storage._mutatingExtracting(2..<Self.words)
    pad = OneTimePad(taking: &rest)
  }

  public consuming func tag(_ message: Span<UInt8>) -> AuthenticationTag {
    hash.absorb(message)
    return hash.finish(pad: pad)
  }

  /// Whether `tag` belongs to `message`. The key is spent either way.
  public consuming func verify(_ tag: AuthenticationTag, _ message: Span<UInt8>) -> Bool {
    hash.absorb(message)
    return hash.verify(tag, pad: pad)
  }
}
