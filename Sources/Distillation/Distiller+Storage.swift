import Authentication
import FixedStorage
import Reconciliation
import Units
import Wire

// What the stages do with the memory of the tiles.
extension Distiller.Storage {
  /// Appends Alice's answer to a request of Cascade and returns how many parities it tells; nil if it is no request.
  mutating func answer(_ place: Int, _ request: Span<UInt8>) -> Int? {
    Self.answer(request, from: &tiles.references[place], into: &payload)
  }

  /// Appends Bob's next request of Cascade to the payload, if there is one to make.
  mutating func ask(_ place: Int) -> Corrector.Step { Self.ask(&tiles.correctors[place], into: &payload) }

  /// Bob: takes the reply to a request of Cascade; nil if it is none.
  mutating func takeParities(_ place: Int, _ reply: Span<UInt8>) -> Int? {
    do throws(ReconciliationFault) { return try tiles.correctors[place].accept(reply) } catch { return nil }
  }

  /// Alice: hashes a tile.
  func absorb(_ words: Range<Int>, keepsAll: Bool, bits: Int, into hash: inout ConfirmationHash) {
    if keepsAll {
      hash.absorb(strings.block.span.extracting(words), bits: bits)
    } else {
      hash.absorb(strings.kept.span.extracting(words), bits: bits)
    }
  }

  /// Bob: hashes a tile that was corrected.
  func absorbCorrected(_ words: Range<Int>, bits: Int, into hash: inout ConfirmationHash) {
    hash.absorb(strings.corrected.span.extracting(words), bits: bits)
  }

  /// Alice: makes ready to answer about the tile of these bits.
  mutating func openReference(_ place: Int, _ tile: Range<Int>, keepsAll: Bool, seed: UInt64) {
    if keepsAll {
      Self.open(&tiles.references[place], strings.block, tile, seed: seed)
    } else {
      Self.open(&tiles.references[place], strings.kept, tile, seed: seed)
    }
  }

  /// Alice: appends a part of a syndrome to the payload.
  mutating func tell(_ part: SyndromePart, keepsAll: Bool) {
    if keepsAll {
      Self.tell(part, strings.block, &tiles.encoder, into: &payload)
    } else {
      Self.tell(part, strings.kept, &tiles.encoder, into: &payload)
    }
  }

  /// Bob: makes ready to correct the tile of these bits by Cascade.
  mutating func openCorrector(
    _ place: Int, _ tile: Range<Int>, keepsAll: Bool, seed: UInt64, _ schedule: CascadeSchedule
  ) {
    if keepsAll {
      Self.open(&tiles.correctors[place], strings.block, tile, seed: seed, schedule)
    } else {
      Self.open(&tiles.correctors[place], strings.kept, tile, seed: seed, schedule)
    }
  }

  /// Bob: makes ready to correct by Cascade what a decoder that is stuck made of a tile of so many bits.
  mutating func openCorrector(ofDecoded place: Int, bits: Int, seed: UInt64, _ schedule: CascadeSchedule) {
    let first = 64 * place * (Distiller.tileBits / 64)
    Self.open(&tiles.correctors[place], strings.corrected, first..<first + bits, seed: seed, schedule)
  }

  /// Bob: makes ready to decode the bits `tile`, whose syndrome is that of `place`.
  mutating func openDecoder(_ place: Int, _ tile: DecodedTile, keepsAll: Bool) {
    if keepsAll {
      Self.open(&tiles.decoder, tiles.syndromes, strings.block, place, tile)
    } else {
      Self.open(&tiles.decoder, tiles.syndromes, strings.kept, place, tile)
    }
  }

  /// Bob: goes on with more of the syndrome.
  mutating func resumeDecoder(_ place: Int, syndromeBits: Int) {
    Self.resume(&tiles.decoder, tiles.syndromes, place, syndromeBits: syndromeBits)
  }

  /// Bob: copies a tile that Cascade corrected to its place among those that wait for their confirmation.
  mutating func putAside(_ place: Int, words: Int) {
    Self.copy(tiles.correctors[place], words, to: place, of: &strings.corrected)
  }

