import FixedStorage

/// Bob's knowledge: for every pass a tree of his own parities, and for which nodes Alice's are known.
///
/// Three bits per node. `own` is the parity of Bob's bits as corrected so far, `known` says that Alice's parity of the
/// node is known, and `odd` that it differs. `odd` is kept on the *frontier* only: the known nodes whose halves are not
/// known. Halves become known together, so the known nodes are closed upwards and each position lies under exactly one
/// frontier node. Every frontier node has two non-empty halves or is a leaf, and no leaf is odd, because its bit is
/// corrected at once. Branches and addresses follow the disclosed parities and the positions of errors, never a bit.
struct ParityForest: ~Copyable {
  static var wordCount: Int { CascadeLimits.tileWords + CascadeLimits.passesMax * treeWords }
  private static var bitsetWords: Int { 2 * CascadeLimits.tileWords }
  private static var treeWords: Int { 3 * bitsetWords }

  private let inPlace = InPlace()
  /// The tile, then per pass the bit sets `own`, `known` and `odd`, indexed by node.
  private var words: Block<UInt64>
  private var permutations: [16 of PassPermutation]
  /// Odd frontier nodes by pass and level, 17 levels to a pass.
  private var oddCounts: [272 of UInt16] = .init(repeating: 0)
  private var exponents: [16 of UInt8] = .init(repeating: 0)
  private(set) var shape = TileShape(bits: 1)
  private(set) var passes = 0
  private(set) var errors = 0

  init(words: consuming Block<UInt64>) {
    precondition(words.count >= Self.wordCount)
    self.words = words
    permutations = .init(repeating: PassPermutation(shape: TileShape(bits: 1), tileSeed: 0, pass: 0))
  }

  mutating func begin(tile: Span<UInt64>, bits: Int) {
    precondition(tile.count >= Bits.words(for: bits))
    for i in 0..<Bits.words(for: bits) { words[i] = tile[i] }
    restart(shape: TileShape(bits: bits))
  }

  mutating func wipe() {
    words.wipe()
    restart(shape: TileShape(bits: 1))
  }

  var corrected: Span<UInt64> {
    @_lifetime(borrow self)
    borrowing get { words.span.extracting(first: Bits.words(for: shape.bits)) }
  }

  private mutating func restart(shape: TileShape) {
    self.shape = shape
    for i in oddCounts.indices { oddCounts[i] = 0 }
    passes = 0
    errors = 0
  }

  // MARK: Opening a pass

  /// The first top node of an open pass.
  func firstTop(pass: Int) -> Int { shape.tops(exponent: exponent(pass: pass)) }

  func exponent(pass: Int) -> Int { Int(exponents[pass]) }

  /// Opens the next pass: permutes the tile and computes Bob's parity of every node. Nothing is known of it yet.
  mutating func open(exponent: Int, seed: UInt64) {
    let pass = passes
    permutations[pass] = PassPermutation(shape: shape, tileSeed: seed, pass: pass)
    for i in 0..<Self.treeWords { words[own(pass) >> 6 + i] = 0 }
    fillLeaves(pass: pass)
    sumUpwards(pass: pass)
    exponents[pass] = UInt8(truncatingIfNeeded: exponent)
    passes += 1
  }

  private mutating func fillLeaves(pass: Int) {
    let slots = shape.slots
    var firstSlot = 0
    while firstSlot < slots {
      let end = min(firstSlot + 64, slots)
      words[(own(pass) + slots + firstSlot) >> 6] |= leaves(of: firstSlot..<end, pass: pass)
      firstSlot = end
    }
  }

  /// The tile bits in at most 64 slots, each at its leaf's place in the word; an empty slot is zero.
  /// Where every slot holds a position, the two are the same number.
  private func leaves(of range: Range<Int>, pass: Int) -> UInt64 {
    let tile = words.span
    let permutation = permutations[pass]
    if shape.bits == shape.slots {
      let bits = permutation.permutedBits(of: tile, from: range.lowerBound, count: range.count)
      return bits &<< UInt64(truncatingIfNeeded: (shape.slots &+ range.lowerBound) & 63)
    }
    let positions = shape.positions(before: range.lowerBound)..<shape.positions(before: range.upperBound)
    guard !positions.isEmpty else { return 0 }
    var bits = permutation.permutedBits(of: tile, from: positions.lowerBound, count: positions.count)
    var leaves: UInt64 = 0
    // A slot holds a position where `positions(before:)` grows. It grows by at most one, when the sum carries.
    let first = UInt64(truncatingIfNeeded: (shape.slots &+ range.lowerBound) & 63)
    let size = UInt64(truncatingIfNeeded: shape.bits)
    let mask = UInt64(truncatingIfNeeded: shape.slots - 1)
    var sum = (UInt64(truncatingIfNeeded: range.lowerBound) &* size &+ mask) & mask
    for slot in 0..<UInt64(truncatingIfNeeded: range.count) {
      sum &+= size
      let isFull = sum &>> UInt64(truncatingIfNeeded: shape.depth)
      sum &= mask
      leaves |= (bits & isFull) &<< (first &+ slot)
      bits &>>= isFull
    }
    return leaves
  }

  /// A word of 64 nodes yields 32 parents, half a word, down to the words 0 and 1, whose parents are made singly.
  private mutating func sumUpwards(pass: Int) {
    let start = own(pass) >> 6
    var word = 2 * shape.slots >> 6 - 1
    while word >= 2 {
      let sums = words[start + word] ^ words[start + word] &>> 1
      words[start + word >> 1] |= Self.evenBits(of: sums) &<< UInt64(truncatingIfNeeded: 32 * (word & 1))
      word -= 1
    }
    var node = min(64, shape.slots) - 1
    while node >= 1 {
      let sum = words.bit(own(pass) + 2 * node) ^ words.bit(own(pass) + 2 * node + 1)
      words.setBit(own(pass) + node, to: sum)
      node -= 1
    }
  }

