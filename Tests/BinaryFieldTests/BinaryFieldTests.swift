@testable import BinaryField
import FixedStorage
import HostStorage
import Testing

/// The definition: one shifted copy of `left` for every bit of `right`.
private func naiveProduct(_ left: [UInt64], _ right: [UInt64]) -> [UInt64] {
  var total = [UInt64](repeating: 0, count: left.count + right.count + 1)
  for i in 0..<64 * right.count where right[i / 64] >> UInt64(i % 64) & 1 == 1 {
    for (k, word) in left.enumerated() {
      let place = i / 64 + k
      total[place] ^= word << UInt64(i % 64)
      if i % 64 != 0 { total[place + 1] ^= word >> UInt64(64 - i % 64) }
    }
  }
  return Array(total.dropLast())
}

/// Multiplies by x 127 times and adds, reducing at every step.
private func naiveFieldProduct(_ left: Field128, _ right: Field128) -> Field128 {
  var total = Field128.zero
  var power = left
  for i in 0..<128 {
    let bit = (i < 64 ? right.low >> UInt64(i) : right.high >> UInt64(i - 64)) & 1
    if bit == 1 { total = total + power }
    let overflow = power.high >> 63
    power = Field128(low: power.low << 1 ^ (overflow == 1 ? 0x87 : 0), high: power.high << 1 | power.low >> 63)
  }
  return total
}

/// An element from sixteen bytes of GHASH: every byte with its bits reversed, then little-endian.
private func fromGhash(_ hex: String) -> Field128 {
  var words: [UInt64] = [0, 0]
  for (place, digit) in hex.enumerated() {
    let nibble = UInt64(digit.hexDigitValue!)
    for bit in 0..<4 {
      let i = 4 * place + bit
      words[i / 64] |= (nibble >> UInt64(3 - bit) & 1) << UInt64(i % 64)
    }
  }
  return Field128(low: words[0], high: words[1])
}

@Test func carrylessProduct_matchesVectors() {
  for (left, right, low, high) in wordProducts {
    let product = carrylessProduct(left, right)
    #expect(product.low == low && product.high == high)
  }
}

@Test func fieldProduct_matchesVectors() {
  for v in fieldProducts {
    let product = Field128(low: v[0], high: v[1]) * Field128(low: v[2], high: v[3])
    #expect(product.low == v[4] && product.high == v[5])
  }
}

/// Test case 2 of McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B.
@Test func fieldProduct_matchesGhash() {
  let point = fromGhash("66e94bd4ef8a2c3b884cfa59ca342b2e")
  let first = fromGhash("0388dace60b6a392f328c2b971b2fe78") * point
  let expectedFirst = fromGhash("5e2ec746917062882c85b0685353deb7")
  #expect(Field128.areEqual(first, expectedFirst))
  let value = (first + fromGhash("00000000000000000000000000000080")) * point
  let expected = fromGhash("f38cbb1ad69223dcc3457ae5b6b0f885")
  #expect(Field128.areEqual(value, expected))
}

@Test(arguments: 0..<UInt64(200)) func carrylessProducts_matchDefinition(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  // Dense operands fill the holes to their limit of eight.
  let thin = seed % 3 == 0
  func draw() -> UInt64 { thin ? ~(random.next() & random.next() & random.next()) : random.next() }
  let (a, b) = (draw(), draw())
  let word = carrylessProduct(a, b)
  #expect([word.low, word.high] == naiveProduct([a], [b]))
}

@Test(arguments: 0..<UInt64(100)) func fieldProduct_isTheFieldProduct(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  let a = Field128(low: random.next(), high: random.next())
  let b = Field128(low: random.next(), high: random.next())
  let c = Field128(low: random.next(), high: random.next())
  let agreesWithDefinition = Field128.areEqual(a * b, naiveFieldProduct(a, b))
  let commutes = Field128.areEqual(a * b, b * a)
  let distributes = Field128.areEqual(a * (b + c), a * b + a * c)
  let associates = Field128.areEqual((a * b) * c, a * (b * c))
  // a^(2^128) = a holds in this field and in no smaller ring of this form.
  var power = a
  for _ in 0..<128 { power = power * power }
  let isFermat = Field128.areEqual(power, a)
  #expect(agreesWithDefinition && commutes && distributes && associates && isFermat)
}

/// Horner's rule by the instruction and by integers, and by single products.
@Test(arguments: 0...40) func absorb_equalsSingleProducts(blocks: Int) {
  var random = SeededRandom(seed: UInt64(blocks))
  let point = Field128(low: random.next(), high: random.next())
  let start = Field128(low: random.next(), high: random.next())
  let words = (0..<2 * blocks).map { _ in random.next() }
  var expected = start
  for i in 0..<blocks {
    expected = naiveFieldProduct(expected + Field128(low: words[2 * i], high: words[2 * i + 1]), point)
  }
  var value = start
  value.absorb(words.span.octets, at: point)
  let portable = start.absorbing(portably: words.span.octets, at: point)
  #expect(Field128.areEqual(value, expected) && Field128.areEqual(portable, expected))
}

@Test func areEqual_seesEverySingleBit() {
  let a = Field128(low: 0x0123_4567_89ab_cdef, high: 0xfedc_ba98_7654_3210)
  for i in 0..<128 {
    let bit = UInt64(1) << UInt64(i % 64)
    let other = a + Field128(low: i < 64 ? bit : 0, high: i < 64 ? 0 : bit)
    let equal = Field128.areEqual(a, other)
    #expect(!equal)
  }
  let same = Field128.areEqual(a, a)
  #expect(same)
}
