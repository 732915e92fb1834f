import Authentication
import FixedStorage
import Ports
import PrivacyAmplification
import Reconciliation
import Sifting
import Units
import Wire

/// How far privacy amplification is. Of the seed only a window is held: it begins with the tile in work.
struct AmplificationProgress {
  var tiles = 0
  var tileIsOpen = false
  /// Words of the seed drawn or received, and how many of them are no longer held.
  var seedWords = 0
  var forgottenWords = 0
  /// Words of the seed that the observer has seen.
  var shownWords = 0
  /// Alice: tiles that Bob has taken the seed of.
  var takenTiles = 0
}

extension Distiller {
  static var seedWordsPerMessage: Int { 512 }

  var seedBits: Int { ToeplitzAccumulator.seedBits(keyBits: keptBits, outputBits: summary.finalBits) }
  private var seedWordsTotal: Int { Bits.words(for: seedBits) }

  /// Words of the seed, from the first on, that a tile needs.
  private func seedWordsNeeded(byTile tile: Int) -> Int {
    let bits = ToeplitzAccumulator.seedBits(keyBits: bits(ofTile: tile), outputBits: summary.finalBits)
    return firstWord(ofTile: tile) + Bits.words(for: bits)
  }

  /// Words of the seed that arrived since they were last shown.
  public var freshSeed: Span<UInt64> {
    @_lifetime(borrow self) borrowing get {
      let first = amplification.shownWords - amplification.forgottenWords
      let end = amplification.seedWords - amplification.forgottenWords
      return storage.seed.span.extracting(first..<end)
    }
  }

  public mutating func markSeedShown() { amplification.shownWords = amplification.seedWords }

  /// One piece of seed, one chunk of the matrix product or the tag; false when the peer has to do something first.
  mutating func amplifyOneStep(
    _ channel: inout BlockChannel, entropy: inout some EntropySource & ~Copyable
  ) -> Bool {
    if role == .alice, maySendSeed {
      sendSeedPart(&channel, entropy: &entropy)
      return true
    }
    if amplification.tiles < tileCount, amplification.seedWords >= seedWordsNeeded(byTile: amplification.tiles) {
      amplifyChunk(&channel)
      return true
    }
    if role == .alice, !tagIsSent, seedIsComplete, amplification.takenTiles == tileCount - 1 {
      // Bob sends nothing more before he has seen the tag, so that both hashed the same messages.
      sendTag(&channel)
      return true
    }
    guard amplification.tiles == tileCount, tagIsSent, peerTagIsRight else { return false }
    storage.finish(bits: summary.finalBits)
    phase = .finished
    return true
  }

  var seedIsComplete: Bool { amplification.seedWords == seedWordsTotal }

  /// Bob's window holds the tile in work and two more; Alice's must have room, too.
  private var maySendSeed: Bool {
    let tile = min(tileCount, amplification.takenTiles + 2)
    let ahead = firstWord(ofTile: tile) + Bits.words(for: summary.finalBits)
    let held = amplification.seedWords - amplification.forgottenWords
    return !seedIsComplete && amplification.seedWords < ahead
      && held + Self.seedWordsPerMessage <= storage.seed.count
  }

  /// Draws and sends the next words of the Toeplitz seed.
  private mutating func sendSeedPart(
    _ channel: inout BlockChannel, entropy: inout some EntropySource & ~Copyable
  ) {
    let first = amplification.seedWords
    let words = min(Self.seedWordsPerMessage, seedWordsTotal - first)
    storage.payload.clear()
    storage.payload.put32(UInt32(first))
    for i in 0..<words {
      guard let word = publicWord(from: &entropy) else { return refuse(.entropyLost, &channel) }
      storage.seed[first - amplification.forgottenWords + i] = word
      storage.payload.put64(word)
    }
    send(.seed, discloses: .nothing, &channel)
    amplification.seedWords += words
  }

  /// Bob: takes the next words of the seed.
  mutating func takeSeedPart(_ payload: Span<UInt8>, _ reader: inout ByteReader) throws(PayloadError) {
    let first = Int(try reader.take32(from: payload))
    guard first == amplification.seedWords, payload.count > 4, (payload.count - 4) % 8 == 0 else { throw .outOfRange }
    let words = (payload.count - 4) / 8
    let place = first - amplification.forgottenWords
    guard first + words <= seedWordsTotal, place + words <= storage.seed.count else { throw .tooLong }
    for i in 0..<words { storage.seed[place + i] = try reader.take64(from: payload) }
    amplification.seedWords += words
  }

  /// Alice: Bob needs no more of the seed for this tile.
  mutating func takeSeedTaken(_ payload: Span<UInt8>, _ reader: inout ByteReader) throws(PayloadError) {
    let tile = Int(try reader.take32(from: payload))
    try reader.finish(payload)
    guard tile == amplification.takenTiles, tile < tileCount - 1, !tagIsSent else { throw .outOfRange }
    amplification.takenTiles += 1
  }

  private mutating func amplifyChunk(_ channel: inout BlockChannel) {
    let tile = amplification.tiles
    if !amplification.tileIsOpen {
      if tile == 0 { storage.accumulator.start(outputBits: summary.finalBits) }
      // The window begins with the tile, so that the tile stands at bit 0 of what the accumulator sees.
      storage.accumulator.begin(tileBits: bits(ofTile: tile), atBit: 0)
      amplification.tileIsOpen = true
    }
    let end = seedWordsNeeded(byTile: tile) - amplification.forgottenWords
    guard storage.amplify(words(ofTile: tile), keepsAll: keepsAll, seedWords: end) == .tileDone else { return }
    amplification.tileIsOpen = false
    amplification.tiles += 1
    guard amplification.tiles < tileCount else { return }
    let held = amplification.seedWords - amplification.forgottenWords
    storage.seed.move(words(ofTile: tile).count..<held, to: 0)
    amplification.forgottenWords = firstWord(ofTile: amplification.tiles)
    guard role == .bob else { return }
    storage.payload.clear()
    storage.payload.put32(UInt32(tile))
    send(.seedTaken, discloses: .nothing, &channel)
  }

  mutating func sendTag(_ channel: inout BlockChannel) {
    channel.sendTag(in: half)
    tagIsSent = true
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

extension Distiller.Storage {
  /// One chunk of the matrix product.
  mutating func amplify(_ words: Range<Int>, keepsAll: Bool, seedWords: Int) -> ToeplitzAccumulator.Progress {
    if keepsAll { return Self.amplify(strings.block, words, with: seed, seedWords, &accumulator) }
    return Self.amplify(strings.kept, words, with: seed, seedWords, &accumulator)
  }

  mutating func finish(bits: Int) { Self.finish(bits: bits, &accumulator, into: &output) }

  // Static, because the compiler tracks fields of `self` apart only as separate arguments.
  private static func amplify(
    _ key: borrowing Block<UInt64>, _ words: Range<Int>, with seed: borrowing Block<UInt64>, _ seedWords: Int,
    _ accumulator: inout ToeplitzAccumulator
  ) -> ToeplitzAccumulator.Progress {
    accumulator.step(tile: key.span.extracting(words), seed: seed.span.extracting(first: seedWords))
  }

  private static func finish(
    bits: Int, _ accumulator: inout ToeplitzAccumulator, into output: inout Block<UInt64>
  ) {
    var out = output.mutableSpan
    accumulator.finish(bits: bits, into: &out)
  }
}
