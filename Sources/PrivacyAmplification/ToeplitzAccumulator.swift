import BinaryField
public import FixedStorage

/// Compresses a confirmed key with a Toeplitz matrix over GF(2), tile by tile and in bounded steps.
///
/// `out[i] = XOR over j of key[j] & seed[i + j]`: row `i` of the matrix is the seed read from bit `i`. An `n`-bit key
/// and an `m`-bit output want `n + m - 1` seed bits, uniform and drawn after the key is fixed; the family is then
/// two-universal (Krawczyk, CRYPTO '94; Tomamichel et al., "Leftover hashing against quantum side information"). The
/// first `l` bits of the output are the hash of length `l`, so the final length may be known last.
///
/// The hash is linear, so tiles may come in any order, each at its bit offset in the key. Key bits that no tile covers
/// count as zero. Time and addresses depend on lengths and offsets alone.
///
/// One chunk product is one `step`: the key chunk with its bits in reverse order, times a chunk of the seed. Bit
/// `64 c - 1 + i` of the product of `c` words is then the convolution that belongs to output bit `i`; the sums are kept
/// in that alignment, output bit `i` at bit `63 + i`, and shifted once at the end.
public struct ToeplitzAccumulator: ~Copyable {
  public enum Progress: Equatable, Sendable { case working, tileDone }

  public static let keyBitsMax = 1 << 22
  public static let outputBitsMax = 1 << 23
  /// Words of the block `sums`.
  public static let sumsWords = outputBitsMax / 64 + 1
  /// Words of the block `arena`.
  public static let arenaWords = 8192
  // Measured for 2^21 key and 2^19 output bits, x86-64: chunks of 256, 512 and 1024 words take 0.75, 0.6 and 0.45 s in
  // steps of 0.2, 0.6 and 1.6 ms.
  static let chunkWordsMax = 1024

  private var sums: Block<UInt64>
  private var arena: Block<UInt64>
  private var outputBits = 0
  private var chunkWords = 0
  // The tile in progress: its length, its place in the key, and the chunks that come next.
  private var tileBits = 0
  private var tileOffsetWords = 0
  private var keyChunk = 0
  private var seedChunk = 0

  /// A shorter `sums` than `sumsWords` limits the output length to 64 bits per word after the first.
  public init(sums: consuming Block<UInt64>, arena: consuming Block<UInt64>) {
    precondition(sums.count >= 2 && arena.count >= Self.arenaWords)
    self.sums = sums
    self.arena = arena
  }

  /// Seed bits for a key and an output of these lengths.
  public static func seedBits(keyBits: Int, outputBits: Int) -> Int { keyBits + outputBits - 1 }

  /// Begins an output of at most `outputBits` bits, all zero.
  public mutating func start(outputBits: Int) {
    precondition(outputBits > 0 && outputBits <= Self.outputBitsMax && Bits.words(for: outputBits) < sums.count)
    self.outputBits = outputBits
    chunkWords = Self.chunkWordsMax
    // A short output is cheaper in short chunks: half of every first and last product falls outside of it.
    while chunkWords > 2 && chunkWords / 2 >= Bits.words(for: outputBits) { chunkWords /= 2 }
    tileBits = 0
    sums.wipe()
  }

  /// Begins to add a tile of `bits` key bits that starts at bit `offset`, a multiple of 64, of the key.
  public mutating func begin(tileBits bits: Int, atBit offset: Int) {
    precondition(outputBits > 0 && tileBits == 0)
    precondition(bits > 0 && offset >= 0 && offset % 64 == 0 && offset + bits <= Self.keyBitsMax)
    tileBits = bits
    tileOffsetWords = offset / 64
    keyChunk = 0
    seedChunk = 0
  }

  /// Steps that the tile in progress still wants.
  public var stepsLeft: Int {
    tileBits == 0 ? 0 : (keyChunks - keyChunk) * seedChunks - seedChunk
  }

