public import FixedStorage

/// Alice's end: answers parities of her tile and never asks.
///
/// The peer may be hostile: every request is checked whole before a bit of it is answered, and at most `disclosureMax`
/// parities of a tile ever leave. A top node or a half costs constant time, from prefix parities made once per pass;
/// opening a pass costs one permutation of the tile. No branch and no address depends on the tile's bits.
public struct ParityReference: ~Copyable {
  /// `UInt64` elements of `words`: the tile and one prefix-parity row per pass (139 KiB).
  public static var wordCount: Int { CascadeLimits.tileWords + CascadeLimits.passesMax * rowWords }

  /// A row has one more bit than the tile.
  private static var rowWords: Int { CascadeLimits.tileWords + 1 }

  private var words: Block<UInt64>
  private var shape = TileShape(bits: 1)
  private var seed: UInt64 = 0
  private var exponents: [16 of UInt8] = .init(repeating: 0)
  private var passes = 0
  private var disclosureMax = 0
  /// Parities of this tile that have left so far.
  public private(set) var disclosedBits = 0

  /// The block must have at least `wordCount` elements.
  public init(words: consuming Block<UInt64>) {
    precondition(words.count >= Self.wordCount)
    self.words = words
  }

  /// Takes a copy of the first `bits` bits of `tile`. `seed` is public and must be drawn after the last detection.
  public mutating func begin(tile: Span<UInt64>, bits: Int, seed: UInt64, disclosureMax: Int) {
    precondition(disclosureMax >= 0 && tile.count >= Bits.words(for: bits))
    shape = TileShape(bits: bits)
    for i in 0..<Bits.words(for: bits) { words[i] = tile[i] }
    self.seed = seed
    self.disclosureMax = disclosureMax
    passes = 0
    disclosedBits = 0
  }

  /// Erases the tile and everything derived from it. Until the next `begin` no request is answered.
  public mutating func wipe() {
    words.wipe()
    shape = TileShape(bits: 1)
    passes = 0
    disclosureMax = 0
    disclosedBits = 0
  }

  /// Writes the answer to one request.
  ///
  /// - Returns: The bytes written to `reply` and the parities among them, which the ledger must be charged.
  /// - Throws: Nothing was disclosed and no pass was opened.
  public mutating func answer(
    _ request: Span<UInt8>, into reply: inout MutableSpan<UInt8>
  ) throws(ReconciliationFault) -> (bytes: Int, disclosedBits: Int) {
    guard request.count >= 1, request.count <= CascadeLimits.messageBytesMax else { throw .malformed }
    let bits =
      switch request[0] {
      case RequestKind.tops: try answerTops(request, into: &reply)
      case RequestKind.halves: try answerHalves(request, into: &reply)
      default: throw .malformed
      }
    disclosedBits += bits
    return (Message.replyBytes(for: bits), bits)
  }

  private mutating func answerTops(
    _ request: Span<UInt8>, into reply: inout MutableSpan<UInt8>
  ) throws(ReconciliationFault) -> Int {
    guard request.count > Message.topsHeaderBytes else { throw .malformed }
    let first = Int(request[1])
    let count = Int(request[2])
    guard request.count == Message.topsHeaderBytes + count else { throw .malformed }
    guard first == passes, first + count <= CascadeLimits.passesMax else { throw .outOfOrder }
    var bits = 0
    for i in 0..<count {
      let exponent = Int(request[Message.topsHeaderBytes + i])
      guard let allowed = shape.exponents(pass: first + i), allowed.contains(exponent) else { throw .nodeOutOfRange }
      bits += shape.askedTops(exponent: exponent, pass: first + i)
    }
    try clear(&reply, for: bits)
    var at = 0
    for i in 0..<count {
      let exponent = Int(request[Message.topsHeaderBytes + i])
      open(exponent: exponent)
      let tops = shape.tops(exponent: exponent)
      for node in tops..<tops + shape.askedTops(exponent: exponent, pass: first + i) {
        put(parity(of: node, pass: first + i), at: at, of: &reply)
        at += 1
      }
    }
    return bits
  }

