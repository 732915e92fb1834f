import Authentication
import Estimation
import FixedStorage
public import Ports
import Reconciliation
import Sifting
import Units
import Wire

extension Distiller {
  /// Libraries of different machines may round the last bits of a logarithm differently; more is a disagreement.
  static var lengthToleranceBits: Int { 8 }
  static var seedWordsPerMessage: Int { 512 }

  mutating func receiveAsAlice(
    _ type: MessageType, _ payload: Span<UInt8>, _ store: inout SiftedStore, _ channel: inout BlockChannel
  ) throws(PayloadError) {
    var reader = ByteReader()
    switch (phase, type) {
    case (.comparingCounts, .close):
      let counts = try IntensityCounts(from: payload, &reader)
      try reader.finish(payload)
      guard counts == summary.sifted else { return refuse(.countsDiffer, &channel) }
      sendCounts(.closed, &channel)
      guard siftedBits > 0 else { return refuse(.empty, &channel) }
      phase = .reconciling
    case (.reconciling, .parityRequest):
      try answerParities(payload, &reader, store, &channel)
    case (.reconciling, .reconciled):
      let tiles = Int(try reader.take16(from: payload))
      let disclosed = try reader.take64(from: payload)
      try reader.finish(payload)
      guard tiles == tileCount, disclosed == channel.ledger(half).parityBits else {
        return refuse(.accountsDiffer, &channel)
      }
      phase = .awaitingHash
    case (.awaitingVerdict, .counts):
      try takeVerdict(payload, &reader, &channel)
    case (.amplifying, .tag):
      guard channel.verifyTag(payload, in: half) else { return refuse(.tagWrong, &channel) }
      peerTagIsRight = true
      sendTag(&channel)
    default:
      throw .outOfRange
    }
  }

  private mutating func answerParities(
    _ payload: Span<UInt8>, _ reader: inout ByteReader, _ store: borrowing SiftedStore,
    _ channel: inout BlockChannel
  ) throws(PayloadError) {
    let number = Int(try reader.take16(from: payload))
    let seed = try reader.take64(from: payload)
    if !tileIsOpen || number != tile {
      // Tiles come in order, so that none is opened twice and its parities asked for again.
      guard number == (tileIsOpen ? tile + 1 : 0), number < tileCount else { throw .outOfRange }
      openReference(number, store, seed: seed)
    }
    storage.payload.clear()
    storage.payload.put16(UInt16(truncatingIfNeeded: number))
    do throws(ReconciliationFault) {
      let request = payload.extracting(reader.offset..<payload.count)
      let disclosed = try storage.answer(request)
      send(.parityReply, discloses: .parities(disclosed), &channel)
    } catch {
      throw .outOfRange
    }
  }

  private mutating func openReference(_ number: Int, _ store: borrowing SiftedStore, seed: UInt64) {
    tile = number
    tileIsOpen = true
    let first = number * Self.tileBits / 64
    let bits = bits(ofTile: number)
    storage.reference.begin(
      tile: store.key(half).extracting(first..<(first + Bits.words(for: bits))), bits: bits, seed: seed,
      disclosureMax: bits)
  }

  /// Draws the public hash key once Bob is through; called by the owner, who has the entropy source.
  public mutating func drawHashKey(
    _ channel: inout BlockChannel, entropy: inout some EntropySource & ~Copyable
  ) {
    guard role == .alice, phase == .awaitingHash else { return }
    for i in 0..<4 {
      guard let word = publicWord(from: &entropy) else { return refuse(.entropyLost, &channel) }
      hashKey[i] = word
    }
    startHash()
  }

  mutating func sendHash(_ value: UInt64, _ channel: inout BlockChannel) {
    storage.payload.clear()
    for i in 0..<4 { storage.payload.put64(hashKey[i]) }
    storage.payload.put64(value)
    send(.confirm, discloses: .confirmation(64), &channel)
    phase = .awaitingVerdict
  }

  private mutating func takeVerdict(
    _ payload: Span<UInt8>, _ reader: inout ByteReader, _ channel: inout BlockChannel
  ) throws(PayloadError) {
    summary.errors = try IntensityCounts(from: payload, &reader)
    summary.cross = try IntensityCounts(from: payload, &reader)
    let peerLength = Int(clamping: try reader.take64(from: payload))
    let peerLeak = try reader.take64(from: payload)
    try reader.finish(payload)
    channel.charge(.outcome, in: half)
    summary.ledger = channel.ledger(half)
    let result = keyLength()
    summary.result = result
    let own = Int(result.length)
    guard peerLeak == summary.ledger.totalBits, abs(own - peerLength) <= Self.lengthToleranceBits else {
      return refuse(.accountsDiffer, &channel)
    }
    sendLength(min(own, peerLength), &channel)
  }

  private mutating func sendLength(_ bits: Int, _ channel: inout BlockChannel) {
    let bytes = min(Self.replenishBytes, bits / 8)
    storage.payload.clear()
    storage.payload.put32(UInt32(bits))
    storage.payload.put16(UInt16(bytes))
    send(.length, discloses: .nothing, &channel)
    guard bits > 0 else { return refuse(.noLength, &channel) }
    summary.finalBits = bits
    summary.replenishedBytes = bytes
    phase = .seeding
  }

  /// Draws and sends the next words of the Toeplitz seed.
  mutating func sendSeedPart(_ channel: inout BlockChannel, entropy: inout some EntropySource & ~Copyable) {
    let first = seedWordsReady
    let words = min(Self.seedWordsPerMessage, seedWordsNeeded - first)
    storage.payload.clear()
    storage.payload.put32(UInt32(first))
    for i in 0..<words {
      guard let word = publicWord(from: &entropy) else { return refuse(.entropyLost, &channel) }
      storage.seed[first + i] = word
      storage.payload.put64(word)
    }
    send(.seed, discloses: .nothing, &channel)
    seedWordsReady += words
    if seedWordsReady == seedWordsNeeded { phase = .amplifying }
  }

  /// A uniform word that will be public.
  func publicWord(from entropy: inout some EntropySource & ~Copyable) -> UInt64? {
    var bytes: [8 of UInt8] = .init(repeating: 0)
    var span = bytes.mutableSpan
    do throws(EntropyError) { try entropy.fill(&span) } catch { return nil }
    var word: UInt64 = 0
    for i in 0..<8 { word = word << 8 | UInt64(bytes[i]) }
    return word
  }
}
