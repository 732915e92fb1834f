public import FixedStorage

/// One exactly uniform permutation of a whole block, made in two passes over memory.
///
/// First every bit goes to a bin that is drawn uniformly; a bin keeps the order of arrival. Then the bits of each bin
/// are shuffled by Fisher and Yates. The bins laid end to end are a uniform permutation of the block (Rao 1961,
/// Sandelius 1962): any two orders of the block have the same probability, since given the sizes of the bins each
/// assignment and each order inside is equally likely. A bin fits the nearest caches, which is what the two passes are
/// for. The bound on good groups needs the permutation of the whole block: permuted inside tiles only, Eve may make
/// single photons dense where errors are (finite-key.md section 4).
///
/// The permutation is public. The source is in class order, so inside a bin, before its shuffle, the classes follow
/// each other: their counts a bin are all that is needed to count errors by class afterwards.
public struct BlockPermutation: ~Copyable {
  public static let bitsMax = 1 << 28
  /// Bins are about this large at most; see `binCount(for:)`.
  static let binMeanMax = 57_344
  static let binBitsMax = 65_535
  static let binsMax = 8192
  static let classes = 3
  /// Words of the block `bins`: an end and three class counts for each.
  public static let binWords = binsMax * (1 + classes)
  /// Bytes of the block `labels`: one for every bit of a bin.
  public static let labelBytes = 65_536

  private let inPlace = InPlace()
  private var bins: Block<UInt32>
  private var labels: Block<UInt8>
  private var seed: [32 of UInt8] = .init(repeating: 0)
  private var stream = PublicStream(seed: .init(repeating: 0), kind: 0, index: 0)
  /// Where each class ends in the source.
  private var classEnds: [3 of Int] = .init(repeating: 0)
  private var bits = 0
  public private(set) var binCount = 0
  /// Source bits that were counted, then those that were placed.
  private var seen = 0
  /// The bin whose classes `labels` holds.
  private var labelled: Int?

  public init(bins: consuming Block<UInt32>, labels: consuming Block<UInt8>) {
    precondition(bins.count == Self.binWords && labels.count == Self.labelBytes)
    self.bins = bins
    self.labels = labels
  }

  /// The smallest power of two that keeps the mean size of a bin at 57 344 bits: 65 535 is then 34 standard deviations
  /// away.
  public static func binCount(for bits: Int) -> Int {
    var count = 1
    while count * binMeanMax < bits { count *= 2 }
    return count
  }

  /// Begins a block whose classes have these sizes, in the order of the source.
  public mutating func begin(classSizes: [3 of Int], seed: [32 of UInt8]) {
    bits = classSizes[0] + classSizes[1] + classSizes[2]
    precondition(bits <= Self.bitsMax)
    classEnds = [classSizes[0], classSizes[0] + classSizes[1], bits]
    self.seed = seed
    binCount = Self.binCount(for: bits)
    bins.wipe()
    labelled = nil
    restart()
  }

  /// Counts the bins of up to `limit` further source bits; true when all are counted.
  public mutating func count(limit: Int) -> Bool {
    let end = min(bits, seen + limit)
    let mask = binCount - 1
    for kind in 0..<Self.classes {
      let stop = min(end, classEnds[kind])
      while seen < stop {
        bins[Self.binsMax * (1 + kind) + Int(stream.next()) & mask] += 1
        seen += 1
      }
    }
    guard seen == bits else { return false }
    layOut()
    restart()
    return true
  }

  /// Whether every bin can be shuffled. The chance that one cannot is below 1e-200.
  public var fits: Bool {
    for bin in 0..<binCount where size(bin) > Self.binBitsMax { return false }
    return true
  }

  /// Puts the next `count` source bits, the first in bit 0 of `word`, into their bins. `string` was zero before.
  public mutating func scatter(_ word: UInt64, count: Int, into string: inout Block<UInt64>) {
    precondition(seen + count <= bits)
    let mask = binCount - 1
    var rest = word
    for _ in 0..<count {
      let bin = Int(stream.next()) & mask
      let place = Int(bins[bin])
      bins[bin] += 1
      string[place >> 6] |= (rest & 1) << UInt64(place & 63)
      rest >>= 1
    }
    seen += count
  }

