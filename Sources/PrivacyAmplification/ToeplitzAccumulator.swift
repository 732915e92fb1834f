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
/// A tile is taken in chunks of a size that is best for its length and that of the output, and each chunk of the tile
/// with each chunk of the output is one `ToeplitzProduct`, in one or more steps.
public struct ToeplitzAccumulator: ~Copyable {
  public enum Progress: Equatable, Sendable { case working, tileDone }

  public static let keyBitsMax = 1 << 22
  public static let outputBitsMax = 1 << 23
  /// Words of the block `sums`.
  public static let sumsWords = outputBitsMax / 64
  /// Words of the block `arena`.
  public static var arenaWords: Int { ToeplitzProduct.arenaWords }

  private var sums: Block<UInt64>
  private var product: ToeplitzProduct
  private var outputBits = 0
  // The tile in progress: its length, its place in the key, and the chunks that come next.
  private var tileBits = 0
  private var tileOffsetWords = 0
  private var chunkWords = 0
  private var keyChunk = 0
  private var outputChunk = 0
  private var productIsOpen = false

  /// A shorter `sums` than `sumsWords` limits the output length to 64 bits per word.
  public init(
    sums: consuming Block<UInt64>, arena: consuming Block<UInt64>, kernel: ToeplitzKernel = .ofThisBuild
  ) {
    precondition(sums.count >= 1)
    self.sums = sums
    product = ToeplitzProduct(arena: arena, kernel: kernel)
  }

  /// Seed bits for a key and an output of these lengths.
  public static func seedBits(keyBits: Int, outputBits: Int) -> Int { keyBits + outputBits - 1 }

  /// The most that `tileBits(forOutput:)` gives.
  public static var tileBitsMax: Int { 64 * ToeplitzProduct.wordsMax }

  /// The bits of a tile that a long key is best cut into, for an output of this length: a power of two from 2^16 on.
  public static func tileBits(forOutput bits: Int) -> Int {
    var words = ToeplitzProduct.stepWords
    while words < ToeplitzProduct.wordsMax, words < Bits.words(for: bits) { words *= 2 }
    return 64 * words
  }

  /// Begins an output of at most `outputBits` bits, all zero.
  public mutating func start(outputBits: Int) {
    precondition(outputBits > 0 && outputBits <= Self.outputBitsMax && Bits.words(for: outputBits) <= sums.count)
    self.outputBits = outputBits
    tileBits = 0
    sums.wipe()
  }

  /// Begins to add a tile of `bits` key bits that starts at bit `offset`, a multiple of 64, of the key.
  public mutating func begin(tileBits bits: Int, atBit offset: Int) {
    precondition(outputBits > 0 && tileBits == 0)
    precondition(bits > 0 && offset >= 0 && offset % 64 == 0 && offset + bits <= Self.keyBitsMax)
    tileBits = bits
    tileOffsetWords = offset / 64
    chunkWords = Self.chunkWords(tileBits: bits, outputBits: outputBits)
    keyChunk = 0
    outputChunk = 0
    productIsOpen = false
  }

  /// Steps that a tile of this length takes from its beginning.
  public func steps(tileBits bits: Int) -> Int {
    let words = Self.chunkWords(tileBits: bits, outputBits: outputBits)
    return Self.chunks(bits, of: words) * Self.chunks(outputBits, of: words) * ToeplitzProduct.steps(words: words)
  }

  /// Adds one bounded part of the tile in progress.
  ///
  /// `tile` and `seed` are the same at every step of a tile. `tile` holds the bits of the tile from its first word on;
  /// bits at and above the tile's length are ignored. `seed` is the whole seed from bit 0 on; it holds at least
  /// `seedBits(keyBits: offset + bits, outputBits:)` bits, and bits above those do not matter.
  public mutating func step(tile: Span<UInt64>, seed: Span<UInt64>) -> Progress {
    precondition(tileBits > 0 && tile.count >= Bits.words(for: tileBits))
    precondition(64 * (seed.count - tileOffsetWords) >= Self.seedBits(keyBits: tileBits, outputBits: outputBits))
    if !productIsOpen {
      product.begin(words: chunkWords)
      loadKey(of: tile)
      loadSeed(of: seed)
      productIsOpen = true
    }
    guard product.step() else { return .working }
    addProduct()
    productIsOpen = false
    outputChunk += 1
    if outputChunk == Self.chunks(outputBits, of: chunkWords) {
      outputChunk = 0
      keyChunk += 1
    }
    guard keyChunk == Self.chunks(tileBits, of: chunkWords) else { return .working }
    tileBits = 0
    return .tileDone
  }

  /// Stores the first `bits` bits of the output; bits above them in the last word are zero.
  public mutating func finish(bits: Int, into secretKey: inout MutableSpan<UInt64>) {
    precondition(tileBits == 0 && bits >= 0 && bits <= outputBits)
    let words = Bits.words(for: bits)
    precondition(secretKey.count >= words)
    for i in 0..<words { secretKey[i] = sums[i] }
    if words > 0 { secretKey[words - 1] &= lastWordMask(bits: bits) }
  }

  /// Zeroes everything that depends on a key and forgets the output.
  public mutating func wipe() {
    sums.wipe()
    product.wipe()
    outputBits = 0
    tileBits = 0
  }

  private static func chunks(_ bits: Int, of words: Int) -> Int { (Bits.words(for: bits) + words - 1) / words }

  /// The size of chunks with the least work: a product of twice the size costs three times as much.
  private static func chunkWords(tileBits: Int, outputBits: Int) -> Int {
    var best = ToeplitzProduct.wordsMin
    var least = Int.max
    var words = ToeplitzProduct.wordsMin
    var cost = 1
    while words <= ToeplitzProduct.wordsMax {
      let work = chunks(tileBits, of: words) * chunks(outputBits, of: words) * cost
      if work < least { (best, least) = (words, work) }
      words *= 2
      cost *= 3
    }
    return best
  }

  private mutating func loadKey(of tile: Span<UInt64>) {
    let words = Bits.words(for: tileBits)
    let first = keyChunk * chunkWords
    for i in 0..<chunkWords {
      let word = first + i
      let mask = word == words - 1 ? lastWordMask(bits: tileBits) : .max
      product.setKey(i, to: word < words ? bitReversed(tile[word] & mask) : 0)
    }
  }

  private mutating func loadSeed(of seed: Span<UInt64>) {
    let first = tileOffsetWords + (keyChunk + outputChunk) * chunkWords
    var below: UInt64 = 0
    for i in 0..<2 * chunkWords {
      let word = first + i < seed.count ? seed[first + i] : 0
      product.setSeed(i, to: word &<< 1 | below &>> 63)
      below = word
    }
  }

  private mutating func addProduct() {
    let first = outputChunk * chunkWords
    let end = min(chunkWords, Bits.words(for: outputBits) - first)
    for i in 0..<end { sums[first + i] ^= product.out(i) }
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
