import Authentication
import BinaryField
import Estimation
import FixedStorage
import Ports
import Reconciliation
import Sifting
import Units
import Wire

// Bob's side of reconciliation: a batch of tiles under way together.
extension Distiller {
  /// Opens the next batch or does one piece of work on one of its tiles; false when all wait for Alice.
  mutating func correctOneStep(
    _ channel: inout BlockChannel, entropy: inout some EntropySource & ~Copyable
  ) -> Bool {
    if batch.count == 0 {
      // The error rate of a session's first tile is only expected: it alone finds out.
      let count = qberIsMeasured ? min(TileBatch.tilesMax, tileCount - unconfirmedTile) : 1
      batch.begin(first: unconfirmedTile, count: count, groupTiles: plan.tilesPerConfirmation)
    }
    if batch.openGroups == 0 {
      storeNext(&channel)
      return true
    }
    if batch.isCorrected {
      askForHashes(&channel)
      return true
    }
    for _ in 0..<batch.count {
      let place = batch.turn
      batch.turn = (batch.turn + 1) % batch.count
      if work(on: place, &channel, entropy: &entropy) { return true }
    }
    return false
  }

  private mutating func work(
    on place: Int, _ channel: inout BlockChannel, entropy: inout some EntropySource & ~Copyable
  ) -> Bool {
    switch batch.tiles[place].stage {
    case .untouched: openTile(place, &channel, entropy: &entropy)
    case .asking: askParities(place, &channel)
    case .waiting, .corrected: return false
    }
    return true
  }

  private mutating func openTile(
    _ place: Int, _ channel: inout BlockChannel, entropy: inout some EntropySource & ~Copyable
  ) {
    guard let seed = publicWord(from: &entropy) else { return refuse(.entropyLost, &channel) }
    let tile = batch.first + place
    let schedule = CascadeSchedule(bits: bits(ofTile: tile), expectedQber: qberOfTiles)
    storage.openCorrector(place, self.place(ofTile: tile), keepsAll: keepsAll, seed: seed, schedule)
    batch.tiles[place].seed = seed
    batch.tiles[place].stage = .asking
  }

  // MARK: Asking

  /// The next request of a tile, unless it is through.
  private mutating func askParities(_ place: Int, _ channel: inout BlockChannel) {
    storage.payload.clear()
    storage.payload.put16(UInt16(truncatingIfNeeded: batch.first + place))
    storage.payload.put64(batch.tiles[place].seed)
    switch storage.ask(place) {
    case .working: break
    case .ask:
      send(.parityRequest, discloses: .nothing, &channel)
      batch.tiles[place].exchanges += 1
      batch.tiles[place].stage = .waiting
    case .finished: closeTile(place)
    case .failed: refuse(.notReconciled, &channel)
    }
  }

  /// Takes Alice's answer about one tile.
  mutating func takeParityReply(
    _ payload: Span<UInt8>, _ reader: inout ByteReader, _ channel: inout BlockChannel
  ) throws(PayloadError) {
    let number = Int(try reader.take16(from: payload))
    guard let place = batch.place(of: number) else { throw .outOfRange }
    let reply = payload.extracting(reader.offset..<payload.count)
    guard batch.tiles[place].stage == .waiting, let disclosed = storage.takeParities(place, reply) else {
      throw .outOfRange
    }
    channel.charge(.parities(disclosed), in: half)
    batch.tiles[place].stage = .asking
  }

  /// Puts the corrected tile aside.
  private mutating func closeTile(_ place: Int) {
    storage.putAside(place, words: words(ofTile: batch.first + place).count)
    batch.tiles[place].stage = .corrected
  }

  // MARK: Confirmation

  /// Tells Alice which tiles to hash, with the cost as Bob counts.
  private mutating func askForHashes(_ channel: inout BlockChannel) {
    storage.payload.clear()
    storage.payload.put16(UInt16(truncatingIfNeeded: batch.first))
    storage.payload.put(UInt8(truncatingIfNeeded: batch.count))
    storage.payload.put16(batch.openGroups)
    storage.payload.put64(channel.ledger(half).parityBits)
    send(.reconciled, discloses: .nothing, &channel)
    phase = .awaitingHash
  }

