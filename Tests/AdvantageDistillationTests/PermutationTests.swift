import AdvantageDistillation
import FixedStorage
import HostStorage
import Testing

private func permutation() -> BlockPermutation {
  BlockPermutation(
    bins: .onHost(count: BlockPermutation.binWords), labels: .onHost(count: BlockPermutation.labelBytes))
}

private func seed(_ number: UInt64) -> [32 of UInt8] {
  var random = SeededRandom(seed: number)
  var seed: [32 of UInt8] = .init(repeating: 0)
  for i in 0..<32 { seed[i] = UInt8(truncatingIfNeeded: random.next()) }
  return seed
}

/// Lays out `bits`, in whole words and the rest, in pieces of odd sizes.
private func permuted(
  _ bits: [UInt8], classes: [3 of Int], _ permutation: inout BlockPermutation, seed: [32 of UInt8]
) -> Block<UInt64> {
  var string = Block<UInt64>.onHost(count: bits.count / 64 + 2)
  permutation.begin(classSizes: classes, seed: seed)
  while !permutation.count(limit: 1001) {}
  let fits = permutation.fits
  #expect(fits)
  var place = 0
  for size in [classes[0], classes[1], classes[2]] {
    let end = place + size
    while place < end {
      let count = min(64, end - place)
      let word = (0..<count).reduce(UInt64(0)) { $0 | UInt64(bits[place + $1]) << UInt64($1) }
      permutation.scatter(word, count: count, into: &string)
      place += count
    }
  }
  for bin in 0..<permutation.binCount { permutation.shuffle(bin, of: &string) }
  return string
}

/// The ones of any string stay as many, and where a single one goes covers all places: it is a permutation.
@Test func permutation_ofSingleBits_isABijection() {
  let bits = 300
  var permutation = permutation()
  var seen = Set<Int>()
  for source in 0..<bits {
    var string = [UInt8](repeating: 0, count: bits)
    string[source] = 1
    let result = permuted(string, classes: [200, 90, 10], &permutation, seed: seed(1))
    let places = (0..<bits).filter { result.bit($0) == 1 }
    #expect(places.count == 1)
    seen.formUnion(places)
  }
  #expect(seen.count == bits)
}

/// All 24 orders of four bits come up equally often: chi squared with 23 degrees of freedom stays below 60
/// (probability 4e-5; the seeds are fixed).
@Test func permutation_ofFourBits_isUniform() {
  var permutation = permutation()
  var counts: [Int: Int] = [:]
  let runs = 4800
  for run in 0..<runs {
    var order = 0
    for source in 0..<4 {
      var string = [UInt8](repeating: 0, count: 4)
      string[source] = 1
      let result = permuted(string, classes: [4, 0, 0], &permutation, seed: seed(UInt64(run)))
      order = order * 4 + (0..<4).first { result.bit($0) == 1 }!
    }
    counts[order, default: 0] += 1
  }
  let expected = Double(runs) / 24
  let chi = counts.values.reduce(0.0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
  #expect(counts.count == 24 && chi < 60)
}

/// With several bins, a bit from anywhere lands anywhere: the first eighth of the source spreads evenly over eighths.
@Test func permutation_ofManyBins_mixesTheWholeBlock() {
  let bits = 400_000
  var permutation = permutation()
  let string = (0..<bits).map { UInt8($0 < bits / 8 ? 1 : 0) }
  let result = permuted(string, classes: [bits - 1000, 900, 100], &permutation, seed: seed(3))
  let bins = permutation.binCount
  #expect(bins == 8)
  for eighth in 0..<8 {
    let ones = (0..<bits / 8).count { result.bit(eighth * bits / 8 + $0) == 1 }
    let mean = Double(bits) / 64
    #expect(abs(Double(ones) - mean) < 6 * mean.squareRoot())
  }
}

/// Ones of the permuted string belong to the class of the source bit that they were.
@Test(arguments: [1, 63, 3000, 130_001]) func countOnes_afterThePermutation_findsTheClasses(bits: Int) {
  var permutation = permutation()
  var random = SeededRandom(seed: UInt64(bits))
  let classes: [3 of Int] = [bits * 6 / 10, bits * 3 / 10, bits - bits * 6 / 10 - bits * 3 / 10]
  let string = (0..<bits).map { _ in UInt8.random(in: 0..<10, using: &random) == 0 ? UInt8(1) : 0 }
  let result = permuted(string, classes: classes, &permutation, seed: seed(9))
  var counts: [3 of UInt64] = .init(repeating: 0)
  for bin in 0..<permutation.binCount { permutation.countOnes(of: bin, in: result, into: &counts) }
  let ends = [0, classes[0], classes[0] + classes[1], bits]
  for kind in 0..<3 {
    let ones = string[ends[kind]..<ends[kind + 1]].count { $0 == 1 }
    #expect(counts[kind] == UInt64(ones))
  }
}

/// Counted piece by piece, at pieces that cut through bins, the classes come to the same.
@Test func countOnes_ofPieces_addsUpToTheWhole() {
  let bits = 200_000
  var permutation = permutation()
  var random = SeededRandom(seed: 8)
  let string = (0..<bits).map { _ in UInt8.random(in: 0...1, using: &random) }
  let result = permuted(string, classes: [120_000, 70_000, 10_000], &permutation, seed: seed(2))
  var whole: [3 of UInt64] = .init(repeating: 0)
  for bin in 0..<permutation.binCount { permutation.countOnes(of: bin, in: result, into: &whole) }
  var pieces: [3 of UInt64] = .init(repeating: 0)
  for first in stride(from: 0, to: bits, by: 65_536) {
    let place = first..<min(bits, first + 65_536)
    var piece = Block<UInt64>.onHost(count: 1024)
    for bit in place { piece.setBit(bit - first, to: result.bit(bit)) }
    for bin in permutation.bins(over: place) { permutation.countOnes(of: bin, at: place, in: piece, into: &pieces) }
  }
  #expect(permutation.bins(over: 0..<bits) == 0..<permutation.binCount)
  for kind in 0..<3 { #expect(pieces[kind] == whole[kind]) }
}

@Test func bins_ofTheLargestBlock_fitTheMemory() {
  let counts = [1, 57_344, 57_345, BlockPermutation.bitsMax].map(BlockPermutation.binCount)
  #expect(counts == [1, 1, 2, 8192])
}

@Test(arguments: 2...16) func group_ofAnyLength_hasTheParitiesOfTheDefinition(length: Int) {
  let group = ParityGroup(length: length)
  var random = SeededRandom(seed: UInt64(length))
  for _ in 0..<200 {
    let alice = random.next() & group.ones
    let bob = random.next() & group.ones
    let parities = group.parities(of: alice)
    for j in 1..<length { #expect(parities >> UInt64(j - 1) & 1 == (alice ^ alice >> UInt64(j)) & 1) }
    #expect(parities >> UInt64(length - 1) == 0)
    let difference = parities ^ group.parities(of: bob)
    #expect((difference == 0) == (alice == bob || alice ^ bob == group.ones))
    #expect(group.errors(difference: difference, firstDiffers: (alice ^ bob) & 1) == alice ^ bob)
  }
}
