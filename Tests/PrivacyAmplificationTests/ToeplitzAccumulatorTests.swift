import FixedStorage
import HostStorage
import PrivacyAmplification
import Testing

/// The definition, one bit at a time.
private func naiveHash(key: [UInt64], keyBits: Int, seed: [UInt64], outputBits: Int) -> [UInt64] {
  func bit(_ words: [UInt64], _ i: Int) -> UInt64 { words[i / 64] >> UInt64(i % 64) & 1 }
  var out = [UInt64](repeating: 0, count: Bits.words(for: outputBits))
  for row in 0..<outputBits {
    var sum: UInt64 = 0
    for column in 0..<keyBits { sum ^= bit(key, column) & bit(seed, row + column) }
    out[row / 64] |= sum << UInt64(row % 64)
  }
  return out
}

private func accumulator(outputWords: Int, kernel: ToeplitzKernel = .ofThisBuild) -> ToeplitzAccumulator {
  ToeplitzAccumulator(
    sums: .onHost(count: outputWords), arena: .onHost(count: ToeplitzAccumulator.arenaWords), kernel: kernel)
}

#if arch(x86_64)
  private let kernels = [ToeplitzKernel.carryless, .portable]
#else
  private let kernels = [ToeplitzKernel.portable]
#endif

/// Hashes with the tiles `[from, to)` of `key`, in this order; the bounds are bits, `from` a multiple of 64. Every
/// kernel of this processor gives the same bits.
private func hash(
  key: [UInt64], tiles: [(from: Int, to: Int)], seed: [UInt64], outputBits: Int, finalBits: Int? = nil
) -> [UInt64] {
  let outputs = kernels.map { kernel in
    var sums = accumulator(outputWords: Bits.words(for: outputBits), kernel: kernel)
    return hash(key: key, tiles: tiles, seed: seed, lengths: (outputBits, finalBits ?? outputBits), in: &sums)
  }
  #expect(outputs.allSatisfy { $0 == outputs[0] })
  return outputs[0]
}

private func hash(
  key: [UInt64], tiles: [(from: Int, to: Int)], seed: [UInt64], lengths: (output: Int, final: Int),
  in sums: inout ToeplitzAccumulator
) -> [UInt64] {
  let (outputBits, bits) = lengths
  sums.start(outputBits: outputBits)
  for tile in tiles {
    let words = Array(key[(tile.from / 64)..<Bits.words(for: tile.to)])
    sums.begin(tileBits: tile.to - tile.from, atBit: tile.from)
    let steps = sums.steps(tileBits: tile.to - tile.from)
    var done = 0
    while sums.step(tile: words.span, seed: seed.span) == .working { done += 1 }
    #expect(done + 1 == steps)
  }
  var out = [UInt64](repeating: .max, count: Bits.words(for: bits))
  var span = out.mutableSpan
  sums.finish(bits: bits, into: &span)
  return out
}

private func draw(_ bits: Int, from random: inout SeededRandom) -> [UInt64] {
  (0..<Bits.words(for: bits)).map { _ in random.next() }
}

@Test func hash_matchesVectors() {
  for vector in toeplitzVectors {
    var random = SeededRandom(seed: vector.seed)
    let key = draw(vector.keyBits, from: &random)
    let seed = draw(
      ToeplitzAccumulator.seedBits(keyBits: vector.keyBits, outputBits: vector.outputBits), from: &random)
    let out = hash(key: key, tiles: [(0, vector.keyBits)], seed: seed, outputBits: vector.outputBits)
    #expect(out == vector.output)
  }
}

/// Bits above the lengths in the last words of key and seed are random and must not count.
@Test(arguments: 1...200) func hash_ofAnyLength_matchesDefinition(bits: Int) {
  var random = SeededRandom(seed: UInt64(bits))
  for outputBits in [1, 63, 64, 65, 201 - bits, 200] {
    let key = draw(bits, from: &random)
    let seed = draw(bits + outputBits - 1, from: &random)
    let out = hash(key: key, tiles: [(0, bits)], seed: seed, outputBits: outputBits)
    #expect(out == naiveHash(key: key, keyBits: bits, seed: seed, outputBits: outputBits))
  }
}

/// The second is one product of several steps, the third several of those.
@Test(arguments: [(150_001, 70_003), (500_000, 400_001), (2_500_000, 1_100_000)])
func hash_overSeveralChunks_matchesDefinition(keyBits: Int, outputBits: Int) {
  var random = SeededRandom(seed: 7)
  let key = draw(keyBits, from: &random)
  let seed = draw(keyBits + outputBits - 1, from: &random)
  let out = hash(key: key, tiles: [(0, keyBits)], seed: seed, outputBits: outputBits)
  for row in [0, 1, 62, 63, 64, 4095, 4096, 65_535, 65_536, outputBits - 65, outputBits - 2, outputBits - 1] {
    var sum: UInt64 = 0
    for column in 0..<keyBits { sum ^= key.span.bit(column) & seed.span.bit(row + column) }
    let got = out.span.bit(row)
    #expect(got == sum)
  }
}

