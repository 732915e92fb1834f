import AdvantageDistillation
import Testing

/// RFC 8439, section 2.3.2: key 00 01 ... 1f, nonce 00 00 00 09 00 00 00 4a 00 00 00 00, block counter 1. The stream
/// begins with counter 0, so the words below are its second block; the nonce's words are little endian.
@Test func stream_ofTheStandard_isItsVector() {
  let expected: [UInt32] = [
    0xe4e7_f110, 0x1559_3bd1, 0x1fdd_0f50, 0xc471_20a3, 0xc7f4_d1c7, 0x0368_c033, 0x9aaa_2204, 0x4e6c_d4c3,
    0x4664_82d2, 0x09aa_9f07, 0x05d7_c214, 0xa202_8bd9, 0xd19c_12b5, 0xb94e_16de, 0xe883_d0cb, 0x4e3c_50a2,
  ]
  var seed: [32 of UInt8] = .init(repeating: 0)
  for i in 0..<32 { seed[i] = UInt8(i) }
  var stream = PublicStream(seed: seed, kind: 0x0900_0000, index: 0x4a00_0000)
  for _ in 0..<32 { _ = stream.next() }
  let words = (0..<16).map { _ in UInt32(stream.next()) | UInt32(stream.next()) << 16 }
  #expect(words == expected)
}

/// Every value below a range comes up, none above, each about as often as the others.
@Test(arguments: [1, 2, 3, 7, 1000, 40_000, 65_535] as [UInt32]) func draw_belowARange_isEven(range: UInt32) {
  var stream = PublicStream(seed: .init(repeating: 7), kind: 3, index: range)
  let draws = 200_000
  var low = 0
  var square = 0
  for _ in 0..<draws {
    let value = stream.next(below: FallingRange(range))
    #expect(value >= 0 && value < Int(range))
    if value < Int(range) / 2 { low += 1 }
    if range <= 7 && value == 0 { square += 1 }
  }
  let share = Double(Int(range) / 2) / Double(range)
  let spread = 6 * (Double(draws) * share * (1 - share)).squareRoot()
  #expect(abs(Double(low) - Double(draws) * share) <= spread)
  if range <= 7 {
    let part = 1 / Double(range)
    #expect(abs(Double(square) - Double(draws) * part) <= 6 * (Double(draws) * part * (1 - part)).squareRoot())
  }
}

/// Ranges that fall one by one reject as many draws as a division says.
@Test func range_fallingFromTheLargest_rejectsTheRemainder() {
  var range = FallingRange(65_535)
  var draws = PublicStream(seed: .init(repeating: 1), kind: 0, index: 0)
  for value in stride(from: UInt32(65_535), through: 2, by: -1) {
    let same = range.value == value && range == FallingRange(value)
    #expect(same && draws.next(below: range) < Int(value))
    if value > 2 { range.fall() }
  }
  let remainders = [1, 2, 3, 40_000, 65_535].map { (value: UInt32) in FallingRange(value).rejected == 65_536 % value }
  #expect(remainders.allSatisfy { $0 })
}

/// The generator block by block, as the standard writes it.
private func naiveDraws(seed: [32 of UInt8], kind: UInt32, index: UInt32, blocks: UInt32) -> [UInt16] {
  func quarter(_ x: inout [UInt32], _ a: Int, _ b: Int, _ c: Int, _ d: Int) {
    for (sum, with, mixed, bits) in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)]
      as [(Int, Int, Int, UInt32)]
    {
      x[sum] &+= x[with]
      x[mixed] ^= x[sum]
      x[mixed] = x[mixed] << bits | x[mixed] >> (32 - bits)
    }
  }
  var draws: [UInt16] = []
  for block in 0..<blocks {
    var start: [UInt32] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574]
    for i in 0..<8 { start.append((0..<4).reduce(0) { $0 | UInt32(seed[4 * i + $1]) << UInt32(8 * $1) }) }
    start += [block, kind, index, 0]
    var x = start
    for _ in 0..<10 {
      for i in 0..<4 { quarter(&x, i, 4 + i, 8 + i, 12 + i) }
      for i in 0..<4 { quarter(&x, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4) }
    }
    for (word, first) in zip(x, start) {
      let sum = word &+ first
      draws += [UInt16(truncatingIfNeeded: sum), UInt16(truncatingIfNeeded: sum >> 16)]
    }
  }
  return draws
}

@Test(arguments: [0, 1, 77] as [UInt32]) func stream_ofManyBlocks_isThatOfTheNaiveGenerator(index: UInt32) {
  var seed: [32 of UInt8] = .init(repeating: 0)
  for i in 0..<32 { seed[i] = UInt8(truncatingIfNeeded: 37 &* i &+ 11) }
  var stream = PublicStream(seed: seed, kind: 1, index: index)
  let expected = naiveDraws(seed: seed, kind: 1, index: index, blocks: 41)
  let draws = expected.map { _ in stream.next() }
  #expect(draws == expected)
}