  /// Compares the hashes of the batch: groups that agree are stored, the others are reconciled anew.
  mutating func judgeTiles(
    _ payload: Span<UInt8>, _ reader: inout ByteReader, _ channel: inout BlockChannel
  ) throws(PayloadError) {
    let first = Int(try reader.take16(from: payload))
    let groups = try reader.take16(from: payload)
    var key: [4 of UInt64] = .init(repeating: 0)
    for i in 0..<4 { key[i] = try reader.take64(from: payload) }
    guard first == batch.first, groups == batch.openGroups else { throw .outOfRange }
    guard payload.count - reader.offset == 8 * groups.nonzeroBitCount else { throw .tooLong }
    for group in 0..<TileBatch.tilesMax where groups >> UInt16(group) & 1 == 1 {
      let value = try reader.take64(from: payload)
      channel.charge(.confirmation(64), in: half)
      channel.charge(.outcome, in: half)
      judge(group, key, value)
    }
    try reader.finish(payload)
    phase = .reconciling
    batch.rounds += 1
    if batch.openGroups != 0, batch.rounds > Self.retriesMax { refuse(.notConfirmed, &channel) }
  }

  private mutating func judge(_ group: Int, _ key: [4 of UInt64], _ value: UInt64) {
    let places = batch.places(ofGroup: group, of: plan.tilesPerConfirmation)
    hash.start(key: ConfirmationKey(words: key))
    for place in places {
      let first = place * Self.tileBits / 64
      let number = batch.first + place
      let words = first..<(first + words(ofTile: number).count)
      let bits = bits(ofTile: number)
      storage.absorbCorrected(words, bits: bits, into: &hash)
    }
    // Both hashes are public, and so is whether they are equal.
    guard hash.finish() == value else {
      for place in places {
        batch.tiles[place].stage = .untouched
      }
      return
    }
    batch.openGroups &= ~(1 << UInt16(group))
  }

  /// Stores the next tile of a batch that is confirmed: in order, because errors are noted in order.
  private mutating func storeNext(_ channel: inout BlockChannel) {
    batch.errors += storeCorrected(batch.stored)
    batch.stored += 1
    if batch.stored == batch.count { closeBatch(&channel) }
  }

  /// After the last group: what the batch tells about the error rate, and the next batch or the counts.
  private mutating func closeBatch(_ channel: inout BlockChannel) {
    let end = batch.first + batch.count
    let bits = place(ofTile: end - 1).upperBound - place(ofTile: batch.first).lowerBound
    summary.keptErrors += batch.errors
    qberOfTiles = PartsPerMillion(UInt32(batch.errors * 1_000_000 / UInt64(bits)))
    qberIsMeasured = true
    summary.roundTrips += batch.exchanges + batch.rounds
    unconfirmedTile = end
    batch = TileBatch()
    guard end == tileCount else { return }
    if keepsAll { tellCounts(&channel) } else { phase = .countingErrors }
  }

  /// Counts the errors of a confirmed tile, notes where they were, and stores what is right. Returns their number.
  private mutating func storeCorrected(_ batchPlace: Int) -> UInt64 {
    let number = batch.first + batchPlace
    let place = words(ofTile: number)
    let first = batchPlace * Self.tileBits / 64
    var errors: UInt64 = 0
    if !keepsAll { noteErrors(ofTile: number) }
    for i in 0..<place.count {
      let right = storage.strings.corrected[first + i]
      // The error pattern is public: the requests tell it, and no key depends on its secrecy.
      let changed = keptKey[place.lowerBound + i] ^ right
      errors += UInt64(changed.nonzeroBitCount)
      if keepsAll {
        storage.strings.block[place.lowerBound + i] = right
        // The errors of one tile stand where the first tile stood, which was stored before.
        storage.strings.corrected[i] = changed
      } else {
        storage.strings.kept[place.lowerBound + i] = right
      }
    }
    if keepsAll { countErrors(ofTile: number) }
    return errors
  }

  /// Counts the errors of a tile of the permuted string by intensity.
  private mutating func countErrors(ofTile number: Int) {
    var counts = summary.errors.triple
    storage.countErrors(at: place(ofTile: number), into: &counts)
    summary.errors = IntensityCounts(signal: counts[0], decoy: counts[1], vacuum: counts[2])
  }
}
