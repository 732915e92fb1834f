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
    let value = stream.next(below: range)
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
