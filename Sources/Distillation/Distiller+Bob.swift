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
    _ type: MessageType, _ payload: Span<UInt8>, _ channel: inout BlockChannel
  ) throws(PayloadError) {
    var reader = ByteReader()
    switch (phase, type) {
    case (.comparingCounts, .closed):
      let counts = try IntensityCounts(from: payload, &reader)
      try reader.finish(payload)
      guard counts == summary.sifted else { return refuse(.countsDiffer, &channel) }
      guard siftedBits > 0 else { return refuse(.empty, &channel) }
      beginLoading()
    case (.awaitingPermutation, .permutation):
      try takePermutation(payload, &reader)
    case (.loading, .loaded), (.awaitingPeerLoad, .loaded):
      try takePeerLoaded(payload, &channel)
    case (.comparingParities, .parities):
      try takeParities(ofGroups: payload, &reader, &channel)
    case (.comparingParities, .rejected):
      try takeRejected(payload, &reader, &channel)
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
      judgeTiles(key, value, &channel)
    case (.awaitingVerdict, .length):
      let bits = Int(try reader.take32(from: payload))
      let bytes = Int(try reader.take16(from: payload))
      try reader.finish(payload)
      agree(on: bits, replenishing: bytes, &channel)
    case (.amplifying, .seed):
      try takeSeedPart(payload, &reader)
    case (.amplifying, .tag):
      guard seedIsComplete else { throw .outOfRange }
      guard channel.verifyTag(payload, in: half) else { return refuse(.tagWrong, &channel) }
      peerTagIsRight = true
      sendTag(&channel)
    default:
      throw .outOfRange
    }
  }

  /// Opens the next tile or makes the next request of the open one.
  mutating func correctOneStep(_ channel: inout BlockChannel, entropy: inout some EntropySource & ~Copyable) {
    if !tileIsOpen {
      guard let seed = publicWord(from: &entropy) else { return refuse(.entropyLost, &channel) }
      tileSeed = seed
      openTile(seed: seed)
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

  private mutating func openTile(seed: UInt64) {
    let schedule = CascadeSchedule(bits: bits(ofTile: tile), expectedQber: qberOfTiles)
    storage.openCorrector(place(ofTile: tile), keepsAll: keepsAll, seed: seed, schedule: schedule)
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

  /// Puts the corrected tile aside. After the last one of a confirmation it tells Alice, with the cost as Bob counts.
  private mutating func closeTile(_ channel: inout BlockChannel) {
    let words = words(ofTile: tile).count
    let offset = (tile - unconfirmedTile) * Self.tileBits / 64
    for i in 0..<words { storage.strings.corrected[offset + i] = storage.corrector.corrected[i] }
    tileIsOpen = false
    guard endsConfirmation(tile) else {
      tile += 1
      return
    }
    storage.payload.clear()
    storage.payload.put16(UInt16(truncatingIfNeeded: tile))
    storage.payload.put64(channel.ledger(half).parityBits)
    send(.reconciled, discloses: .nothing, &channel)
    phase = .awaitingHash
  }

  /// Compares the hashes of the tiles: equal, they are stored; different, they are reconciled anew.
  private mutating func judgeTiles(_ key: [4 of UInt64], _ value: UInt64, _ channel: inout BlockChannel) {
    phase = .reconciling
    // Both hashes are public, and so is whether they are equal.
    guard hashOfCorrected(key: key) == value else {
      retries += 1
      tile = unconfirmedTile
      if retries > Self.retriesMax { refuse(.notConfirmed, &channel) }
      return
    }
    var errors: UInt64 = 0
    var bits = 0
    for number in unconfirmedTile...tile {
      errors += storeCorrected(number)
      bits += self.bits(ofTile: number)
    }
    summary.keptErrors += errors
    qberOfTiles = PartsPerMillion(UInt32(errors * 1_000_000 / UInt64(bits)))
    retries = 0
    tile += 1
    unconfirmedTile = tile
    guard tile == tileCount else { return }
    if keepsAll { tellCounts(&channel) } else { phase = .countingErrors }
  }

  private mutating func hashOfCorrected(key: [4 of UInt64]) -> UInt64 {
    hash.start(key: ConfirmationKey(words: key))
    for number in unconfirmedTile...tile {
      let first = (number - unconfirmedTile) * Self.tileBits / 64
      let words = first..<(first + words(ofTile: number).count)
      let bits = bits(ofTile: number)
      storage.absorbCorrected(words, bits: bits, into: &hash)
    }
    return hash.finish()
  }

  /// Counts the errors of a confirmed tile, notes where they were, and stores what is right. Returns their number.
  private mutating func storeCorrected(_ number: Int) -> UInt64 {
    let place = words(ofTile: number)
    let first = (number - unconfirmedTile) * Self.tileBits / 64
    var errors: UInt64 = 0
    if !keepsAll { noteErrors(ofTile: number) }
    for i in 0..<place.count {
      let right = storage.strings.corrected[first + i]
      // The error pattern is public: the requests of reconciliation tell it.
      let changed = keptKey[place.lowerBound + i] ^ right
      errors += UInt64(changed.nonzeroBitCount)
      if keepsAll {
        storage.strings.block[place.lowerBound + i] = right
        storage.strings.corrected[first + i] = changed
      } else {
        storage.strings.kept[place.lowerBound + i] = right
      }
    }
    if keepsAll { countErrors(ofTile: number) }
    return errors
  }

  /// Counts the errors of a tile of the permuted string by intensity; they stand where the corrected tile stood.
  private mutating func countErrors(ofTile number: Int) {
    var counts = summary.errors.triple
    storage.countErrors(at: place(ofTile: number), into: &counts)
    summary.errors = IntensityCounts(signal: counts[0], decoy: counts[1], vacuum: counts[2])
  }

  /// Computes the length and tells Alice the counts that it follows from.
  mutating func tellCounts(_ channel: inout BlockChannel) {
    guard !summary.axes.exceeds(plan.axisShareMax) else { return refuse(.axisBiased, &channel) }
    summary.ledger = channel.ledger(half)
    let result = keyLength()
    summary.result = result
    storage.payload.clear()
    summary.errors.write(into: &storage.payload)
    storage.payload.put32(UInt32(summary.keptErrors))
    summary.cross.write(into: &storage.payload)
    storage.payload.put64(UInt64(finalLength(of: result)))
    storage.payload.put64(summary.ledger.totalBits)
    send(.counts, discloses: .nothing, &channel)
    phase = .awaitingVerdict
  }

  private mutating func agree(on bits: Int, replenishing bytes: Int, _ channel: inout BlockChannel) {
    guard bits > 0 else { return refuse(.noLength, &channel) }
    guard let result = summary.result else { return refuse(.unexpectedMessage, &channel) }
    guard !leavesRow(result) else { return refuse(.rowLeft, &channel) }
    let own = finalLength(of: result)
    guard bits <= own, own - bits <= Self.lengthToleranceBits, bytes == min(Self.replenishBytes, bits / 8) else {
      return refuse(.accountsDiffer, &channel)
    }
    summary.finalBits = bits
    summary.replenishedBytes = bytes
    phase = .amplifying
  }
}
