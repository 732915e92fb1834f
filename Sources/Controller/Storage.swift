import Acquisition
import AdvantageDistillation
import Authentication
public import Distillation
import Drivers
public import FixedStorage
import KeyStore
import Ports
import PrivacyAmplification
import Reconciliation
import Sifting
public import Units
import Wire

/// Names of the blocks of working memory of one module, numbered from zero without gaps.
public enum StorageName: UInt8, Sendable {
  case siftedPages, pageLinks, blockString, keptString, correctedTiles, permutationBins, permutationLabels
  case parityWords, correctorWords, correctorAsked
  case encoderWords, decoderMessages, decoderWords, syndromes
  case toeplitzSums, toeplitzArena, toeplitzSeed, secretKey
  case authenticationPool, keyRing, keyReplies
  case outbox, inbox, sessionPayload, distillerPayload
  case spiCommand, spiReply, notes, batchNotes, slots, words
  case trace
  case syncPattern, syncClicks, syncPowers, syncPositions
}

/// Where the working memory comes from: static blocks on the device, the heap in the twin and in tests.
public protocol StorageSource: ~Copyable {
  /// A zeroed block of exactly `count` elements; each name is asked for once.
  mutating func block<Element: FixedWidthInteger & BitwiseCopyable>(
    _ name: StorageName, of element: Element.Type, count: Int
  ) -> Block<Element>
}

extension SessionMemory {
  /// Takes the blocks of a session from `source`.
  public init(role: Role, configuration: LinkConfiguration, from source: inout some StorageSource & ~Copyable) {
    let store = SiftedStore(
      pages: source.block(.siftedPages, of: UInt64.self, count: SiftedStore.words),
      links: source.block(.pageLinks, of: UInt16.self, count: SiftedStore.pageCount))
    let channel = BlockChannel(
      role: role, outbox: Outbox(storage: source.block(.outbox, of: UInt8.self, count: Outbox.capacityBytes)))
    let stores = KeyStores(
      pool: AuthenticationPool(
        storage: source.block(.authenticationPool, of: UInt8.self, count: AuthenticationPool.capacityBytes)),
      keys: KeyRing(storage: source.block(.keyRing, of: UInt64.self, count: KeyRing.storageWords), role: role))
    let distiller = Distiller(
      role: role, plan: configuration.plan(), storage: .taken(from: &source))
    let payload = PayloadBuffer(
      storage: source.block(.sessionPayload, of: UInt8.self, count: PayloadBuffer.capacityBytes))
    self.init(
      core: LinkCore(store: store, channel: channel, distiller: distiller, stores: stores, payload: payload),
      inbox: Inbox(storage: source.block(.inbox, of: UInt8.self, count: Inbox.capacityBytes)),
      trace: TraceRing(storage: source.block(.trace, of: UInt64.self, count: TraceRing.storageWords)))
  }

}

extension Distiller.Storage {
  /// Takes the blocks of distillation from `source`.
  public static func taken(from source: inout some StorageSource & ~Copyable) -> Distiller.Storage {
    Distiller.Storage(
      stages: Distiller.StageStorage(
        tiles: tileStorage(from: &source),
        accumulator: ToeplitzAccumulator(
          sums: source.block(.toeplitzSums, of: UInt64.self, count: ToeplitzAccumulator.sumsWords),
          arena: source.block(.toeplitzArena, of: UInt64.self, count: ToeplitzAccumulator.arenaWords))),
      permutation: BlockPermutation(
        bins: source.block(.permutationBins, of: UInt32.self, count: BlockPermutation.binWords),
        labels: source.block(.permutationLabels, of: UInt8.self, count: BlockPermutation.labelBytes)),
      strings: Distiller.StringStorage(
        block: source.block(.blockString, of: UInt64.self, count: Distiller.stringWords),
        kept: source.block(.keptString, of: UInt64.self, count: Distiller.keptWords),
        corrected: source.block(.correctedTiles, of: UInt64.self, count: Distiller.correctedWords)),
      keys: Distiller.KeyStorage(
        seed: source.block(.toeplitzSeed, of: UInt64.self, count: Distiller.seedWords),
        output: source.block(.secretKey, of: UInt64.self, count: Distiller.outputWords)),
      payload: PayloadBuffer(
        storage: source.block(.distillerPayload, of: UInt8.self, count: PayloadBuffer.capacityBytes)))
  }

  private static func tileStorage(from source: inout some StorageSource & ~Copyable) -> TileStorage {
    let tiles = TileStorage.tilesMax
    var parityWords = source.block(.parityWords, of: UInt64.self, count: tiles * ParityReference.wordCount)
    var words = source.block(.correctorWords, of: UInt64.self, count: tiles * Corrector.wordCount)
    var asked = source.block(.correctorAsked, of: UInt32.self, count: tiles * Corrector.askedCount)
    return TileStorage(
      references: .init { _ in
        ParityReference(
          words: parityWords.detachFirst(ParityReference.wordCount))
      },
      correctors: .init { _ in
        Corrector(
          words: words.detachFirst(Corrector.wordCount), asked: asked.detachFirst(Corrector.askedCount))
      },
      encoder: SyndromeEncoder(
        words: source.block(.encoderWords, of: UInt64.self, count: SyndromeEncoder.wordCount)),
      decoder: SyndromeDecoder(
        messages: source.block(.decoderMessages, of: Int8.self, count: SyndromeDecoder.byteCount),
        words: source.block(.decoderWords, of: UInt64.self, count: SyndromeDecoder.wordCount)),
      syndromes: source.block(.syndromes, of: UInt64.self, count: TileStorage.syndromeWords))
  }
}

/// Bytes of one transfer on the SPI bus of the gateware.
private var transferBytes: Int { 4096 }

extension AliceEnd where Bus: ~Copyable {
  public init(bus: consuming Bus, from source: inout some StorageSource & ~Copyable) {
    self.init(
      fpga: AliceFpga<Bus>(
        bus: bus, command: source.block(.spiCommand, of: UInt8.self, count: transferBytes),
        reply: source.block(.spiReply, of: UInt8.self, count: transferBytes)),
      notes: source.block(.notes, of: UInt8.self, count: SiftingBatch.noteBytes),
      slots: source.block(.slots, of: UInt32.self, count: SiftingBatch.eventsMax),
      choices: source.block(.words, of: UInt32.self, count: SiftingBatch.burstWords))
  }
}

extension BobEnd where Bus: ~Copyable {
  public init(bus: consuming Bus, from source: inout some StorageSource & ~Copyable) {
    self.init(
      fpga: BobFpga<Bus>(
        bus: bus, command: source.block(.spiCommand, of: UInt8.self, count: transferBytes),
        reply: source.block(.spiReply, of: UInt8.self, count: transferBytes)),
      storage: Storage(
        notes: source.block(.notes, of: UInt8.self, count: SiftingBatch.noteBytes),
        slots: source.block(.slots, of: UInt32.self, count: SiftingBatch.eventsMax),
        batchNotes: source.block(.batchNotes, of: UInt8.self, count: SiftingBatch.eventsMax),
        words: source.block(.words, of: UInt32.self, count: SiftingBatch.burstWords)),
      aligner: Aligner(
        pattern: source.block(.syncPattern, of: UInt64.self, count: SyncPattern.wordCount),
        memory: SearchMemory(
          clicks: source.block(.syncClicks, of: UInt32.self, count: SearchMemory.clicksMax),
          powers: source.block(.syncPowers, of: UInt16.self, count: SearchMemory.powersCount),
          positions: source.block(.syncPositions, of: UInt32.self, count: SearchMemory.positionsMax))))
  }
}
