import AdvantageDistillation
import Controller
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
private struct DistillingEnd: ~Copyable {
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

  mutating func open() {
    // The same one-time words on both sides, as the authentication pool gives them.
    var words: [8 of UInt64] = .init(repeating: 0)
    var random = VectorRandom(seed: 5)
    for i in words.indices { words[i] = random.next() }
    var span = words.mutableSpan
    channel.open(.first, number: 1, words: &span, binding: SessionBinding())
    distiller.begin(.first, number: 1, store: store, &channel)
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

/// Blocks of 300 000 sifted bits through all stages of both ends: one per cent of errors, without advantage
/// and with that of pairs, which the two modules permute first.
func testDistillation(_ tally: inout Tally) {
  testDistillation(&tally, adBlock: 1, errorEvery: 100)
  testDistillation(&tally, adBlock: 2, errorEvery: 100)
}

private func testDistillation(_ tally: inout Tally, adBlock: UInt64, errorEvery: Int) {
  let bits = 300_000
  var configuration = LinkConfiguration()
  guard configuration.set(.plannedSifted, to: UInt64(bits)), configuration.set(.adBlock, to: adBlock) else {
    return tally.expect("plan of a block", false)
  }
  let plan = configuration.plan()
  var alice = DistillingEnd(.alice, plan: plan)
  var bob = DistillingEnd(.bob, plan: plan)
  fill(&alice, &bob, bits: bits, errorEvery: errorEvery)
  alice.open()
  bob.open()
  var toBob = MemoryPipe(mappedBlock(of: UInt8.self, count: 1 << 20))
  var toAlice = MemoryPipe(mappedBlock(of: UInt8.self, count: 1 << 20))
  var turns = 0
  while turns < 100_000, !hasEnded(alice.distiller.phase) || !hasEnded(bob.distiller.phase) {
    guard alice.turn(from: &toAlice, to: &toBob), bob.turn(from: &toBob, to: &toAlice) else {
      return tally.expect("distillation messages", false)
    }
    turns += 1
  }
  let summary = bob.distiller.summary
  tally.expect("distillation refusal of Alice", UInt64(alice.distiller.summary.refusal?.rawValue ?? 0xff), is: 0xff)
  tally.expect("distillation refusal of Bob", UInt64(summary.refusal?.rawValue ?? 0xff), is: 0xff)
  guard alice.distiller.phase == .finished, bob.distiller.phase == .finished else {
    return tally.expect("distillation finishes", false)
  }
  tally.expect("distillation errors found", summary.errors.total, is: UInt64((bits + errorEvery - 1) / errorEvery))
  tally.expect("distillation length", UInt64(alice.distiller.summary.finalBits), is: UInt64(summary.finalBits))
  tally.expect("distillation leaves key", summary.finalBits > 0)
  var differing: UInt64 = 0
  var ones = 0
  for i in bob.distiller.secretKey.indices {
    if alice.distiller.secretKey[i] != bob.distiller.secretKey[i] { differing += 1 }
    ones += bob.distiller.secretKey[i].nonzeroBitCount
  }
  tally.expect("distilled words that differ", differing, is: 0)
  tally.expect("the key is not constant", ones > summary.finalBits / 3 && ones < 2 * summary.finalBits / 3)
}

private func hasEnded(_ phase: DistillerPhase) -> Bool {
  switch phase {
  case .finished, .refused: true
  case .idle, .comparingCounts, .drawingPermutation, .awaitingPermutation, .loading, .awaitingPeerLoad,
    .comparingParities, .reconciling, .awaitingHash, .hashing, .countingErrors, .awaitingVerdict,
    .amplifying:
    false
  }
}

/// Sifted bits in the proportions of the planned intensities; every so many-th bit is wrong.
private func fill(_ alice: inout DistillingEnd, _ bob: inout DistillingEnd, bits: Int, errorEvery: Int) {
  var random = VectorRandom(seed: 12)
  for i in 0..<bits {
    let bit = UInt8(truncatingIfNeeded: random.next() & 1)
    let place = i % 1_001
    let intensity: Intensity = place < 924 ? .signal : place < 1_000 ? .decoy : .vacuum
    _ = alice.store.append(bit, intensity, to: .first)
    _ = bob.store.append(i % errorEvery == 0 ? bit ^ 1 : bit, intensity, to: .first)
  }
}
