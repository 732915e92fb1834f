import HostStorage
import Reconciliation
import Testing

// The expected values come from a Python program after Documentation/Protocol/Reconciliation.md sharing no code with
// this package: exact integers, a tile kept as one number, node parities summed bit by bit.
private let seed: UInt64 = 0x0123_4567_89ab_cdef

@Test func order_matchesPublishedVectors() {
  let orders = (0..<3).map { pass in NaiveReference.order(bits: 11, seed: seed, pass: pass) }
  #expect(orders[0] == [5, 10, 1, 9, 4, 3, 6, 2, 8, 0, 7])
  #expect(orders[1] == [8, 0, 2, 7, 1, 5, 9, 6, 3, 4, 10])
  #expect(orders[2] == [1, 2, 10, 0, 4, 6, 3, 5, 9, 8, 7])
  let long = NaiveReference.order(bits: 65_536, seed: seed, pass: 13)
  #expect(long.reduce(UInt64(0)) { $0 &* 31 &+ UInt64($1) } == 0x95bb_a7e7_8585_20ea)
}

/// Three passes opened at once, then five halves of two passes, on the 11-bit tile 00000100100 (bit 10 first).
@Test func reference_matchesPublishedVectors() throws {
  var link = Link()
  let tile: [UInt64] = [36]
  link.alice.begin(tile: tile.span, bits: 11, seed: seed, disclosureMax: 17)
  link.request.replaceSubrange(0..<6, with: [1, 0, 3, 1, 2, 3])
  let tops = try link.answer(6)
  #expect(tops == (2, 12) && link.reply[..<2] == [0x21, 0x0b])
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
