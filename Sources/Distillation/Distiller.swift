import Authentication
public import Estimation
public import FixedStorage
import Ports
public import PrivacyAmplification
public import Reconciliation
import Sifting
public import Units
public import Wire

/// What is fixed about distillation before the first pulse of a session.
public struct DistillationPlan: Sendable {
  public let credit: BlockCredit
  /// Sets the block lengths of the first tile's reconciliation; every later tile uses the tile before.
  public let expectedQber: PartsPerMillion
  /// The share of an axis, or in `perBlock` of a basis, that the key length is computed for.
  public let axisShareMax: PartsPerMillion

  public init(credit: BlockCredit, expectedQber: PartsPerMillion, axisShareMax: PartsPerMillion) {
    self.credit = credit
    self.expectedQber = expectedQber
    self.axisShareMax = axisShareMax
  }
}

/// Where a block is between its last detection and its key.
public enum DistillerPhase: Equatable, Sendable {
  case idle
  /// Bob: his counts are sent, Alice's are awaited.
  case comparingCounts
  /// Bob: a request has to be made. Alice: she answers until Bob says that he is through.
  case reconciling
  /// Bob: a reply is due.
  case awaitingParities
  /// Bob: Alice's hash of the tile is due.
  case awaitingHash
  /// Alice: the hash of a tile has to be drawn, computed and sent.
  case hashing
  /// Alice: Bob's verdict and counts are awaited. Bob: Alice's length is awaited.
  case awaitingVerdict
  /// Alice sends the Toeplitz seed, Bob collects it.
  case seeding
  /// The matrix product and the exchange of tags, side by side.
  case amplifying
  /// The secret key is in place until `release()`.
  case finished
  case refused
}

/// Takes one closed block through reconciliation, confirmation and privacy amplification.
///
/// One state machine for both roles: `receive` takes one message of the peer, `step` does one bounded piece of work.
/// It draws no time; randomness comes from the entropy source that is lent to it.
public struct Distiller: ~Copyable {
  public static var tileBits: Int { CascadeLimits.tileBitsMax }
  public static var seedWords: Int { ToeplitzAccumulator.seedWords }
  public static var outputWords: Int { SiftedStore.bitsMax / 64 }
  /// A tile whose hashes differ is reconciled anew this often before its block is given up.
  public static var retriesMax: Int { 2 }
  /// Bytes of every key that go back to the authentication pool: what the block's two tags cost.
  public static var replenishBytes: Int { 64 }

  /// Large working memory, handed over once.
  public struct Storage: ~Copyable {
    var reference: ParityReference
    var corrector: Corrector
    var accumulator: ToeplitzAccumulator
    var seed: Block<UInt64>
    var output: Block<UInt64>
    var payload: PayloadBuffer

    public init(
      reference: consuming ParityReference, corrector: consuming Corrector,
      accumulator: consuming ToeplitzAccumulator, keys: consuming KeyStorage, payload: consuming PayloadBuffer
    ) {
      self.reference = reference
      self.corrector = corrector
      self.accumulator = accumulator
      seed = keys.seed
      output = keys.output
      self.payload = payload
    }
  }

  /// The Toeplitz seed and the key that comes out.
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
  let plan: DistillationPlan
  var storage: Storage
  public internal(set) var phase = DistillerPhase.idle
  public internal(set) var summary = BlockSummary(number: 0)
  var half = Half.first
  /// Bob: the tile in work. Alice: the tile that was last asked about.
  var tile = 0
  var tileIsOpen = false
  var qberOfTiles: PartsPerMillion
  var hash = ConfirmationHash()
  /// How often the open tile was reconciled anew because its hashes differed.
  var retries = 0
  /// Alice: the last tile asked about has been hashed for Bob.
  var tileIsHashed = false
  /// Bob: the public seed of the open tile's permutations.
  var tileSeed: UInt64 = 0
  var seedWordsReady = 0
  var amplifiedTiles = 0
  var amplifierIsOpen = false
  var tagIsSent = false
  var peerTagIsRight = false

  public init(role: Role, plan: DistillationPlan, storage: consuming Storage) {
    self.role = role
    self.plan = plan
    self.storage = storage
    qberOfTiles = plan.expectedQber
  }

  public var isIdle: Bool { phase == .idle }

  /// The secret key of a finished block, `summary.finalBits` bits.
  public var secretKey: Span<UInt64> {
    @_lifetime(borrow self) borrowing get {
      precondition(phase == .finished)
      return storage.output.span.extracting(first: Bits.words(for: summary.finalBits))
    }
  }

  /// The seed that made it.
  public var toeplitzSeed: Span<UInt64> {
    @_lifetime(borrow self) borrowing get {
      precondition(phase == .finished)
      return storage.seed.span.extracting(first: seedWordsNeeded)
    }
  }

  /// Wipes what belonged to the last block and makes ready for the next.
  public mutating func release() {
    storage.reference.wipe()
    storage.corrector.wipe()
    storage.accumulator.wipe()
    storage.seed.wipe()
    storage.output.wipe()
    storage.payload.wipe()
    hash.wipe()
    phase = .idle
    tile = 0
    tileIsOpen = false
    seedWordsReady = 0
    amplifiedTiles = 0
    amplifierIsOpen = false
    tagIsSent = false
    peerTagIsRight = false
    retries = 0
    tileIsHashed = false
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
  var tileCount: Int { (siftedBits + Self.tileBits - 1) / Self.tileBits }
  func bits(ofTile tile: Int) -> Int { min(Self.tileBits, siftedBits - tile * Self.tileBits) }
  var seedWordsNeeded: Int {
    Bits.words(for: ToeplitzAccumulator.seedBits(keyBits: siftedBits, outputBits: summary.finalBits))
  }
}

extension Distiller.Storage {
  /// Appends Alice's answer to the payload and returns how many parities it tells.
  mutating func answer(_ request: Span<UInt8>) throws(ReconciliationFault) -> Int {
    try Self.answer(request, from: &reference, into: &payload)
  }

  /// Appends Bob's next request to the payload, if there is one to make.
  mutating func ask() -> Corrector.Step { Self.ask(&corrector, into: &payload) }

  /// One chunk of the matrix product.
  mutating func amplify(_ tile: Span<UInt64>) -> ToeplitzAccumulator.Progress {
    Self.amplify(tile, with: seed, &accumulator)
  }

  mutating func finish(bits: Int) { Self.finish(bits: bits, &accumulator, into: &output) }

  // Static, because the compiler tracks fields of `self` apart only as separate arguments.
  private static func answer(
    _ request: Span<UInt8>, from reference: inout ParityReference, into payload: inout PayloadBuffer
  ) throws(ReconciliationFault) -> Int {
    var room = payload.free
    let answer = try reference.answer(request, into: &room)
    payload.grow(by: answer.bytes)
    return answer.disclosedBits
  }

  private static func ask(_ corrector: inout Corrector, into payload: inout PayloadBuffer) -> Corrector.Step {
    var room = payload.free
    let step = corrector.step(into: &room)
    if case .ask(let bytes) = step { payload.grow(by: bytes) }
    return step
  }

  private static func amplify(
    _ tile: Span<UInt64>, with seed: borrowing Block<UInt64>, _ accumulator: inout ToeplitzAccumulator
  ) -> ToeplitzAccumulator.Progress {
    accumulator.step(tile: tile, seed: seed.span)
  }

  private static func finish(
    bits: Int, _ accumulator: inout ToeplitzAccumulator, into output: inout Block<UInt64>
  ) {
    var out = output.mutableSpan
    accumulator.finish(bits: bits, into: &out)
  }
}