  /// The lists are read twice: the request is refused whole, or answered whole.
  private func answerHalves(
    _ request: Span<UInt8>, into reply: inout MutableSpan<UInt8>
  ) throws(ReconciliationFault) -> Int {
    guard request.count > Message.halvesHeaderBytes, request[1] > 0 else { throw .malformed }
    var offset = Message.halvesHeaderBytes
    var bits = 0
    var previous = -1
    for _ in 0..<request[1] {
      guard offset + Message.listHeaderBytes < request.count else { throw .malformed }
      guard Int(request[offset]) > previous else { throw .malformed }
      previous = Int(request[offset])
      bits += try checkList(in: request, at: &offset)
    }
    guard offset == request.count else { throw .malformed }
    try clear(&reply, for: bits)
    offset = Message.halvesHeaderBytes
    var at = 0
    while at < bits {
      let pass = Int(request[offset])
      let count = Message.listCount(in: request, at: offset)
      offset += Message.listHeaderBytes
      var node = firstTop(pass: pass) - 1
      for _ in 0..<count {
        node += 1 + (try Message.gap(in: request, at: &offset))
        put(parity(of: 2 * node, pass: pass), at: at, of: &reply)
        at += 1
      }
    }
    return bits
  }

  /// Checks one list, moves `offset` past it and returns the number of its nodes.
  private func checkList(in request: Span<UInt8>, at offset: inout Int) throws(ReconciliationFault) -> Int {
    let pass = Int(request[offset])
    let count = Message.listCount(in: request, at: offset)
    guard count > 0 else { throw .malformed }
    guard pass < passes else { throw .outOfOrder }
    offset += Message.listHeaderBytes
    var node = firstTop(pass: pass) - 1
    for _ in 0..<count {
      node += 1 + (try Message.gap(in: request, at: &offset))
      guard node < shape.slots, shape.hasTwoHalves(node) else { throw .nodeOutOfRange }
    }
    return count
  }

  private func firstTop(pass: Int) -> Int { shape.tops(exponent: Int(exponents[pass])) }

  /// Checks that `bits` parities may and can be sent, and zeroes their bytes.
  private func clear(_ reply: inout MutableSpan<UInt8>, for bits: Int) throws(ReconciliationFault) {
    guard bits <= CascadeLimits.replyBitsMax, Message.replyBytes(for: bits) <= reply.count else { throw .replyTooLong }
    guard bits <= disclosureMax - disclosedBits else { throw .disclosureExhausted }
    for i in 0..<Message.replyBytes(for: bits) { reply[i] = 0 }
  }

  @inline(__always)
  private func put(_ parity: UInt64, at index: Int, of reply: inout MutableSpan<UInt8>) {
    reply[index >> 3] |= UInt8(truncatingIfNeeded: parity) << UInt8(index & 7)
  }

  @inline(__always)
  private func parity(of node: Int, pass: Int) -> UInt64 {
    let positions = shape.positions(of: node)
    let row = pass * Self.rowWords + CascadeLimits.tileWords
    return words.bit(row << 6 + positions.lowerBound) ^ words.bit(row << 6 + positions.upperBound)
  }

  /// Permutes the tile and stores, for every `x` in `0...bits`, the parity of the first `x` permuted bits.
  private mutating func open(exponent: Int) {
    let permutation = PassPermutation(shape: shape, tileSeed: seed, pass: passes)
    let row = passes * Self.rowWords + CascadeLimits.tileWords
    var carry: UInt64 = 0
    for word in 0...shape.bits >> 6 {
      let first = word << 6
      var bits = permutation.permutedBits(of: words.span, from: first, count: min(64, shape.bits - first))
      let ones = bits.nonzeroBitCount
      // After shifts of 1, 2, 4 ... 32, bit `i` holds the parity of bits 0...i; one more shift excludes bit `i`.
      var shift: UInt64 = 1
      while shift < 64 {
        bits ^= bits &<< shift
        shift &<<= 1
      }
      words[row + word] = (bits &<< 1) ^ (0 &- carry)
      carry ^= UInt64(truncatingIfNeeded: ones & 1)
    }
    exponents[passes] = UInt8(truncatingIfNeeded: exponent)
    passes += 1
  }
}
