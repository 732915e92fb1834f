import Authentication
import Estimation
import FixedStorage
import Ports
import Reconciliation
import Sifting
import Units
import Wire

extension Distiller {
  mutating func receiveAsBob(
    _ type: MessageType, _ payload: Span<UInt8>, _ store: inout SiftedStore, _ channel: inout BlockChannel
  ) throws(PayloadError) {
    var reader = ByteReader()
    switch (phase, type) {
    case (.comparingCounts, .closed):
      let counts = try IntensityCounts(from: payload, &reader)
      try reader.finish(payload)
      guard counts == summary.sifted else { return refuse(.countsDiffer, &channel) }
      guard siftedBits > 0 else { return refuse(.empty, &channel) }
      phase = .reconciling
    case (.awaitingParities, .parityReply):
      let number = try reader.take16(from: payload)
      guard Int(number) == tile else { throw .outOfRange }
      takeParities(payload.extracting(reader.offset..<payload.count), &channel)
    case (.awaitingHash, .confirm):
      let number = Int(try reader.take16(from: payload))
      var key: [4 of UInt64] = .init(repeating: 0)
      for i in 0..<4 { key[i] = try reader.take64(from: payload) }
      let value = try reader.take64(from: payload)
      try reader.finish(payload)
      guard number == tile else { throw .outOfRange }
      channel.charge(.confirmation(64), in: half)
      channel.charge(.outcome, in: half)
      judgeTile(key, value, &store, &channel)
    case (.awaitingVerdict, .length):
      let bits = Int(try reader.take32(from: payload))
      let bytes = Int(try reader.take16(from: payload))
      try reader.finish(payload)
      agree(on: bits, replenishing: bytes, &channel)
    case (.seeding, .seed):
      try takeSeedPart(payload, &reader, &channel)
    case (.amplifying, .tag):
      guard channel.verifyTag(payload, in: half) else { return refuse(.tagWrong, &channel) }
      peerTagIsRight = true
      sendTag(&channel)
    default:
      throw .outOfRange
    }
  }

  /// Opens the next tile or makes the next request of the open one.
  mutating func correctOneStep(
    _ store: inout SiftedStore, _ channel: inout BlockChannel, entropy: inout some EntropySource & ~Copyable
  ) {
    if !tileIsOpen {
      guard let seed = publicWord(from: &entropy) else { return refuse(.entropyLost, &channel) }
      tileSeed = seed
      openTile(store, seed: seed)
      return
    }
    storage.payload.clear()
    storage.payload.put16(UInt16(truncatingIfNeeded: tile))
    storage.payload.put64(tileSeed)
    switch storage.ask() {
    case .working: break
    case .ask:
      send(.parityRequest, discloses: .nothing, &channel)
      summary.roundTrips += 1
      phase = .awaitingParities
    case .finished: closeTile(&channel)
    case .failed: refuse(.notReconciled, &channel)
    }
  }

  private mutating func openTile(_ store: borrowing SiftedStore, seed: UInt64) {
    let first = tile * Self.tileBits / 64
    let bits = bits(ofTile: tile)
    let expected = qberOfTiles
    storage.corrector.begin(
      tile: store.key(half).extracting(first..<(first + Bits.words(for: bits))), bits: bits, seed: seed,
      schedule: CascadeSchedule(bits: bits, expectedQber: expected), disclosureMax: bits)
    tileIsOpen = true
  }

  private mutating func takeParities(_ reply: Span<UInt8>, _ channel: inout BlockChannel) {
    do throws(ReconciliationFault) {
      let disclosed = try storage.corrector.accept(reply)
      channel.charge(.parities(disclosed), in: half)
      phase = .reconciling
    } catch {
      refuse(.unexpectedMessage, &channel)
    }
  }

  /// Tells Alice that a tile is done, and what it cost by Bob's account.
  private mutating func closeTile(_ channel: inout BlockChannel) {
    storage.payload.clear()
    storage.payload.put16(UInt16(truncatingIfNeeded: tile))
    storage.payload.put64(channel.ledger(half).parityBits)
    send(.reconciled, discloses: .nothing, &channel)
    phase = .awaitingHash
  }

