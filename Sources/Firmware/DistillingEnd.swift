import AdvantageDistillation
import Distillation
import FixedStorage
import Ports
import PrivacyAmplification
import Reconciliation
import Sifting
import Units
import Wire

/// Memory for blocks of up to 2^20 sifted bits.
private var storePages: Int { 32 }
private var stringWords: Int { (1 << 20) / 64 }

/// One end of the distillation of one block, without optics.
struct DistillingEnd: ~Copyable {
  var store: SiftedStore
  var channel: BlockChannel
  var inbox: Inbox
  var distiller: Distiller
  var entropy: VectorEntropy

  init(_ role: Role, plan: DistillationPlan) {
    store = SiftedStore(
      pages: mappedBlock(of: UInt64.self, count: storePages * SiftedStore.pageWords),
      links: mappedBlock(of: UInt16.self, count: storePages))
    channel = BlockChannel(
      role: role, outbox: Outbox(storage: mappedBlock(of: UInt8.self, count: Outbox.capacityBytes)))
    inbox = Inbox(storage: mappedBlock(of: UInt8.self, count: Inbox.capacityBytes))
    distiller = Distiller(role: role, plan: plan, storage: Self.storage())
    entropy = VectorEntropy(seed: 77 + UInt64(role.rawValue))
  }

  private static func tileStorage() -> TileStorage {
    TileStorage(
      references: .init { _ in
        ParityReference(
          words: mappedBlock(of: UInt64.self, count: ParityReference.wordCount))
      },
      correctors: .init { _ in
        Corrector(
          words: mappedBlock(of: UInt64.self, count: Corrector.wordCount),
          asked: mappedBlock(of: UInt32.self, count: Corrector.askedCount))
      },
      encoder: SyndromeEncoder(words: mappedBlock(of: UInt64.self, count: SyndromeEncoder.wordCount)),
      decoder: SyndromeDecoder(
        messages: mappedBlock(of: Int8.self, count: SyndromeDecoder.byteCount),
        words: mappedBlock(of: UInt64.self, count: SyndromeDecoder.wordCount)),
      syndromes: mappedBlock(of: UInt64.self, count: TileStorage.syndromeWords))
  }

  private static func storage() -> Distiller.Storage {
    Distiller.Storage(
      stages: Distiller.StageStorage(
        tiles: tileStorage(),
        accumulator: ToeplitzAccumulator(
          sums: mappedBlock(of: UInt64.self, count: ToeplitzAccumulator.sumsWords),
          arena: mappedBlock(of: UInt64.self, count: ToeplitzAccumulator.arenaWords))),
      permutation: BlockPermutation(
        bins: mappedBlock(of: UInt32.self, count: BlockPermutation.binWords),
        labels: mappedBlock(of: UInt8.self, count: BlockPermutation.labelBytes)),
      strings: Distiller.StringStorage(
        block: mappedBlock(of: UInt64.self, count: stringWords),
        kept: mappedBlock(of: UInt64.self, count: stringWords),
        corrected: mappedBlock(of: UInt64.self, count: Distiller.correctedWords)),
      keys: Distiller.KeyStorage(
        seed: mappedBlock(of: UInt64.self, count: Distiller.seedWords),
        output: mappedBlock(of: UInt64.self, count: Distiller.outputWords)),
      payload: PayloadBuffer(storage: mappedBlock(of: UInt8.self, count: PayloadBuffer.capacityBytes)))
  }

  /// The block made a key, or was given up.
  var isOver: Bool { distiller.phase == .finished || distiller.phase == .refused }

  /// Begins the block that was sifted.
  mutating func open() {
    // The same one-time words on both sides, as the authentication pool gives them.
    var words: [8 of UInt64] = .init(repeating: 0)
    var random = VectorRandom(seed: 5)
    for i in words.indices { words[i] = random.next() }
    var span = words.mutableSpan
    channel.open(.first, number: 1, words: &span, binding: SessionBinding())
    distiller.begin(.first, number: 1, store: store, &channel)
  }

  /// Forgets the block, so that another may begin.
  mutating func close() {
    store.wipe(.first)
    channel.closeAll()
    distiller.release()
  }

  /// Takes in what has arrived, works, and sends.
  mutating func turn(from incoming: inout MemoryPipe, to outgoing: inout MemoryPipe) -> Bool {
    do throws(LinkError) { try inbox.fill(from: &incoming) } catch { return false }
    do throws(WireFault) {
      while let header = try inbox.next() {
        receive(header)
        inbox.drop()
      }
    } catch {
      return false
    }
    for _ in 0..<64 where distiller.step(store: &store, &channel, entropy: &entropy) {}
    do throws(LinkError) { try channel.flush(to: &outgoing) } catch { return false }
    return true
  }

  /// Takes one message or does one piece of work, and sends; false when it has to wait.
  mutating func act(from incoming: inout MemoryPipe, to outgoing: inout MemoryPipe) -> Bool {
    do throws(LinkError) { try inbox.fill(from: &incoming) } catch { return false }
    var acted = true
    do throws(WireFault) {
      if let header = try inbox.next() {
        receive(header)
        inbox.drop()
      } else {
        acted = distiller.step(store: &store, &channel, entropy: &entropy)
      }
    } catch {
      return false
    }
    do throws(LinkError) { try channel.flush(to: &outgoing) } catch { return false }
    return acted
  }

  private mutating func receive(_ header: FrameHeader) {
    Self.receive(header, inbox, &distiller, &channel)
  }

  // Static, because the compiler tracks fields of `self` apart only as separate arguments.
  private static func receive(
    _ header: FrameHeader, _ inbox: borrowing Inbox, _ distiller: inout Distiller, _ channel: inout BlockChannel
  ) {
    if header.type != .tag { channel.heard(header, payload: inbox.payload, in: .first) }
    distiller.receive(header.type, inbox.payload, &channel)
  }
}
