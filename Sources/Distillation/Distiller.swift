public import AdvantageDistillation
import Authentication
import Estimation
public import FixedStorage
import Ports
public import PrivacyAmplification
import Reconciliation
import Sifting
public import Units
public import Wire

/// Where a block is between its last detection and its key.
public enum DistillerPhase: Equatable, Sendable {
  case idle
  /// Bob: his counts are sent, Alice's are awaited.
  case comparingCounts
  /// Alice: the seed of the permutation has to be drawn and sent, now that the last detection is over.
  case drawingPermutation
  /// Bob: the seed is due.
  case awaitingPermutation
  /// The sifted string is laid out, permuted as a whole.
  case loading
  /// The own string is ready, the peer's is not.
  case awaitingPeerLoad
  /// Advantage distillation: parities out, accept flags back, rejected groups disclosed.
  case comparingParities
  /// Bob asks about the tiles of a batch and corrects them. Alice answers until Bob says that he is through.
  case reconciling
  /// Bob: Alice's hash of the tiles is due.
  case awaitingHash
  /// Alice: the hash of tiles has to be drawn, computed and sent.
  case hashing
  /// Bob: the errors of the permuted string are counted by intensity.
  case countingErrors
  /// Alice: Bob's verdict and counts are awaited. Bob: Alice's length is awaited.
  case awaitingVerdict
  /// Alice sends the Toeplitz seed, Bob collects it; the matrix product and the exchange of tags, side by side.
  case amplifying
  /// The secret key is in place until `release()`.
  case finished
  case refused
}

/// Takes one closed block through advantage distillation, reconciliation, confirmation and privacy amplification.
///
/// One state machine for both roles: `receive` takes one message of the peer, `step` does one bounded piece of work.
/// It draws no time; randomness comes from the entropy source that is lent to it.
public struct Distiller: ~Copyable {
  public static var tileBits: Int { CascadeLimits.tileBitsMax }
  /// Words of the window on the Toeplitz seed: what one piece of key needs, what two more add, and a message.
  public static var seedWords: Int {
    (ToeplitzAccumulator.outputBitsMax + 3 * ToeplitzAccumulator.tileBitsMax) / 64 + seedWordsPerMessage
  }
  public static var outputWords: Int { ToeplitzAccumulator.outputBitsMax / 64 }
  /// Words of the string that a block is laid out in, and of the bits that advantage distillation keeps of it.
  public static var stringWords: Int { SiftedStore.bitsMax / 64 }
  public static var keptWords: Int { SiftedStore.bitsMax / 2 / 64 }
  /// Tiles that may share one hash.
  public static var confirmedTilesMax: Int { 4 }
  public static var correctedWords: Int { TileBatch.tilesMax * tileBits / 64 }
  /// A tile whose hashes differ is reconciled anew this often before its block is given up.
  public static var retriesMax: Int { 2 }
  /// Bytes of every key that go back to the authentication pool: what the block's two tags cost.
  public static var replenishBytes: Int { 64 }

  /// Large working memory, handed over once.
  public struct Storage: ~Copyable {
    var tiles: TileStorage
    var accumulator: ToeplitzAccumulator
    var permutation: BlockPermutation
    var strings: StringStorage
    var seed: Block<UInt64>
    var output: Block<UInt64>
    var payload: PayloadBuffer

    public init(
      stages: consuming StageStorage, permutation: consuming BlockPermutation, strings: consuming StringStorage,
      keys: consuming KeyStorage, payload: consuming PayloadBuffer
    ) {
      tiles = stages.tiles
      accumulator = stages.accumulator
      self.permutation = permutation
      self.strings = strings
      seed = keys.seed
      output = keys.output
      self.payload = payload
    }
  }

  /// The kernels that own memory.
  public struct StageStorage: ~Copyable {
    var tiles: TileStorage
    var accumulator: ToeplitzAccumulator

    public init(tiles: consuming TileStorage, accumulator: consuming ToeplitzAccumulator) {
      self.tiles = tiles
      self.accumulator = accumulator
    }
  }

  /// The strings of the block in work. Shorter blocks of memory limit the length of a block.
  public struct StringStorage: ~Copyable {
    /// The whole block, laid out; at Bob's, after advantage distillation, its errors.
    var block: Block<UInt64>
    /// What advantage distillation keeps.
    var kept: Block<UInt64>
    /// Bob: tiles that are corrected and not confirmed yet.
    var corrected: Block<UInt64>

    public init(block: consuming Block<UInt64>, kept: consuming Block<UInt64>, corrected: consuming Block<UInt64>) {
      precondition(block.count >= 2 && kept.count >= 2 && corrected.count == Distiller.correctedWords)
      self.block = block
      self.kept = kept
      self.corrected = corrected
    }
  }

  /// The window on the Toeplitz seed and the key that comes out.
  public struct KeyStorage: ~Copyable {
    var seed: Block<UInt64>
    var output: Block<UInt64>

    public init(seed: consuming Block<UInt64>, output: consuming Block<UInt64>) {
      precondition(seed.count == Distiller.seedWords && output.count == Distiller.outputWords)
      self.seed = seed
      self.output = output
    }
  }