  /// Compares the hashes of a tile: equal, it is stored; different, it is reconciled anew.
  private mutating func judgeTile(
    _ key: [4 of UInt64], _ value: UInt64, _ store: inout SiftedStore, _ channel: inout BlockChannel
  ) {
    let bits = bits(ofTile: tile)
    let words = Bits.words(for: bits)
    tileIsOpen = false
    phase = .reconciling
    // Both hashes are public, and so is whether they are equal.
    guard hashOfCorrected(words, bits: bits, key: key) == value else {
      retries += 1
      if retries > Self.retriesMax { refuse(.notConfirmed, &channel) }
      return
    }
    let errors = countErrors(words, store)
    let first = tile * Self.tileBits / 64
    store.replace(storage.corrector.corrected.extracting(first: words), at: first, in: half)
    qberOfTiles = PartsPerMillion(UInt32(errors * 1_000_000 / UInt64(bits)))
    retries = 0
    tile += 1
    if tile == tileCount { tellCounts(&channel) }
  }

  private mutating func hashOfCorrected(_ words: Int, bits: Int, key: [4 of UInt64]) -> UInt64 {
    hash.start(key: ConfirmationKey(words: key))
    hash.absorb(storage.corrector.corrected.extracting(first: words), bits: bits)
    return hash.finish()
  }

  /// Counts the corrected bits of the open tile by intensity.
  private mutating func countErrors(_ words: Int, _ store: borrowing SiftedStore) -> UInt64 {
    let first = tile * Self.tileBits / 64
    var errors: UInt64 = 0
    for word in 0..<words {
      // The error pattern is public: the requests of reconciliation tell it.
      var changed = store.key(half)[first + word] ^ storage.corrector.corrected[word]
      while changed != 0 {
        let bit = (first + word) * 64 + changed.trailingZeroBitCount
        summary.errors[store.intensity(of: bit, in: half)] += 1
        errors += 1
        changed &= changed - 1
      }
    }
    return errors
  }

  /// Computes the length and tells Alice the counts that it follows from.
  private mutating func tellCounts(_ channel: inout BlockChannel) {
    guard !summary.axes.exceeds(plan.axisShareMax) else { return refuse(.axisBiased, &channel) }
    summary.ledger = channel.ledger(half)
    let result = keyLength()
    summary.result = result
    storage.payload.clear()
    summary.errors.write(into: &storage.payload)
    summary.cross.write(into: &storage.payload)
    storage.payload.put64(result.length)
    storage.payload.put64(summary.ledger.totalBits)
    send(.counts, discloses: .nothing, &channel)
    phase = .awaitingVerdict
  }

  private mutating func agree(on bits: Int, replenishing bytes: Int, _ channel: inout BlockChannel) {
    guard bits > 0 else { return refuse(.noLength, &channel) }
    guard let result = summary.result else { return refuse(.unexpectedMessage, &channel) }
    let own = Int(result.length)
    guard bits <= own, own - bits <= Self.lengthToleranceBits, bytes == min(Self.replenishBytes, bits / 8) else {
      return refuse(.accountsDiffer, &channel)
    }
    summary.finalBits = bits
    summary.replenishedBytes = bytes
    phase = .seeding
  }

  private mutating func takeSeedPart(
    _ payload: Span<UInt8>, _ reader: inout ByteReader, _ channel: inout BlockChannel
  ) throws(PayloadError) {
    let first = Int(try reader.take32(from: payload))
    guard first == seedWordsReady, payload.count > 4, (payload.count - 4) % 8 == 0 else { throw .outOfRange }
    let words = (payload.count - 4) / 8
    guard first + words <= seedWordsNeeded else { throw .tooLong }
    for i in 0..<words { storage.seed[first + i] = try reader.take64(from: payload) }
    seedWordsReady += words
    if seedWordsReady == seedWordsNeeded { phase = .amplifying }
  }
}
