import HostStorage
import Reconciliation
import Testing

// The expected values come from a Python program after Documentation/Protocol/Reconciliation.md sharing no code with
// this package: exact integers, a tile kept as one number, node parities summed bit by bit.
private let seed: UInt64 = 0x0123_4567_89ab_cdef

@Test func order_matchesPublishedVectors() {
  let orders = (0..<3).map { pass in NaiveReference.order(bits: 11, seed: seed, pass: pass) }
  #expect(orders[0] == [4, 8, 5, 3, 0, 7, 6, 9, 2, 10, 1])
  #expect(orders[1] == [10, 3, 1, 4, 5, 8, 7, 9, 6, 0, 2])
  #expect(orders[2] == [2, 9, 5, 10, 8, 6, 0, 4, 7, 3, 1])
  let long = NaiveReference.order(bits: 65_536, seed: seed, pass: 13)
  #expect(long.reduce(UInt64(0)) { $0 &* 31 &+ UInt64($1) } == 0x7756_f7bb_0fe7_5950)
}

/// Three passes opened at once, then five halves of two passes, on the 11-bit tile 01000010000 (bit 10 first).
@Test func reference_matchesPublishedVectors() throws {
  var link = Link()
  let tile: [UInt64] = [528]
  link.alice.begin(tile: tile.span, bits: 11, seed: seed, disclosureMax: 17)
  link.request.replaceSubrange(0..<6, with: [1, 0, 3, 1, 2, 3])
  let tops = try link.answer(6)
  #expect(tops == (2, 12) && link.reply[..<2] == [0x21, 0x0e])
  link.request.replaceSubrange(0..<13, with: [2, 2, 0, 2, 0, 0, 1, 2, 3, 0, 0, 2, 7])
  let halves = try link.answer(13)
  #expect(halves == (1, 5) && link.reply[0] == 0x15)
}

/// A full tile through the shipped permutation, against the naive one.
@Test func reference_onFullTile_matchesTheNaiveOrder() throws {
  var link = Link()
  var random = SeededRandom(seed: 2)
  let pair = TilePair(bits: 65_536, random: &random)
  link.alice.begin(tile: pair.sent.span, bits: pair.bits, seed: seed, disclosureMax: .max)
  link.request.replaceSubrange(0..<4, with: [1, 0, 1, 4])
  let first = try link.answer(4)
  var expected = [UInt8](repeating: 0, count: first.bytes)
  for (position, index) in NaiveReference.order(bits: 65_536, seed: seed, pass: 0).enumerated() {
    let bit = UInt8(pair.sent[index / 64] >> UInt64(index % 64) & 1)
    expected[position / 128] ^= bit << UInt8(position / 16 % 8)
  }
  #expect(Array(link.reply[..<first.bytes]) == expected)
}
