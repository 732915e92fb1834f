/// The binary tree over one tile, the same in every pass.
///
/// The tile's `bits` positions are spread evenly over `1 << depth` slots, the next power of two, so that every node
/// halves its positions to within one. Nodes are numbered as in a heap: the root is 1, the halves of `p` are `2p` and
/// `2p + 1`, slot `s` is the leaf `slots + s`. Since more than half of the slots are filled, only a leaf can be empty.
struct TileShape: Sendable {
  let bits: Int
  let depth: Int

  init(bits: Int) {
    precondition(bits >= 1 && bits <= CascadeLimits.tileBitsMax)
    self.bits = bits
    depth = Int.bitWidth - (bits - 1).leadingZeroBitCount
  }

  var slots: Int { 1 << depth }

  /// The number of positions in the slots before `slot`: the least `x` with `x * slots >= slot * bits`.
  @inline(__always)
  func positions(before slot: Int) -> Int { (slot * bits + slots - 1) >> depth }

  /// The slot of a position.
  @inline(__always)
  func slot(of position: Int) -> Int { (position << depth) / bits }

  /// 0 for a leaf, `depth` for the root.
  @inline(__always)
  func level(of node: Int) -> Int { depth - (Int.bitWidth - 1 - node.leadingZeroBitCount) }

  /// The positions below a node.
  @inline(__always)
  func positions(of node: Int) -> Range<Int> {
    let level = level(of: node)
    let firstSlot = node << level - slots
    return positions(before: firstSlot)..<positions(before: firstSlot + 1 << level)
  }

  /// Below level 2 a node may have an empty half; at level 1 exactly when it holds one position.
  @inline(__always)
  func hasTwoHalves(_ node: Int) -> Bool {
    let level = level(of: node)
    return level > 1 || (level == 1 && positions(of: node).count == 2)
  }

  /// The number of top nodes in a pass that starts with nodes of level `exponent`; also the number of the first.
  func tops(exponent: Int) -> Int { 1 << (depth - exponent) }

  /// Top nodes whose parity is sent. From pass 1 on the last follows from the parity of the whole tile.
  func askedTops(exponent: Int, pass: Int) -> Int { tops(exponent: exponent) - (pass == 0 ? 0 : 1) }

  /// Exponents a pass may have: no empty top node, and at least one parity to ask.
  func exponents(pass: Int) -> ClosedRange<Int>? {
    let lowest = depth >= 2 ? 1 : 0
    let highest = pass == 0 ? depth : depth - 1
    return lowest <= highest ? lowest...highest : nil
  }
}