  public let role: Role
  private(set) var plan: DistillationPlan
  /// That of the plan, which is large: some builds copy all of it to read a part, and this is read for every bit.
  private(set) var adBlock: Int
  var storage: Storage
  public internal(set) var phase = DistillerPhase.idle
  public internal(set) var summary = BlockSummary(number: 0)
  var half = Half.first
  var load = LoadProgress(half: .first)
  var pairing = PairingProgress()
  /// Bob: bins of the permuted string whose errors are counted.
  var countedBins = 0
  /// Bits that are reconciled: those of the whole block, or those that advantage distillation kept.
  public internal(set) var keptBits = 0
  /// Bob: the first tile that is not confirmed yet.
  var unconfirmedTile = 0
  /// Bob: the tiles in work, and the place of the one that is decoded.
  var batch = TileBatch()
  var decoding: Int?
  /// Bob: the place whose tiles the decoder holds, or held last.
  var decoded: Int?
  /// Alice: the tiles that Bob asks about, and the groups of them that he wants hashes of.
  var answered = AnsweredBatch()
  var groupsToHash: UInt16 = 0
  /// The error rate that the next tiles are expected to have, and whether earlier ones showed it.
  var qberOfTiles: PartsPerMillion
  var qberIsMeasured = false
  var errorsSeen = 0
  var hash = ConfirmationHash()
  var amplification = AmplificationProgress()
  var tagIsSent = false
  var peerTagIsRight = false

  public init(role: Role, plan: DistillationPlan, storage: consuming Storage) {
    self.role = role
    self.plan = plan
    adBlock = plan.adBlock
    self.storage = storage
    qberOfTiles = plan.expectedQber
  }

  public var isIdle: Bool { phase == .idle }

  /// Takes another plan, between blocks and before the first pulse of the next.
  public mutating func adopt(_ plan: DistillationPlan) {
    precondition(isIdle)
    self.plan = plan
    adBlock = plan.adBlock
    qberOfTiles = plan.expectedQber
    qberIsMeasured = false
  }

  /// The secret key of a finished block, `summary.finalBits` bits.
  public var secretKey: Span<UInt64> {
    @_lifetime(borrow self) borrowing get {
      precondition(phase == .finished)
      return storage.output.span.extracting(first: Bits.words(for: summary.finalBits))
    }
  }

  /// The reconciled key of a finished block, `keptBits` bits; before that, what is being reconciled.
  public var keptKey: Span<UInt64> {
    @_lifetime(borrow self) borrowing get {
      let words = Bits.words(for: keptBits)
      return keepsAll
        ? storage.strings.block.span.extracting(first: words)
        : storage.strings.kept.span.extracting(first: words)
    }
  }

  /// Wipes what belonged to the last block and makes ready for the next.
  public mutating func release() {
    storage.tiles.wipe()
    storage.accumulator.wipe()
    storage.strings.block.wipe(0..<min(storage.strings.block.count, Bits.words(for: siftedBits) + 1))
    storage.strings.kept.wipe(0..<min(storage.strings.kept.count, Bits.words(for: pairing.kept) + 1))
    storage.strings.corrected.wipe()
    storage.seed.wipe()
    storage.output.wipe(0..<Bits.words(for: summary.finalBits))
    storage.payload.wipe()
    hash.wipe()
    phase = .idle
    load = LoadProgress(half: half)
    pairing = PairingProgress()
    countedBins = 0
    keptBits = 0
    unconfirmedTile = 0
    batch = TileBatch()
    decoding = nil
    decoded = nil
    answered = AnsweredBatch()
    groupsToHash = 0
    amplification = AmplificationProgress()
    tagIsSent = false
    peerTagIsRight = false
    summary.finalBits = 0
  }

  /// Gives the block up and tells the peer, unless it was the peer who did.
  mutating func refuse(_ refusal: BlockRefusal, _ channel: inout BlockChannel) {
    if refusal != .peerGaveUp {
      let reason: [1 of UInt8] = [refusal.rawValue]
      channel.send(.abort, in: half, payload: reason.span, discloses: .nothing)
    }
    summary.refusal = refusal
    summary.ledger = channel.ledger(half)
    phase = .refused
  }

  /// Sends the payload that was composed.
  func send(_ type: MessageType, discloses disclosure: Disclosure, _ channel: inout BlockChannel) {
    channel.send(type, in: half, payload: storage.payload.payload, discloses: disclosure)
  }

  var siftedBits: Int { Int(summary.sifted.total) }
  /// Without advantage distillation the whole block is kept, in place.
  var keepsAll: Bool { adBlock == 1 }
  var tileCount: Int { (keptBits + Self.tileBits - 1) / Self.tileBits }
  func bits(ofTile tile: Int) -> Int { place(ofTile: tile).count }

  /// Where a tile begins, in words; for the tile behind the last, where the string ends. Tiles are as even as words
  /// allow: a short one at the end could cost more parities than it has bits.
  func firstWord(ofTile tile: Int) -> Int { tile * Bits.words(for: keptBits) / tileCount }

  /// The bits of a tile.
  func place(ofTile tile: Int) -> Range<Int> {
    64 * firstWord(ofTile: tile)..<min(keptBits, 64 * firstWord(ofTile: tile + 1))
  }

  /// The words of a tile.
  func words(ofTile tile: Int) -> Range<Int> { firstWord(ofTile: tile)..<firstWord(ofTile: tile + 1) }
}
