import Authentication
import FixedStorage
import Ports
import PrivacyAmplification
import Reconciliation
import Sifting
import Units
import Wire

/// How far privacy amplification is. It takes the key in pieces of its own. Of the seed only a window is held: it
/// begins with the piece in work.
struct AmplificationProgress {
  var pieces = 0
  var pieceIsOpen = false
  /// Words of the seed drawn or received, and how many of them are no longer held.
  var seedWords = 0
  var forgottenWords = 0
  /// Words of the seed that the observer has seen.
  var shownWords = 0
  /// Alice: pieces that Bob has taken the seed of.
  var takenPieces = 0
}

extension Distiller {
  static var seedWordsPerMessage: Int { 512 }

  var seedBits: Int { ToeplitzAccumulator.seedBits(keyBits: keptBits, outputBits: summary.finalBits) }
  private var seedWordsTotal: Int { Bits.words(for: seedBits) }

  private var pieceBits: Int { ToeplitzAccumulator.tileBits(forOutput: summary.finalBits) }
  private var pieceCount: Int { (keptBits + pieceBits - 1) / pieceBits }

  /// Where a piece begins, in words; for the piece behind the last, where the key ends.
  private func firstWord(ofPiece piece: Int) -> Int { min(piece * pieceBits / 64, Bits.words(for: keptBits)) }

  private func words(ofPiece piece: Int) -> Range<Int> { firstWord(ofPiece: piece)..<firstWord(ofPiece: piece + 1) }
  private func bits(ofPiece piece: Int) -> Int { min(pieceBits, keptBits - piece * pieceBits) }

  /// Words of the seed, from the first on, that a piece needs.
  private func seedWordsNeeded(byPiece piece: Int) -> Int {
    let bits = ToeplitzAccumulator.seedBits(keyBits: bits(ofPiece: piece), outputBits: summary.finalBits)
    return firstWord(ofPiece: piece) + Bits.words(for: bits)
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
    if amplification.pieces < pieceCount, amplification.seedWords >= seedWordsNeeded(byPiece: amplification.pieces) {
      amplifyChunk(&channel)
      return true
    }
    if role == .alice, !tagIsSent, seedIsComplete, amplification.takenPieces == pieceCount - 1 {
      // Bob sends nothing more before he has seen the tag, so that both hashed the same messages.
      sendTag(&channel)
      return true
    }
    guard amplification.pieces == pieceCount, tagIsSent, peerTagIsRight else { return false }
    storage.finish(bits: summary.finalBits)
    phase = .finished
    return true
  }

  var seedIsComplete: Bool { amplification.seedWords == seedWordsTotal }

  /// Words of the seed that Alice may send beyond what the first piece that Bob has not taken needs at least.
  private static var seedWordsAhead: Int { 2 * ToeplitzAccumulator.tileBitsMax / 64 }

  /// Bob's window has room for that much; Alice's must have room, too.
  private var maySendSeed: Bool {
    let ahead =
      firstWord(ofPiece: amplification.takenPieces) + Bits.words(for: summary.finalBits) + Self.seedWordsAhead
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

  /// Alice: Bob needs no more of the seed for this piece.
  mutating func takeSeedTaken(_ payload: Span<UInt8>, _ reader: inout ByteReader) throws(PayloadError) {
    let piece = Int(try reader.take32(from: payload))
    try reader.finish(payload)
    guard piece == amplification.takenPieces, piece < pieceCount - 1, !tagIsSent else { throw .outOfRange }
    amplification.takenPieces += 1
  }

  private mutating func amplifyChunk(_ channel: inout BlockChannel) {
    let piece = amplification.pieces
    if !amplification.pieceIsOpen {
      if piece == 0 { storage.accumulator.start(outputBits: summary.finalBits) }
      // The window begins with the piece, so that the piece stands at bit 0 of what the accumulator sees.
      storage.accumulator.begin(tileBits: bits(ofPiece: piece), atBit: 0)
      amplification.pieceIsOpen = true
    }
    let end = seedWordsNeeded(byPiece: piece) - amplification.forgottenWords
    guard storage.amplify(words(ofPiece: piece), keepsAll: keepsAll, seedWords: end) == .tileDone else { return }
    amplification.pieceIsOpen = false
    amplification.pieces += 1
    guard amplification.pieces < pieceCount else { return }
    let held = amplification.seedWords - amplification.forgottenWords
    storage.seed.move(words(ofPiece: piece).count..<held, to: 0)
    amplification.forgottenWords = firstWord(ofPiece: amplification.pieces)
    guard role == .bob else { return }
    storage.payload.clear()
    storage.payload.put32(UInt32(piece))
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