@Test(arguments: 0..<UInt64(40)) func tiles_inAnyOrder_giveTheHashOfTheWholeKey(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  let keyBits = Int.random(in: 1...20_000, using: &random)
  let outputBits = Int.random(in: 1...9000, using: &random)
  let key = draw(keyBits, from: &random)
  let matrix = draw(keyBits + outputBits - 1, from: &random)
  var tiles: [(from: Int, to: Int)] = []
  var from = 0
  while from < keyBits {
    let to = min(keyBits, from + 64 * Int.random(in: 1...90, using: &random))
    tiles.append((from, to))
    from = to
  }
  tiles.shuffle(using: &random)
  let whole = hash(key: key, tiles: [(0, keyBits)], seed: matrix, outputBits: outputBits)
  let tiled = hash(key: key, tiles: tiles, seed: matrix, outputBits: outputBits)
  #expect(whole == tiled)
  #expect(whole.contains { $0 != 0 } || outputBits < 20)
}

/// A tile that ends inside a word leaves a gap of zeros, and a tile left out counts as zeros.
@Test func gapsBetweenTiles_countAsZero() {
  var random = SeededRandom(seed: 3)
  var key = draw(640, from: &random)
  let seed = draw(640 + 199, from: &random)
  let gapped = hash(key: key, tiles: [(0, 100), (384, 640)], seed: seed, outputBits: 200)
  key[1] &= (1 << 36) - 1
  for i in 2..<6 { key[i] = 0 }
  #expect(gapped == naiveHash(key: key, keyBits: 640, seed: seed, outputBits: 200))
}

/// The final length is known last: the shorter hash is the beginning of the longer one.
@Test(arguments: [0, 1, 63, 64, 65, 128, 999, 1000]) func finish_truncates(bits: Int) {
  var random = SeededRandom(seed: 5)
  let key = draw(3000, from: &random)
  let seed = draw(4000, from: &random)
  let out = hash(key: key, tiles: [(0, 3000)], seed: seed, outputBits: 1000, finalBits: bits)
  #expect(out == naiveHash(key: key, keyBits: 3000, seed: seed, outputBits: bits))
}

@Test(arguments: 0..<UInt64(20)) func hash_isLinearInTheKey(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  let (a, b) = (draw(5000, from: &random), draw(5000, from: &random))
  let matrix = draw(5000 + 1500 - 1, from: &random)
  let sum = zip(a, b).map { $0 ^ $1 }
  let hashes = [a, b, sum].map { hash(key: $0, tiles: [(0, 5000)], seed: matrix, outputBits: 1500) }
  #expect(zip(hashes[0], hashes[1]).map { $0 ^ $1 } == hashes[2])
}

/// One key bit flips the output bits that its column of the seed says, close to a half of them.
@Test(arguments: [0, 1, 2500, 4999]) func oneKeyBit_flipsItsColumn(bit: Int) {
  var random = SeededRandom(seed: 11)
  let key = [UInt64](repeating: 0, count: 79)
  let seed = draw(5000 + 2048 - 1, from: &random)
  var flipped = key
  flipped[bit / 64] ^= 1 << UInt64(bit % 64)
  let out = hash(key: flipped, tiles: [(0, 5000)], seed: seed, outputBits: 2048)
  for row in 0..<2048 {
    let (got, column) = (out.span.bit(row), seed.span.bit(row + bit))
    #expect(got == column)
  }
  let ones = out.reduce(0) { $0 + $1.nonzeroBitCount }
  // Five standard deviations of 22.6.
  #expect(abs(ones - 1024) < 113)
}

@Test func start_forgetsTheKeyBefore() {
  var random = SeededRandom(seed: 13)
  let (first, second) = (draw(640, from: &random), draw(640, from: &random))
  let seed = draw(640 + 199, from: &random)
  var sums = accumulator(outputWords: 4)
  var out = [UInt64](repeating: 0, count: 4)
  for key in [first, second] {
    sums.start(outputBits: 200)
    sums.begin(tileBits: 640, atBit: 0)
    while sums.step(tile: key.span, seed: seed.span) == .working {}
    var span = out.mutableSpan
    sums.finish(bits: 200, into: &span)
  }
  #expect(out == naiveHash(key: second, keyBits: 640, seed: seed, outputBits: 200))
}

@Test func wipe_zeroesEveryByteOfTheStorage() {
  let (sumsWords, arenaWords) = (5, ToeplitzAccumulator.arenaWords)
  let storage = UnsafeMutablePointer<UInt64>.allocate(capacity: sumsWords + arenaWords)
  unsafe storage.initialize(repeating: 0, count: sumsWords + arenaWords)
  defer { unsafe storage.deallocate() }
  // The accumulator is the only user of the storage but for the looks that this test takes between calls.
  let sums = unsafe Block(unsafeStart: storage, count: sumsWords)
  let arena = unsafe Block(unsafeStart: storage + sumsWords, count: arenaWords)
  var accumulator = ToeplitzAccumulator(sums: sums, arena: arena)
  func used(_ range: Range<Int>) -> Bool { range.contains { unsafe storage[$0] != 0 } }
  var random = SeededRandom(seed: 17)
  let key = draw(640, from: &random)
  let seed = draw(640 + 255, from: &random)
  accumulator.start(outputBits: 256)
  accumulator.begin(tileBits: 640, atBit: 0)
  while accumulator.step(tile: key.span, seed: seed.span) == .working {}
  #expect(used(0..<sumsWords) && used(sumsWords..<sumsWords + arenaWords))
  accumulator.wipe()
  #expect(!used(0..<sumsWords + arenaWords))
}