  /// Adds one chunk product of the tile in progress.
  ///
  /// `tile` and `seed` are the same at every step of a tile. `tile` holds the bits of the tile from its first word on;
  /// bits at and above the tile's length are ignored. `seed` is the whole seed from bit 0 on; it holds at least
  /// `seedBits(keyBits: offset + bits, outputBits:)` bits, and bits above those do not matter.
  public mutating func step(tile: Span<UInt64>, seed: Span<UInt64>) -> Progress {
    precondition(tileBits > 0 && tile.count >= Bits.words(for: tileBits))
    precondition(64 * (seed.count - tileOffsetWords) >= Self.seedBits(keyBits: tileBits, outputBits: outputBits))
    loadKeyChunk(of: tile)
    loadSeedChunk(of: seed)
    let words = chunkWords
    var span = arena.mutableSpan
    WordPolynomials.multiply(words: words, in: &span)
    addProduct()
    seedChunk += 1
    if seedChunk == seedChunks {
      seedChunk = 0
      keyChunk += 1
    }
    guard keyChunk == keyChunks else { return .working }
    tileBits = 0
    return .tileDone
  }

  /// Stores the first `bits` bits of the output; bits above them in the last word are zero.
  public mutating func finish(bits: Int, into secretKey: inout MutableSpan<UInt64>) {
    precondition(tileBits == 0 && bits >= 0 && bits <= outputBits)
    let words = Bits.words(for: bits)
    precondition(secretKey.count >= words)
    for i in 0..<words { secretKey[i] = (sums[i] &>> 63) | (sums[i + 1] &<< 1) }
    if words > 0 { secretKey[words - 1] &= lastWordMask(bits: bits) }
  }

  /// Zeroes everything that depends on a key and forgets the output.
  public mutating func wipe() {
    sums.wipe()
    arena.wipe()
    outputBits = 0
    tileBits = 0
  }

  private var keyChunks: Int { (Bits.words(for: tileBits) + chunkWords - 1) / chunkWords }

  // The last word of the sums that holds an output bit.
  private var lastSum: Int { (outputBits + 62) / 64 }

  // Chunk `t` of the seed, counted from that of the key, reaches the words from `(t - 1) * chunkWords + 1` on.
  private var seedChunks: Int { (lastSum + chunkWords - 1) / chunkWords + 1 }

  private mutating func loadKeyChunk(of tile: Span<UInt64>) {
    let words = Bits.words(for: tileBits)
    for i in 0..<chunkWords {
      let source = (keyChunk + 1) * chunkWords - 1 - i
      if source >= words {
        arena[i] = 0
      } else {
        let mask = source == words - 1 ? lastWordMask(bits: tileBits) : .max
        arena[i] = bitReversed(tile[source] & mask)
      }
    }
  }

  private mutating func loadSeedChunk(of seed: Span<UInt64>) {
    let first = tileOffsetWords + (keyChunk + seedChunk) * chunkWords
    for i in 0..<chunkWords {
      arena[chunkWords + i] = first + i < seed.count ? seed[first + i] : 0
    }
  }

  private mutating func addProduct() {
    let shift = (seedChunk - 1) * chunkWords + 1
    let first = max(0, -shift)
    let end = min(2 * chunkWords, lastSum + 1 - shift)
    for i in first..<max(first, end) { sums[shift + i] ^= arena[2 * chunkWords + i] }
  }
}

/// The bits that count in the last word of `bits` bits.
@inline(__always)
private func lastWordMask(bits: Int) -> UInt64 {
  UInt64.max &>> UInt64(truncatingIfNeeded: -bits & 63)
}

/// Bit `i` moves to bit `63 - i`.
@inline(__always)
private func bitReversed(_ word: UInt64) -> UInt64 {
  var bits = word.byteSwapped
  bits = (bits &>> 4) & 0x0f0f_0f0f_0f0f_0f0f | (bits & 0x0f0f_0f0f_0f0f_0f0f) &<< 4
  bits = (bits &>> 2) & 0x3333_3333_3333_3333 | (bits & 0x3333_3333_3333_3333) &<< 2
  return (bits &>> 1) & 0x5555_5555_5555_5555 | (bits & 0x5555_5555_5555_5555) &<< 1
}
