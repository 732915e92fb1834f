public import BinaryField
import FixedStorage

/// Authenticates what flows through one direction of the classical link (Wegman and Carter, 1981).
///
/// `tag = P(r) + pad`, with `P` as in PolynomialHash.swift over the bytes sent so far, a secret uniform point `r` and a
/// secret uniform pad that serves once. Whoever has seen one message and its tag makes the receiver accept another
/// message with a probability of at most `(blocks + 1) / 2^128`, `blocks = ceil(bytes / 16)` of the longer one: the pad
/// hides `r` perfectly, and a forgery needs `P(r) - P'(r)` guessed. Without a message seen it is 2^-128. A point may
/// serve for several tags with a fresh pad each; the bounds then add up (Portmann, arXiv 1202.1229, theorem 2 ff.).
///
/// It stays in one place for its whole life, in the workspace, so that `finish` can zero the point where it is: a
/// consuming `finish` would leave a copy behind. The pad is what must not serve twice, and its type sees to that.
public struct TranscriptHash: ~Copyable {
  /// The longest transcript: the forgery bound stays below 2^-95.
  public static let bytesMax = 1 << 36

  private var hash = PolynomialHash()
  // Bytes of the incomplete word, the first in the lowest bits.
  private var partial: [1 of UInt64] = [0]
  private var bytes = 0
  // The value of a transcript that was closed and waits for its pad.
  private var value: [1 of Field128] = [.zero]
  public private(set) var isClosed = false

  public init() {}

  /// Begins a transcript under a secret point.
  public mutating func start(point: Field128) {
    hash.start(point: point)
    partial[0] = 0
    bytes = 0
    isClosed = false
  }

  /// Appends to the transcript. How it is divided into spans makes no difference.
  public mutating func absorb(_ message: Span<UInt8>) {
    precondition(hash.isOpen && message.count <= Self.bytesMax - bytes)
    var offset = 0
    while bytes & 7 != 0, offset < message.count {
      absorb(message[offset])
      offset += 1
    }
    while message.count - offset >= 8 {
      // Whole blocks at once; a word before and behind them where the transcript so far asks for it.
      let whole = hash.bits % 128 == 0 ? (message.count - offset) & ~15 : 0
      if whole > 0 {
        hash.absorb(blocks: message.extracting(offset..<(offset + whole)).octets)
      } else {
        hash.absorb(message.littleEndian64(at: offset))
      }
      let taken = max(whole, 8)
      bytes += taken
      offset += taken
    }
    while offset < message.count {
      absorb(message[offset])
      offset += 1
    }
  }

  private mutating func absorb(_ byte: UInt8) {
    partial[0] |= UInt64(byte) &<< UInt64(truncatingIfNeeded: 8 * (bytes & 7))
    bytes += 1
    guard bytes & 7 == 0 else { return }
    hash.absorb(partial[0])
    partial[0] = 0
  }

  /// Ends the transcript without telling anything: its tag can still be had, more bytes cannot follow.
  public mutating func close() {
    precondition(!isClosed)
    if bytes & 7 != 0 { hash.absorb(last: partial[0], bits: 8 * (bytes & 7)) }
    value[0] = hash.finish()
    isClosed = true
  }

  /// Appends the secret value of a closed transcript, so that the tag of this one vouches for that one too. Under the
  /// pad of this tag nothing is learned about it.
  public mutating func absorb(_ other: borrowing TranscriptHash) {
    precondition(other.isClosed)
    let words: [2 of UInt64] = [other.value[0].low, other.value[0].high]
    var digest: [16 of UInt8] = .init(repeating: 0)
    for i in 0..<16 { digest[i] = UInt8(truncatingIfNeeded: words[i / 8] &>> UInt64(8 * (i % 8))) }
    absorb(digest.span)
    var span = digest.mutableSpan
    FixedStorage.wipe(&span)
  }

  /// The tag of the transcript, which ends here if it was not closed: all that is secret is zeroed, and only
  /// `start(point:)` begins another.
  public mutating func finish(pad: consuming OneTimePad) -> AuthenticationTag {
    if !isClosed { close() }
    let tag = AuthenticationTag(pad.cover(value[0]))
    wipe()
    return tag
  }

  /// Ends the transcript and says whether `tag` is its tag. The pad is spent either way.
  public mutating func verify(_ tag: AuthenticationTag, pad: consuming OneTimePad) -> Bool {
    finish(pad: pad).matches(tag)
  }

  /// Zeroes all that depends on a secret; the transcript is abandoned.
  public mutating func wipe() {
    hash.wipe()
    var span = partial.mutableSpan
    FixedStorage.wipe(&span)
    var closed = value.mutableSpan
    FixedStorage.wipe(&closed)
    bytes = 0
    isClosed = false
  }

  /// `-log2` of the forgery bound for a transcript of at most `bytes` bytes, rounded down.
  public static func forgeryExponent(bytes: Int) -> Int {
    precondition(bytes >= 0 && bytes <= bytesMax)
    // (blocks + 1) <= 2^k with k the length in bits of `blocks`.
    let blocks = (bytes + 15) / 16
    return 128 - (Int.bitWidth - blocks.leadingZeroBitCount)
  }
}
