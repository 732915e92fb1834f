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
      for i in 0..<4 { hashKey[i] = try reader.take64(from: payload) }
      peerHash = try reader.take64(from: payload)
      try reader.finish(payload)
      channel.charge(.confirmation(64), in: half)
      startHash()
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
    case .finished: closeTile(&store, &channel)
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

  /// Counts the corrected bits by intensity, stores the tile and goes on to the next, or to confirmation.
  private mutating func closeTile(_ store: inout SiftedStore, _ channel: inout BlockChannel) {
    let first = tile * Self.tileBits / 64
    let bits = bits(ofTile: tile)
    let words = Bits.words(for: bits)
    var errors: UInt64 = 0
    for word in 0..<words {
      let before = store.key(half)[first + word]
      // The error pattern is public: the requests of reconciliation tell it.
      var changed = before ^ storage.corrector.corrected[word]
      while changed != 0 {
        let bit = (first + word) * 64 + changed.trailingZeroBitCount
        summary.errors[store.intensity(of: bit, in: half)] += 1
        errors += 1
        changed &= changed - 1
      }
    }
    store.replace(storage.corrector.corrected.extracting(first: words), at: first, in: half)
    qberOfTiles = PartsPerMillion(UInt32(errors * 1_000_000 / UInt64(bits)))
    tileIsOpen = false
    tile += 1
    guard tile == tileCount else { return }
    storage.payload.clear()
    storage.payload.put16(UInt16(truncatingIfNeeded: tile))
    storage.payload.put64(channel.ledger(half).parityBits)
    send(.reconciled, discloses: .nothing, &channel)
    phase = .awaitingHash
  }

  /// Compares the hashes, computes the length and tells Alice the verdict.
  mutating func judge(_ value: UInt64, _ store: borrowing SiftedStore, _ channel: inout BlockChannel) {
    // Both hashes are public once the comparison is announced.
    guard value == peerHash else {
      channel.charge(.outcome, in: half)
      return refuse(.notConfirmed, &channel)
    }
    channel.charge(.outcome, in: half)
    summary.ledger = channel.ledger(half)
    let result = keyLength()
    summary.result = result
    storage.payload.clear()
    summary.errors.write(into: &storage.payload)
    summary.cross.write(into: &storage.payload)
    storage.payload.put64(result.length)
    storage.payload.put64(summary.ledger.totalBits)
    // The outcome was charged above, on both sides.
    send(.counts, discloses: .nothing, &channel)
    phase = .awaitingVerdict
  }

  private mutating func agree(on bits: Int, replenishing bytes: Int, _ channel: inout BlockChannel) {
    guard bits > 0 else { return refuse(.noLength, &channel) }
    guard let result = summary.result else { return refuse(.unexpectedMessage, &channel) }
    let own = Int(result.length)
    guard bits <= own, own - bits <= Self.lengthToleranceBits, 8 * bytes <= bits else {
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
    guard seedWordsReady == seedWordsNeeded else { return }
    sendTag(&channel)
    phase = .amplifying
  }
}
