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
      try takeReconciled(payload, &reader, &channel)
    case (.reconciling, .counts):
      guard answered.hashed > 0, answered.first + answered.hashed == tileCount else { throw .outOfRange }
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
    let family = try reader.take(from: payload)
    let place = try placeOfAsked(tile: number)
    storage.payload.clear()
    storage.payload.put16(UInt16(truncatingIfNeeded: number))
    let told =
      switch family {
      case RequestFamily.cascade: try answerCascade(payload, &reader, tile: number, place)
      case RequestFamily.syndrome: try answerSyndrome(payload, &reader, tile: number, place)
      default: throw .outOfRange
      }
    send(.parityReply, discloses: .parities(told), &channel)
  }

  /// The place of a tile in the batch that Bob works on. A batch is over when it was hashed and he asks beyond it.
  private mutating func placeOfAsked(tile number: Int) throws(PayloadError) -> Int {
    guard number < tileCount, number >= answered.first else { throw .outOfRange }
    if answered.hashed > 0, number >= answered.first + answered.hashed {
      let first = answered.first + answered.hashed
      answered = AnsweredBatch()
      answered.first = first
    }
    let place = number - answered.first
    guard place < TileBatch.tilesMax else { throw .outOfRange }
    return place
  }

  private mutating func answerCascade(
    _ payload: Span<UInt8>, _ reader: inout ByteReader, tile number: Int, _ place: Int
  ) throws(PayloadError) -> Int {
    let seed = try reader.take64(from: payload)
    if answered.openings[place] == 0 || answered.seeds[place] != seed {
      // Once at first, and once more after each hash that differed.
      guard answered.openings[place] <= Self.retriesMax else { throw .outOfRange }
      answered.openings[place] += 1
      answered.seeds[place] = seed
      storage.openReference(place, self.place(ofTile: number), keepsAll: keepsAll, seed: seed)
    }
    let request = payload.extracting(reader.offset..<payload.count)
    guard let told = storage.answer(place, request) else { throw .outOfRange }
    return told
  }

  private mutating func answerSyndrome(
    _ payload: Span<UInt8>, _ reader: inout ByteReader, tile number: Int, _ place: Int
  ) throws(PayloadError) -> Int {
    let tiles = Int(try reader.take(from: payload))
    let index = Int(try reader.take(from: payload))
    let lifting = SyndromeSchedule.liftingStep * Int(try reader.take(from: payload))
    let first = Int(try reader.take32(from: payload))
    let bits = SyndromeSchedule.step * Int(try reader.take16(from: payload))
    try reader.finish(payload)
    guard tiles >= 1, tiles <= SyndromeSchedule.tilesMax, place + tiles <= TileBatch.tilesMax,
      number + tiles <= tileCount
    else { throw .outOfRange }
    let tile = self.place(ofTile: number).lowerBound..<self.place(ofTile: number + tiles - 1).upperBound
    guard let code = TileCode(code: index, lifting: lifting, bits: tile.count),
      first % SyndromeSchedule.step == 0, bits > 0, bits <= Self.syndromePartBits,
      first <= code.syndromeBitsMax - bits, answered.told[place] + bits <= tile.count
    else { throw .outOfRange }
    answered.told[place] += bits
    storage.tell(SyndromePart(range: first..<(first + bits), code: code, tile: tile), keepsAll: keepsAll)
    return bits
  }

  private mutating func takeReconciled(
    _ payload: Span<UInt8>, _ reader: inout ByteReader, _ channel: inout BlockChannel
  ) throws(PayloadError) {
    let first = Int(try reader.take16(from: payload))
    let count = Int(try reader.take(from: payload))
    let groups = try reader.take16(from: payload)
    let disclosed = try reader.take64(from: payload)
    try reader.finish(payload)
    guard first == answered.first, count >= 1, count <= TileBatch.tilesMax, first + count <= tileCount,
      answered.hashed == 0 || answered.hashed == count, answered.rounds <= Self.retriesMax
    else { throw .outOfRange }
    let allGroups = UInt16(1) << UInt16((count - 1) / plan.tilesPerConfirmation + 1) - 1
    guard groups != 0, groups & ~allGroups == 0 else { throw .outOfRange }
    guard disclosed == channel.ledger(half).parityBits else { return refuse(.accountsDiffer, &channel) }
    answered.hashed = count
    answered.rounds += 1
    groupsToHash = groups
    phase = .hashing
  }

  /// Draws a public hash key and sends it with the hashes of the tiles that Bob has finished.
  mutating func sendHash(_ channel: inout BlockChannel, entropy: inout some EntropySource & ~Copyable) {
    var key: [4 of UInt64] = .init(repeating: 0)
    for i in 0..<4 {
      guard let word = publicWord(from: &entropy) else { return refuse(.entropyLost, &channel) }
      key[i] = word
    }
    storage.payload.clear()
    storage.payload.put16(UInt16(truncatingIfNeeded: answered.first))
    storage.payload.put16(groupsToHash)
    for i in 0..<4 { storage.payload.put64(key[i]) }
    for group in 0..<TileBatch.tilesMax where groupsToHash >> UInt16(group) & 1 == 1 {
      storage.payload.put64(hashOfGroup(group, key))
    }
    send(.confirm, discloses: .confirmation(64 * groupsToHash.nonzeroBitCount), &channel)
    // What Bob does next tells of each group whether it agreed.
    for _ in 0..<groupsToHash.nonzeroBitCount { channel.charge(.outcome, in: half) }
    phase = .reconciling
  }

  private mutating func hashOfGroup(_ group: Int, _ key: [4 of UInt64]) -> UInt64 {
    hash.start(key: ConfirmationKey(words: key))
    let first = group * plan.tilesPerConfirmation
    for place in first..<min(answered.hashed, first + plan.tilesPerConfirmation) {
      let number = answered.first + place
      let words = words(ofTile: number)
      let bits = bits(ofTile: number)
      let keepsAll = keepsAll
      storage.absorb(words, keepsAll: keepsAll, bits: bits, into: &hash)
    }
    return hash.finish()
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