  /// Shuffles one bin, after all bits were scattered.
  public mutating func shuffle(_ bin: Int, of string: inout Block<UInt64>) {
    let start = start(of: bin)
    let size = size(bin)
    labelled = nil
    // A byte for every bit, so that no swap has to shift.
    for first in stride(from: 0, to: size, by: 8) {
      labels.setBytes(at: first, toBits: string.bits(at: start + first, count: min(8, size - first)))
    }
    shuffleLabels(bin, size: size)
    for first in stride(from: 0, to: size, by: 8) {
      string.setBits(at: start + first, count: min(8, size - first), to: labels.lowestBits(ofBytesAt: first))
    }
    // They were bits of the key.
    labels.wipe(0..<(size + 7) & ~7)
  }

  /// Adds the ones of one bin of `string`, a permuted string, to the counts of the classes they belong to.
  public mutating func countOnes(of bin: Int, in string: borrowing Block<UInt64>, into counts: inout [3 of UInt64]) {
    countOnes(of: bin, at: 0..<bits, in: string, into: &counts)
  }

  /// The same for a part of a permuted string: `part` holds its bits at `place`, from bit 0 on. Ones outside of the bin
  /// do not count.
  public mutating func countOnes(
    of bin: Int, at place: Range<Int>, in part: borrowing Block<UInt64>, into counts: inout [3 of UInt64]
  ) {
    labelShuffled(bin)
    let start = start(of: bin)
    let common = (start..<start + size(bin)).clamped(to: place)
    for first in stride(from: common.lowerBound, to: common.upperBound, by: 64) {
      var ones = part.bits(at: first - place.lowerBound, count: min(64, common.upperBound - first))
      while ones != 0 {
        counts[Int(labels[first - start + ones.trailingZeroBitCount])] += 1
        ones &= ones - 1
      }
    }
  }

  /// The bins that hold the bits at `place` of the permuted string.
  public func bins(over place: Range<Int>) -> Range<Int> {
    var first = 0
    while first < binCount, Int(bins[first]) <= place.lowerBound { first += 1 }
    var end = first
    while end < binCount, start(of: end) < place.upperBound { end += 1 }
    return first..<end
  }

  /// Labels the places of a bin with the class that each bit came from.
  private mutating func labelShuffled(_ bin: Int) {
    guard labelled != bin else { return }
    label(bin)
    shuffleLabels(bin, size: size(bin))
    labelled = bin
  }

  /// Shuffles the bytes of a bin by Fisher and Yates.
  private mutating func shuffleLabels(_ bin: Int, size: Int) {
    guard size > 1 else { return }
    precondition(size <= Self.binBitsMax)
    var draws = PublicStream(seed: seed, kind: 1, index: UInt32(bin))
    var range = FallingRange(UInt32(size))
    while true {
      labels.exchange(draws.next(below: range), Int(range.value) - 1)
      if range.value == 2 { return }
      range.fall()
    }
  }

  /// Labels the places of a bin before its shuffle.
  private mutating func label(_ bin: Int) {
    var place = 0
    for kind in 0..<Self.classes {
      let end = place + Int(bins[Self.binsMax * (1 + kind) + bin])
      while place < end {
        labels[place] = UInt8(kind)
        place += 1
      }
    }
  }

  private func size(_ bin: Int) -> Int {
    var size = 0
    for kind in 0..<Self.classes { size += Int(bins[Self.binsMax * (1 + kind) + bin]) }
    return size
  }

  /// After the scatter the pointer of a bin stands at its end.
  private func start(of bin: Int) -> Int {
    precondition(seen == bits && bin >= 0 && bin < binCount)
    return Int(bins[bin]) - size(bin)
  }

  /// Sets the pointer of each bin to its first place.
  private mutating func layOut() {
    var next = 0
    for bin in 0..<binCount {
      bins[bin] = UInt32(next)
      next += size(bin)
    }
  }

  private mutating func restart() {
    stream = PublicStream(seed: seed, kind: 0, index: 0)
    seen = 0
  }
}