  /// The bits 0, 2, 4 ... 62, packed (Warren, Hacker's Delight, 7-4).
  @inline(__always)
  private static func evenBits(of word: UInt64) -> UInt64 {
    var x = word & 0x5555_5555_5555_5555
    x = (x | x &>> 1) & 0x3333_3333_3333_3333
    x = (x | x &>> 2) & 0x0f0f_0f0f_0f0f_0f0f
    x = (x | x &>> 4) & 0x00ff_00ff_00ff_00ff
    x = (x | x &>> 8) & 0x0000_ffff_0000_ffff
    return (x | x &>> 16) & 0x0000_0000_ffff_ffff
  }

  // MARK: Learning parities

  /// Takes in Alice's parity of a top node.
  mutating func learn(top node: Int, parity: UInt64, pass: Int) throws(ReconciliationFault) {
    try place(node, isOdd: parity != words.bit(own(pass) + node), pass: pass)
  }

  /// Takes in Alice's parity of the left half of a frontier node; the right half follows. The node was odd when asked,
  /// but a correction from another pass may have made it even since, and then its halves are both odd or both even.
  mutating func halve(_ node: Int, leftParity: UInt64, pass: Int) throws(ReconciliationFault) {
    let isOdd = words.bit(odd(pass) + node) == 1
    if isOdd { toggleOdd(node, pass: pass) }
    let leftIsOdd = leftParity != words.bit(own(pass) + 2 * node)
    try place(2 * node, isOdd: leftIsOdd, pass: pass)
    try place(2 * node + 1, isOdd: leftIsOdd != isOdd, pass: pass)
  }

  /// Makes a node known. A node of one position is known down to its leaf, and corrected when odd.
  private mutating func place(_ node: Int, isOdd: Bool, pass: Int) throws(ReconciliationFault) {
    words.setBit(known(pass) + node, to: 1)
    if shape.hasTwoHalves(node) {
      if isOdd { toggleOdd(node, pass: pass) }
      return
    }
    var leaf = node
    if shape.level(of: node) == 1 {
      words.setBit(known(pass) + 2 * node, to: 1)
      words.setBit(known(pass) + 2 * node + 1, to: 1)
      leaf = shape.positions(of: 2 * node).isEmpty ? 2 * node + 1 : 2 * node
    }
    if isOdd { try correct(leaf: leaf, pass: pass) }
  }

  /// Flips the bit of a leaf of `pass` and the parities above it in every pass.
  ///
  /// The frontier node above it in each other pass changes between odd and even. That node cannot be a leaf: Alice
  /// would have told two different values of one bit. So no bit is flipped twice, whatever she sends.
  private mutating func correct(leaf: Int, pass: Int) throws(ReconciliationFault) {
    let index = permutations[pass].index(at: shape.positions(before: leaf - shape.slots))
    words[index >> 6] ^= 1 &<< UInt64(truncatingIfNeeded: index & 63)
    errors += 1
    for other in 0..<passes {
      var node = shape.slots + shape.slot(of: permutations[other].position(of: index))
      let isKnownLeaf = words.bit(known(other) + node) == 1
      guard other == pass || !isKnownLeaf else { throw .contradiction }
      var isBelowFrontier = !isKnownLeaf
      let top = firstTop(pass: other)
      while node >= top {
        toggle(own(other) + node)
        if isBelowFrontier && words.bit(known(other) + node) == 1 {
          isBelowFrontier = false
          toggleOdd(node, pass: other)
        }
        node >>= 1
      }
    }
  }

  @inline(__always)
  private mutating func toggle(_ bit: Int) { words[bit >> 6] ^= 1 &<< UInt64(truncatingIfNeeded: bit & 63) }

  private mutating func toggleOdd(_ node: Int, pass: Int) {
    toggle(odd(pass) + node)
    let count = 17 * pass + shape.level(of: node)
    if words.bit(odd(pass) + node) == 1 { oddCounts[count] += 1 } else { oddCounts[count] -= 1 }
  }

  // MARK: Choosing what to ask

  /// The pass of the smallest odd node; of equals the earliest pass.
  func passOfSmallestOdd() -> Int? {
    for level in 1...16 {
      for pass in 0..<passes where oddCounts[17 * pass + level] > 0 { return pass }
    }
    return nil
  }

  /// The slots under the odd nodes of a pass.
  func oddSlots(pass: Int) -> Int {
    var sum = 0
    for level in 1...16 { sum += Int(oddCounts[17 * pass + level]) << level }
    return sum
  }

  /// The first odd node of a pass in a range of nodes.
  func firstOdd(in nodes: Range<Int>, pass: Int) -> Int? {
    var node = nodes.lowerBound
    while node < nodes.upperBound {
      let bits = words[(odd(pass) + node) >> 6] &>> UInt64(truncatingIfNeeded: node & 63)
      if bits != 0 {
        node += bits.trailingZeroBitCount
        return node < nodes.upperBound ? node : nil
      }
      node = (node | 63) + 1
    }
    return nil
  }

  // MARK: Layout

  /// Bit offsets of the three sets of a pass in `words`.
  @inline(__always)
  private func own(_ pass: Int) -> Int { (CascadeLimits.tileWords + pass * Self.treeWords) << 6 }
  @inline(__always)
  private func known(_ pass: Int) -> Int { own(pass) + Self.bitsetWords << 6 }
  @inline(__always)
  private func odd(_ pass: Int) -> Int { own(pass) + 2 * Self.bitsetWords << 6 }
}
