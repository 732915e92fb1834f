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
  /// Bits of one piece of a syndrome, a multiple of 32 that fits a message.
  static var syndromePartBits: Int { 32_000 }

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
    case .asking:
      if batch.tiles[place].code == nil {
        askParities(place, &channel)
      } else {
        askSyndrome(place, &channel)
      }
    case .complete:
      guard decoding == nil else { return false }
      beginDecoding(place)
    case .decoding: decodeOneStep(place, &channel, entropy: &entropy)
    case .waiting, .joined, .corrected: return false
    }
    return true
  }

  /// Chooses how the tile is reconciled, and with how many of those behind it.
  private mutating func openTile(
    _ place: Int, _ channel: inout BlockChannel, entropy: inout some EntropySource & ~Copyable
  ) {
    var tiles = 1
    while tiles < SyndromeSchedule.tilesMax, place + tiles < batch.count, mayJoin(place + tiles) { tiles += 1 }
    guard plan.reconciliation == .fewestExchanges, !batch.tiles[place].isRetried,
      let start = SyndromeSchedule.start(
        bits: bits(fromPlace: place, tiles: tiles).count, qber: qberOfTiles, errorsSeen: errorsSeen)
    else { return openCascade(place, &channel, entropy: &entropy) }
    for joined in place + 1..<place + tiles { batch.tiles[joined].stage = .joined }
    batch.tiles[place].code = start.code
    batch.tiles[place].tiles = tiles
    batch.tiles[place].wanted = start.syndromeBits
    batch.tiles[place].stage = .asking
  }

  private func mayJoin(_ place: Int) -> Bool {
    batch.tiles[place].stage == .untouched && !batch.tiles[place].isRetried
  }

  /// Bits of the tiles from one of the batch on.
  private func bits(fromPlace place: Int, tiles: Int) -> Range<Int> {
    let first = batch.first + place
    return self.place(ofTile: first).lowerBound..<self.place(ofTile: first + tiles - 1).upperBound
  }

  private func schedule(ofPlace place: Int, qber: PartsPerMillion) -> CascadeSchedule {
    CascadeSchedule(
      bits: bits(ofTile: batch.first + place), expectedQber: qber,
      sparesExchanges: plan.reconciliation == .fewestExchanges)
  }

  private mutating func openCascade(
    _ place: Int, _ channel: inout BlockChannel, entropy: inout some EntropySource & ~Copyable
  ) {
    guard let seed = publicWord(from: &entropy) else { return refuse(.entropyLost, &channel) }
    let tile = batch.first + place
    let schedule = schedule(ofPlace: place, qber: qberOfTiles)
    storage.openCorrector(place, self.place(ofTile: tile), keepsAll: keepsAll, seed: seed, schedule)
    batch.tiles[place].code = nil
    batch.tiles[place].seed = seed
    batch.tiles[place].stage = .asking
  }

  // MARK: Asking

  private mutating func compose(_ family: UInt8, for place: Int) {
    storage.payload.clear()
    storage.payload.put16(UInt16(truncatingIfNeeded: batch.first + place))
    storage.payload.put(family)
  }

  /// Cascade: the next request of a tile, unless it is through.
  private mutating func askParities(_ place: Int, _ channel: inout BlockChannel) {
    compose(RequestFamily.cascade, for: place)
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

  /// The next piece of a syndrome. Pieces follow one another without a reply between them.
  private mutating func askSyndrome(_ place: Int, _ channel: inout BlockChannel) {
    guard let code = batch.tiles[place].code else { return }
    let asked = batch.tiles[place].asked
    let bits = min(Self.syndromePartBits, batch.tiles[place].wanted - asked)
    compose(RequestFamily.syndrome, for: place)
    storage.payload.put(UInt8(truncatingIfNeeded: batch.tiles[place].tiles))
    storage.payload.put(UInt8(truncatingIfNeeded: code.code))
    storage.payload.put(UInt8(truncatingIfNeeded: code.lifting / SyndromeSchedule.liftingStep))
    storage.payload.put32(UInt32(truncatingIfNeeded: asked))
    storage.payload.put16(UInt16(truncatingIfNeeded: bits / SyndromeSchedule.step))
    send(.parityRequest, discloses: .nothing, &channel)
    batch.tiles[place].asked += bits
    guard batch.tiles[place].asked == batch.tiles[place].wanted else { return }
    batch.tiles[place].exchanges += 1
    batch.tiles[place].stage = .waiting
  }

  /// Takes Alice's answer about one tile.
  mutating func takeParityReply(
    _ payload: Span<UInt8>, _ reader: inout ByteReader, _ channel: inout BlockChannel
  ) throws(PayloadError) {
    let number = Int(try reader.take16(from: payload))
    guard let place = batch.place(of: number) else { throw .outOfRange }
    let reply = payload.extracting(reader.offset..<payload.count)
    guard batch.tiles[place].code == nil else { return try takeSyndrome(reply, of: place, &channel) }
    guard batch.tiles[place].stage == .waiting, let disclosed = storage.takeParities(place, reply) else {
      throw .outOfRange
    }
    channel.charge(.parities(disclosed), in: half)
    batch.tiles[place].parities += disclosed
    batch.tiles[place].stage = .asking
  }

  private mutating func takeSyndrome(
    _ reply: Span<UInt8>, of place: Int, _ channel: inout BlockChannel
  ) throws(PayloadError) {
    // A top-up begins where the piece before it ended, so that pieces are as they were asked for.
    let bits = min(Self.syndromePartBits, batch.tiles[place].asked - batch.tiles[place].held)
    guard bits > 0, 8 * reply.count == bits else { throw .outOfRange }
    storage.tiles.store(reply, ofPlace: place, behind: batch.tiles[place].held)
    channel.charge(.parities(bits), in: half)
    batch.tiles[place].parities += bits
    batch.tiles[place].held += bits
    if batch.tiles[place].held == batch.tiles[place].wanted { batch.tiles[place].stage = .complete }
  }

  // MARK: Decoding

  private mutating func beginDecoding(_ place: Int) {
    guard let code = batch.tiles[place].code else { return }
    let progress = batch.tiles[place]
    if progress.topUps == 0 || decoded != place {
      let tile = DecodedTile(
        bits: bits(fromPlace: place, tiles: progress.tiles), code: code, qber: qberOfTiles, syndromeBits: progress.held)
      storage.openDecoder(place, tile, keepsAll: keepsAll)
    } else {
      storage.resumeDecoder(place, syndromeBits: progress.held)
    }
    batch.tiles[place].stage = .decoding
    decoding = place
    decoded = place
  }

  private mutating func decodeOneStep(
    _ place: Int, _ channel: inout BlockChannel, entropy: inout some EntropySource & ~Copyable
  ) {
    switch storage.tiles.decoder.step() {
    case .working: return
    case .decoded:
      putAsideDecoded(place)
      for joined in place..<place + batch.tiles[place].tiles { batch.tiles[joined].stage = .corrected }
    case .stuck(let contradicted):
      let progress = batch.tiles[place]
      guard let code = progress.code else { return }
      if let more = SyndromeSchedule.more(after: progress.held, topUps: progress.topUps, of: code) {
        batch.tiles[place].topUps += 1
        batch.tiles[place].wanted = more
        batch.tiles[place].stage = .asking
      } else {
        fallBack(from: place, code, contradicted: contradicted, &channel, entropy: &entropy)
      }
    }
    decoding = nil
  }

  /// Cascade takes over, where it can from what the decoder found.
  private mutating func fallBack(
    from place: Int, _ code: TileCode, contradicted: Int, _ channel: inout BlockChannel,
    entropy: inout some EntropySource & ~Copyable
  ) {
    let qber = SyndromeSchedule.qber(ofStuck: code, contradicted: contradicted)
    if qber != nil {
      _ = storage.tiles.decoder.flipDoubtful()
      putAsideDecoded(place)
    }
    let exchanges = batch.tiles[place].exchanges
    for tile in place..<place + batch.tiles[place].tiles {
      openCascade(tile, &channel, entropy: &entropy)
      batch.tiles[tile].exchanges = exchanges
      guard let qber else { continue }
      let bits = bits(ofTile: batch.first + tile)
      let schedule = schedule(ofPlace: tile, qber: qber)
      storage.openCorrector(ofDecoded: tile, bits: bits, seed: batch.tiles[tile].seed, schedule)
    }
  }

  /// Puts the tiles that the decoder holds aside, each at its own place.
  private mutating func putAsideDecoded(_ place: Int) {
    let start = words(ofTile: batch.first + place).lowerBound
    for tile in place..<place + batch.tiles[place].tiles {
      let words = words(ofTile: batch.first + tile)
      storage.putAsideDecoded(tile, words: words.lowerBound - start..<words.upperBound - start)
    }
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
      for place in places { batch.tiles[place].retry() }
      return
    }
    batch.openGroups &= ~(1 << UInt16(group))
  }

  /// Stores the next tile of a batch that is confirmed: in order, because errors are noted in order.
  private mutating func storeNext(_ channel: inout BlockChannel) {
    let errors = storeCorrected(batch.stored)
    batch.errors += errors
    batch.tiles[batch.stored].errors = Int(errors)
    batch.stored += 1
    if batch.stored == batch.count { closeBatch(&channel) }
  }

  /// After the last group: what the batch tells about the error rate, and the next batch or the counts.
  private mutating func closeBatch(_ channel: inout BlockChannel) {
    guard accountsAreCredible() else { return refuse(.accountsDiffer, &channel) }
    let end = batch.first + batch.count
    let bits = place(ofTile: end - 1).upperBound - place(ofTile: batch.first).lowerBound
    summary.keptErrors += batch.errors
    qberOfTiles = PartsPerMillion(UInt32(batch.errors * 1_000_000 / UInt64(bits)))
    qberIsMeasured = true
    errorsSeen = Int(batch.errors)
    summary.roundTrips += batch.exchanges + batch.rounds
    unconfirmedTile = end
    batch = TileBatch()
    decoded = nil
    guard end == tileCount else { return }
    if keepsAll { tellCounts(&channel) } else { phase = .countingErrors }
  }

  /// Whether Alice told as much about every tile as its errors need.
  ///
  /// DIST-003 No tile is corrected with less than 40 bits below the logarithm of the number of its error patterns.
  private func accountsAreCredible() -> Bool {
    var place = 0
    while place < batch.count {
      let end = min(batch.count, place + batch.tiles[place].tiles)
      var (errors, parities) = (0, 0)
      for tile in place..<end {
        errors += batch.tiles[tile].errors
        parities += batch.tiles[tile].parities
      }
      let bits = bits(fromPlace: place, tiles: end - place).count
      guard parities >= leastParities(bits: bits, errors: errors) else { return false }
      place = end
    }
    return true
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
