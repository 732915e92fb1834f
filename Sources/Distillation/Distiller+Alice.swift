import Authentication
import Estimation
import FixedStorage
import Ports
import PrivacyAmplification
import Reconciliation
import Sifting
import Units
import Wire

extension Distiller {
  /// The length that is used: at most what the accumulator holds. A shorter key than allowed is as secret.
  func finalLength(of result: KeyLengthResult) -> Int {
    Int(min(result.length, UInt64(ToeplitzAccumulator.outputBitsMax)))
  }

  /// Whether the single-photon error rate may be beyond what the settings were made for.
  func leavesRow(_ result: KeyLengthResult) -> Bool { result.qberUpper > plan.edge.value }

  /// Libraries of different machines may round the last bits of a logarithm differently; more is a disagreement.
  static var lengthToleranceBits: Int { 8 }

  mutating func receiveAsAlice(
    _ type: MessageType, _ payload: Span<UInt8>, _ channel: inout BlockChannel
  ) throws(PayloadError) {
    var reader = ByteReader()
    switch (phase, type) {
    case (.comparingCounts, .close):
      let counts = try IntensityCounts(from: payload, &reader)
      try reader.finish(payload)
      guard counts == summary.sifted else { return refuse(.countsDiffer, &channel) }
      sendCounts(.closed, &channel)
      guard siftedBits > 0 else { return refuse(.empty, &channel) }
      beginLoading()
    case (.loading, .loaded), (.awaitingPeerLoad, .loaded):
      try takePeerLoaded(payload, &channel)
    case (.comparingParities, .accepted):
      try takeAccepted(payload, &reader, &channel)
    case (.reconciling, .parityRequest):
      try answerParities(payload, &reader, &channel)
    case (.reconciling, .reconciled):
      let number = Int(try reader.take16(from: payload))
      let disclosed = try reader.take64(from: payload)
      try reader.finish(payload)
      guard tileIsOpen, !tileIsHashed, number == tile, endsConfirmation(tile) else { throw .outOfRange }
      guard disclosed == channel.ledger(half).parityBits else { return refuse(.accountsDiffer, &channel) }
      phase = .hashing
    case (.reconciling, .counts):
      guard tileIsHashed, tile == tileCount - 1 else { throw .outOfRange }
      try takeVerdict(payload, &reader, &channel)
    case (.amplifying, .seedTaken):
      try takeSeedTaken(payload, &reader)
    case (.amplifying, .tag):
      // Bob tags only what he has accepted, which is after Alice's tag.
      guard tagIsSent else { throw .outOfRange }
      guard channel.verifyTag(payload, in: half) else { return refuse(.tagWrong, &channel) }
      peerTagIsRight = true
    default:
      throw .outOfRange
    }
  }

  private mutating func answerParities(
    _ payload: Span<UInt8>, _ reader: inout ByteReader, _ channel: inout BlockChannel
  ) throws(PayloadError) {
    let number = Int(try reader.take16(from: payload))
    let seed = try reader.take64(from: payload)
    if !tileIsOpen || tileIsHashed || number != tile { try openNext(number, seed: seed) }
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

  /// After a hash either the next tile comes, or the tiles of that hash come again, a few times; before it the next
  /// tile that the hash will cover. Tiles never go back otherwise.
  private mutating func openNext(_ number: Int, seed: UInt64) throws(PayloadError) {
    guard number < tileCount else { throw .outOfRange }
    if !tileIsOpen {
      guard number == 0 else { throw .outOfRange }
    } else if !tileIsHashed {
      guard number == tile + 1, !endsConfirmation(tile) else { throw .outOfRange }
    } else if number == tile + 1 {
      unconfirmedTile = number
      retries = 0
    } else {
      guard number == unconfirmedTile, retries < Self.retriesMax else { throw .outOfRange }
      retries += 1
    }
    tile = number
    tileIsOpen = true
    tileIsHashed = false
    storage.openReference(place(ofTile: number), keepsAll: keepsAll, seed: seed)
  }

  /// Draws a public hash key and sends it with the hash of the tiles that Bob has finished.
  mutating func sendHash(_ channel: inout BlockChannel, entropy: inout some EntropySource & ~Copyable) {
    var key: [4 of UInt64] = .init(repeating: 0)
    for i in 0..<4 {
      guard let word = publicWord(from: &entropy) else { return refuse(.entropyLost, &channel) }
      key[i] = word
    }
    hash.start(key: ConfirmationKey(words: key))
    for number in unconfirmedTile...tile {
      let words = words(ofTile: number)
      let bits = bits(ofTile: number)
      let keepsAll = keepsAll
      storage.absorb(words, keepsAll: keepsAll, bits: bits, into: &hash)
    }
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
    summary.keptErrors = UInt64(try reader.take32(from: payload))
    summary.cross = try IntensityCounts(from: payload, &reader)
    guard errorsAreTold(withinReason: summary) else { return refuse(.accountsDiffer, &channel) }
    let peerLength = Int(clamping: try reader.take64(from: payload))
    let peerLeak = try reader.take64(from: payload)
    try reader.finish(payload)
    summary.ledger = channel.ledger(half)
    let result = keyLength()
    summary.result = result
    let own = finalLength(of: result)
    guard peerLeak == summary.ledger.totalBits, abs(own - peerLength) <= Self.lengthToleranceBits else {
      return refuse(.accountsDiffer, &channel)
    }
    guard result.refusal != nil || !leavesRow(result) else { return refuse(.rowLeft, &channel) }
    sendLength(min(own, peerLength), &channel)
  }

  /// No more errors than bits, of each intensity and among what was kept, and no more there than in all.
  private func errorsAreTold(withinReason summary: BlockSummary) -> Bool {
    let sifted = summary.sifted.triple
    let errors = summary.errors.triple
    for k in 0..<3 where errors[k] > sifted[k] { return false }
    let heaviest = summary.keptErrors * UInt64(plan.adBlock)
    return summary.keptErrors <= UInt64(keptBits) && heaviest <= summary.errors.total
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
    phase = .amplifying
  }
}
