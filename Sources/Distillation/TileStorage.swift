public import FixedStorage
public import Reconciliation

/// Working memory of the tiles that are reconciled side by side.
public struct TileStorage: ~Copyable {
  /// Tiles that may be under way together.
  public static var tilesMax: Int { TileBatch.tilesMax }
  /// Words of the block `syndromes`.
  public static var syndromeWords: Int { tilesMax * syndromeWordsPerTile }
  /// No more of a syndrome is asked for than the tile has bits.
  static var syndromeWordsPerTile: Int { Distiller.tileBits / 64 }

  /// Alice: the tiles that are asked about by Cascade.
  var references: [8 of ParityReference]
  /// Bob: the tiles that Cascade corrects.
  var correctors: [8 of Corrector]
  /// Alice: scratch for syndromes.
  var encoder: SyndromeEncoder
  /// Bob: the tiles that are decoded.
  var decoder: SyndromeDecoder
  /// Bob: what arrived of Alice's syndromes, a run of words each tile.
  var syndromes: Block<UInt64>

  public init(
    references: consuming [8 of ParityReference], correctors: consuming [8 of Corrector],
    encoder: consuming SyndromeEncoder, decoder: consuming SyndromeDecoder, syndromes: consuming Block<UInt64>
  ) {
    precondition(syndromes.count == Self.syndromeWords)
    self.references = references
    self.correctors = correctors
    self.encoder = encoder
    self.decoder = decoder
    self.syndromes = syndromes
  }

  mutating func wipe() {
    for place in 0..<Self.tilesMax {
      references[place].wipe()
      correctors[place].wipe()
    }
    encoder.wipe()
    decoder.wipe()
    syndromes.wipe()
  }

  /// Puts bytes of a syndrome behind the `held` bits of a tile that are here, a multiple of 8.
  mutating func store(_ bytes: Span<UInt8>, ofPlace place: Int, behind held: Int) {
    let first = place * Self.syndromeWordsPerTile
    precondition(held % 8 == 0 && first + (held / 8 + bytes.count + 7) / 8 <= Self.syndromeWords)
    for i in bytes.indices {
      let at = held / 8 + i
      let shift = UInt64(8 * (at & 7))
      let word = first + at >> 3
      syndromes[word] = syndromes[word] & ~(0xff << shift) | UInt64(bytes[i]) << shift
    }
  }
}
