import Authentication
import Estimation
import FixedStorage
import Ports
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
      let number = Int(try reader.take16(from: payload))
      let disclosed = try reader.take64(from: payload)
      try reader.finish(payload)
      guard tileIsOpen, !tileIsHashed, number == tile else { throw .outOfRange }
      guard disclosed == channel.ledger(half).parityBits else { return refuse(.accountsDiffer, &channel) }
      phase = .hashing
    case (.reconciling, .counts):
      guard tileIsHashed, tile == tileCount - 1 else { throw .outOfRange }
      try takeVerdict(payload, &reader, &channel)
    case (.amplifying, .tag):
      // Bob tags only what he has accepted.
      guard channel.verifyTag(payload, in: half) else { return refuse(.tagWrong, &channel) }
      peerTagIsRight = true
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
    if !tileIsOpen || tileIsHashed {
      try openNext(number, store, seed: seed)
    } else {
      guard number == tile else { throw .outOfRange }
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

  /// After a hash either the next tile comes or the same one again, a few times. Tiles never go back.
  private mutating func openNext(
    _ number: Int, _ store: borrowing SiftedStore, seed: UInt64
  ) throws(PayloadError) {
    let isRetry = tileIsHashed && number == tile
    guard number < tileCount, isRetry || number == (tileIsHashed ? tile + 1 : 0) else { throw .outOfRange }
    guard !isRetry || retries < Self.retriesMax else { throw .outOfRange }
    retries = isRetry ? retries + 1 : 0
    openReference(number, store, seed: seed)
  }

  private mutating func openReference(_ number: Int, _ store: borrowing SiftedStore, seed: UInt64) {
    tile = number
    tileIsOpen = true
    tileIsHashed = false
    let first = number * Self.tileBits / 64
    let bits = bits(ofTile: number)
    storage.reference.begin(
      tile: store.key(half).extracting(first..<(first + Bits.words(for: bits))), bits: bits, seed: seed,
      disclosureMax: bits)
  }

  /// Draws a public hash key and sends it with the hash of the tile that Bob has finished.
  mutating func sendHash(
    _ store: borrowing SiftedStore, _ channel: inout BlockChannel, entropy: inout some EntropySource & ~Copyable
  ) {
    var key: [4 of UInt64] = .init(repeating: 0)
    for i in 0..<4 {
      guard let word = publicWord(from: &entropy) else { return refuse(.entropyLost, &channel) }
      key[i] = word
    }
    let first = tile * Self.tileBits / 64
    let bits = bits(ofTile: tile)
    let words = first..<(first + Bits.words(for: bits))
    hash.start(key: ConfirmationKey(words: key))
    hash.absorb(store.key(half).extracting(words), bits: bits)
    let value = hash.finish()
    storage.payload.clear()
    storage.payload.put16(UInt16(tile))
    for i in 0..<4 { storage.payload.put64(key[i]) }
    storage.payload.put64(value)
    send(.confirm, discloses: .confirmation(64), &channel)
    // What Bob does next tells whether the tiles agreed.
    channel.charge(.outcome, in: half)
    tileIsHashed = true
    phase = .reconciling
  }

  private mutating func takeVerdict(
    _ payload: Span<UInt8>, _ reader: inout ByteReader, _ channel: inout BlockChannel
  ) throws(PayloadError) {
    summary.errors = try IntensityCounts(from: payload, &reader)
    summary.cross = try IntensityCounts(from: payload, &reader)
    let peerLength = Int(clamping: try reader.take64(from: payload))
    let peerLeak = try reader.take64(from: payload)
    try reader.finish(payload)
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
    guard seedWordsReady == seedWordsNeeded else { return }
    sendTag(&channel)
    phase = .amplifying
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