  /// Bob: copies the words `words` of what was decoded to the place of their tile.
  mutating func putAsideDecoded(_ place: Int, words: Range<Int>) {
    Self.copy(tiles.decoder, words, to: place, of: &strings.corrected)
  }

  // Static, because the compiler tracks fields of `self` apart only as separate arguments.
  private static func answer(
    _ request: Span<UInt8>, from reference: inout ParityReference, into payload: inout PayloadBuffer
  ) -> Int? {
    var room = payload.free
    do throws(ReconciliationFault) {
      let answer = try reference.answer(request, into: &room)
      payload.grow(by: answer.bytes)
      return answer.disclosedBits
    } catch {
      return nil
    }
  }

  private static func ask(_ corrector: inout Corrector, into payload: inout PayloadBuffer) -> Corrector.Step {
    var room = payload.free
    let step = corrector.step(into: &room)
    if case .ask(let bytes) = step { payload.grow(by: bytes) }
    return step
  }

  private static func open(
    _ reference: inout ParityReference, _ key: borrowing Block<UInt64>, _ tile: Range<Int>, seed: UInt64
  ) {
    let words = tile.lowerBound / 64..<Bits.words(for: tile.upperBound)
    reference.begin(tile: key.span.extracting(words), bits: tile.count, seed: seed, disclosureMax: tile.count)
  }

  private static func open(
    _ corrector: inout Corrector, _ key: borrowing Block<UInt64>, _ tile: Range<Int>, seed: UInt64,
    _ schedule: CascadeSchedule
  ) {
    let words = tile.lowerBound / 64..<Bits.words(for: tile.upperBound)
    corrector.begin(
      tile: key.span.extracting(words), bits: tile.count, seed: seed, schedule: schedule, disclosureMax: tile.count)
  }

  private static func tell(
    _ part: SyndromePart, _ key: borrowing Block<UInt64>, _ encoder: inout SyndromeEncoder,
    into payload: inout PayloadBuffer
  ) {
    var room = payload.free
    let words = part.tile.lowerBound / 64..<Bits.words(for: part.tile.upperBound)
    encoder.write(part.range, of: part.code, tile: key.span.extracting(words), into: &room)
    payload.grow(by: part.range.count / 8)
  }

  private static func open(
    _ decoder: inout SyndromeDecoder, _ syndromes: borrowing Block<UInt64>, _ key: borrowing Block<UInt64>,
    _ place: Int, _ tile: DecodedTile
  ) {
    let words = tile.bits.lowerBound / 64..<Bits.words(for: tile.bits.upperBound)
    let first = place * TileStorage.syndromeWordsPerTile
    decoder.begin(
      tile: key.span.extracting(words), code: tile.code, qber: tile.qber,
      syndrome: syndromes.span.extracting(first..<TileStorage.syndromeWords), bits: tile.syndromeBits)
  }

  private static func resume(
    _ decoder: inout SyndromeDecoder, _ syndromes: borrowing Block<UInt64>, _ place: Int, syndromeBits: Int
  ) {
    let first = place * TileStorage.syndromeWordsPerTile
    decoder.resume(syndrome: syndromes.span.extracting(first..<TileStorage.syndromeWords), bits: syndromeBits)
  }

  private static func copy(
    _ corrector: borrowing Corrector, _ words: Int, to place: Int, of corrected: inout Block<UInt64>
  ) {
    let first = place * Distiller.tileBits / 64
    for i in 0..<words { corrected[first + i] = corrector.corrected[i] }
  }

  private static func copy(
    _ decoder: borrowing SyndromeDecoder, _ words: Range<Int>, to place: Int, of corrected: inout Block<UInt64>
  ) {
    let first = place * Distiller.tileBits / 64
    for i in 0..<words.count { corrected[first + i] = decoder.corrected[words.lowerBound + i] }
  }
}

/// A part of the syndrome stream of the bits `tile`.
struct SyndromePart {
  let range: Range<Int>
  let code: TileCode
  let tile: Range<Int>
}

/// Bits whose syndrome is here.
struct DecodedTile {
  let bits: Range<Int>
  let code: TileCode
  let qber: PartsPerMillion
  let syndromeBits: Int
}
