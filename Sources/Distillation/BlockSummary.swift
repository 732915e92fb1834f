public import Estimation
public import Sifting

/// Why a block gave no key. A refusal is a result of the protocol, not an error of the program.
public enum BlockRefusal: UInt8, Sendable {
  /// The two modules count different sifted bits.
  case countsDiffer
  /// The block ended without a sifted bit.
  case empty
  /// Reconciliation of a tile did not come to an end.
  case notReconciled
  /// The hashes of the reconciled keys differ.
  case notConfirmed
  /// The accounted leaks or the computed lengths of the modules differ.
  case accountsDiffer
  /// One axis is sifted more often than the key length assumes; see `LinkConfiguration.axisShareMax`.
  case axisBiased
  /// The bounds leave no secret bit.
  case noLength
  /// A tag of the peer was wrong.
  case tagWrong
  /// A message had no sense where it came.
  case unexpectedMessage
  /// The peer gave the block up.
  case peerGaveUp
  /// The random source failed.
  case entropyLost
  /// Advantage distillation kept no bit.
  case nothingKept
  /// A bin of the permutation came out too large; the chance is below 1e-200.
  case permutationSkewed
  /// The error rate may be beyond what the settings of the session were made for.
  case rowLeft
}

/// Everything about a finished block that is not secret.
public struct BlockSummary: Sendable {
  public var number: UInt32
  public var sifted = IntensityCounts()
  public var errors = IntensityCounts()
  public var cross = IntensityCounts()
  /// Block length of advantage distillation, what it kept, and the errors among that.
  public var adBlock = 1
  public var keptBits = 0
  public var keptErrors: UInt64 = 0
  /// Bob only: sifted bits by the axis they were measured on.
  public var axes = AxisCounts()
  public var ledger = DisclosureLedger()
  /// Bounds and length; nil until confirmation.
  public var result: KeyLengthResult?
  public var finalBits = 0
  /// Bytes of the final key that go into the authentication pool and are no secret bits of the block.
  public var replenishedBytes = 0
  public var roundTrips = 0
  public var refusal: BlockRefusal?

  public init(number: UInt32) { self.number = number }

  /// Error rate of the sifted key as counted after confirmation.
  public var qber: Double { sifted.total == 0 ? 0 : Double(errors.total) / Double(sifted.total) }

  /// The Shannon limit of reconciliation, `n h(errors / n)` for the `n` kept bits, in bits.
  public var shannonBits: Double {
    keptBits == 0 ? 0 : Double(keptBits) * binaryEntropy(Double(keptErrors) / Double(keptBits))
  }
}

/// Watches blocks come and go. The firmware's observer does nothing; the twin records what anyone may recompute.
public protocol BlockObserver: ~Copyable {
  /// Bob: what Alice announced of a batch of events, and what he had measured, a byte an event each.
  mutating func eventsSifted(_ number: UInt32, announcements: Span<UInt8>, notes: Span<UInt8>)
  /// The sifted key of a block whose sifting is over.
  mutating func blockClosed(_ number: UInt32, store: borrowing SiftedStore, half: Half)
  /// What goes into reconciliation, `bits` bits, and the seed of the permutation that came before.
  mutating func blockKept(_ number: UInt32, keptKey: Span<UInt64>, bits: Int, permutationSeed: [32 of UInt8])
  /// The next words of the Toeplitz seed.
  mutating func seedPart(_ number: UInt32, words: Span<UInt64>)
  /// The block gave a key, or was refused: what was confirmed, and what came out.
  mutating func blockFinished(_ summary: BlockSummary, confirmedKey: Span<UInt64>, secretKey: Span<UInt64>)
}
