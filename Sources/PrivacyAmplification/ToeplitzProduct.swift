import FixedStorage

/// The product of a square Toeplitz matrix and a piece of key, in bounded steps.
///
/// A product of `n` words takes three of half the size (Fan and Hasan, IEEE Trans. Computers 56, 224, 2007): with the
/// seed in overlapping windows A, B, C and the key in halves V, W, `(A V + B W, B V + C W)` is
/// `((A + B) V + B (V + W), (B + C) W + B (V + W))`. So time grows with the power log2 3 of the size. Sums of the seed
/// are public, like the seed; time and addresses depend on sizes and on the seed alone.
struct ToeplitzProduct: ~Copyable {
  /// The largest product, in words of key and of output.
  static let wordsMax = 1 << 14
  /// The largest product that one step makes. Measured on x86-64: 0.1 ms by carry-less products, 0.6 ms portable.
  static let stepWords = 1 << 10
  /// Words of the arena: seed, key and output of every level, each level half of the one above.
  static var arenaWords: Int { 8 * wordsMax + ToeplitzKernel.scratchWords }
  /// Words of the smallest product.
  static var wordsMin: Int { ToeplitzKernel.words }

  private(set) var arena: Block<UInt64>
  private let kernel: ToeplitzKernel
  private(set) var words = 0
  /// Which third of each level above a step is in work, the top first.
  private var thirds: [4 of UInt8] = .init(repeating: 0)
  /// The first level of which another third begins.
  private var fresh = 0

  init(arena: consuming Block<UInt64>, kernel: ToeplitzKernel) {
    precondition(arena.count >= Self.arenaWords)
    self.arena = arena
    self.kernel = kernel
  }

  /// Begins a product of `words` words, a power of two; the output is zero.
  mutating func begin(words: Int) {
    precondition(words >= Self.wordsMin && words <= Self.wordsMax && words & (words - 1) == 0)
    self.words = words
    thirds = .init(repeating: 0)
    fresh = 0
    arena.clear(outPlace(0)..<(outPlace(0) + words))
  }

  /// The seed, moved up by one bit, `2 * words` words.
  mutating func setSeed(_ word: Int, to value: UInt64) { arena[word] = value }
  /// The key, its words in order and the bits of each reversed.
  mutating func setKey(_ word: Int, to value: UInt64) { arena[2 * words + word] = value }
  /// The product, after the last step.
  func out(_ word: Int) -> UInt64 { arena[outPlace(0) + word] }

  /// Levels above the products of one step.
  private var levels: Int {
    max(0, words.trailingZeroBitCount - Self.stepWords.trailingZeroBitCount)
  }

  /// Steps of a product of so many words.
  static func steps(words: Int) -> Int {
    var steps = 1
    var size = words
    while size > stepWords {
      steps *= 3
      size /= 2
    }
    return steps
  }

  /// One bounded piece of the product; true after the last.
  mutating func step() -> Bool {
    for level in fresh..<levels { layOut(thirds[level], of: level) }
    multiply(
      Frame(
        seed: seedPlace(levels), key: keyPlace(levels), out: outPlace(levels), free: seedPlace(levels + 1),
        words: words >> levels))
    var level = levels - 1
    while level >= 0 {
      addUp(thirds[level], of: level)
      thirds[level] += 1
      guard thirds[level] == 3 else {
        fresh = level
        return false
      }
      thirds[level] = 0
      level -= 1
    }
    return true
  }

  mutating func wipe() {
    arena.wipe()
    words = 0
  }

  // MARK: Levels above a step

  // Level `l` has the seed, the key and the output of `words >> l` words one behind the other.
  private func seedPlace(_ level: Int) -> Int { 8 * (words - words >> level) }
  private func keyPlace(_ level: Int) -> Int { seedPlace(level) + 2 * (words >> level) }
  private func outPlace(_ level: Int) -> Int { seedPlace(level) + 3 * (words >> level) }

  /// Makes seed and key of one third of a level: A + B and V, then B + C and W, then B and V + W.
  private mutating func layOut(_ third: UInt8, of level: Int) {
    let half = words >> (level + 1)
    let (seed, key) = (seedPlace(level), keyPlace(level))
    let (newSeed, newKey, newOut) = (seedPlace(level + 1), keyPlace(level + 1), outPlace(level + 1))
    switch third {
    case 0:
      arena.setSum(at: newSeed, of: seed, seed + half, count: 2 * half)
      for i in 0..<half { arena[newKey + i] = arena[key + i] }
    case 1:
      arena.setSum(at: newSeed, of: seed + half, seed + 2 * half, count: 2 * half)
      for i in 0..<half { arena[newKey + i] = arena[key + half + i] }
    default:
      for i in 0..<2 * half { arena[newSeed + i] = arena[seed + half + i] }
      arena.setSum(at: newKey, of: key, key + half, count: half)
    }
    arena.clear(newOut..<(newOut + half))
  }

  /// Adds the output of a third to its level.
  private mutating func addUp(_ third: UInt8, of level: Int) {
    let half = words >> (level + 1)
    let (out, part) = (outPlace(level), outPlace(level + 1))
    if third != 1 { arena.setSum(at: out, of: out, part, count: half) }
    if third != 0 { arena.setSum(at: out + half, of: out + half, part, count: half) }
  }

  // MARK: Levels inside a step

  /// Places of one product in the arena, and where free words begin.
  private struct Frame {
    var seed: Int
    var key: Int
    var out: Int
    var free: Int
    var words: Int
  }

  /// Adds a product to its output.
  private mutating func multiply(_ frame: Frame) {
    guard frame.words > Self.wordsMin else {
      return kernel.multiply(seed: frame.seed, key: frame.key, out: frame.out, in: &arena)
    }
    let half = frame.words / 2
    let sums = frame.free
    let part = sums + half
    arena.setSum(at: sums, of: frame.seed, frame.seed + half, count: 2 * half)
    multiply(Frame(seed: sums, key: frame.key, out: frame.out, free: sums + 2 * half, words: half))
    arena.setSum(at: sums, of: frame.seed + half, frame.seed + 2 * half, count: 2 * half)
    multiply(
      Frame(seed: sums, key: frame.key + half, out: frame.out + half, free: sums + 2 * half, words: half))
    arena.setSum(at: sums, of: frame.key, frame.key + half, count: half)
    arena.clear(part..<(part + half))
    multiply(Frame(seed: frame.seed + half, key: sums, out: part, free: sums + 2 * half, words: half))
    arena.setSum(at: frame.out, of: frame.out, part, count: half)
    arena.setSum(at: frame.out + half, of: frame.out + half, part, count: half)
  }
}
