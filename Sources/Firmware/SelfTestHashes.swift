import Authentication
import BinaryField
import FixedStorage
import PrivacyAmplification

// The vectors of this file are printed by Tools/vectors/binary_field.py from the definitions, one bit at a time.

func testField(_ tally: inout Tally) {
  let word = carrylessProduct(0x118e_846e_a93b_c949, 0x992f_fac6_9a7a_cd4c)
  tally.expect("carry-less product, low word", word.low, is: 0x34d7_8df2_42b9_d82c)
  tally.expect("carry-less product, high word", word.high, is: 0x0940_96f5_ec38_fa83)
  let left = Field128(low: 0x42a8_7c8c_5ca0_0e06, high: 0xa7f0_fd3f_bac8_16d1)
  let right = Field128(low: 0x4f76_16bc_a4c1_20c0, high: 0xb2da_ea26_9c83_cedb)
  let product = left * right
  tally.expect("field product, low word", product.low, is: 0x0adf_49d6_2768_5dfb)
  tally.expect("field product, high word", product.high, is: 0x749e_33a5_9ece_a833)
}

/// Seed, bytes of the message, and the tag, low word first.
private let tagVectors: [4 of (seed: UInt64, bytes: Int, low: UInt64, high: UInt64)] = [
  (0, 0, 0x06c4_5d18_8009_454f, 0xf88b_b8a8_724c_81ec), (1, 1, 0xe09c_7394_266e_edd2, 0xd0d1_9617_9b71_9ce7),
  (7, 17, 0x4e8d_5fdc_6796_9f83, 0x7b58_19a7_cad7_6487), (11, 100, 0x82ab_d069_52a0_ddf8, 0x3b4d_aa88_abe6_704e),
]

func testTags(_ tally: inout Tally) {
  for i in tagVectors.indices {
    let vector = tagVectors[i]
    var random = VectorRandom(seed: vector.seed)
    var words: [4 of UInt64] = .init(repeating: 0)
    for k in words.indices { words[k] = random.next() }
    var keptWords = words
    var message: [104 of UInt8] = .init(repeating: 0)
    for k in 0..<(vector.bytes + 7) / 8 {
      let word = random.next()
      for byte in 0..<8 { message[8 * k + byte] = UInt8(truncatingIfNeeded: word >> UInt64(8 * byte)) }
    }
    let text = message.span.extracting(first: vector.bytes)
    var span = words.mutableSpan
    let tag = OneTimeTagKey(taking: &span).tag(text)
    tally.expect("tag, low word", tag.low, is: vector.low)
    tally.expect("tag, high word", tag.high, is: vector.high)
    var keptSpan = keptWords.mutableSpan
    let forged = AuthenticationTag(low: tag.low ^ 1, high: tag.high)
    tally.expect("a forged tag is refused", !OneTimeTagKey(taking: &keptSpan).verify(forged, text))
  }
}

private let confirmationVectors: [4 of (seed: UInt64, bits: Int, value: UInt64)] = [
  (100, 1, 0xcda6_65bc_e02b_e26e), (103, 65, 0xf07e_5ca0_8c1c_e430), (108, 200, 0x25e5_e959_64a8_1f9d),
  (110, 1000, 0x403e_5f94_be43_fe3a),
]

func testConfirmation(_ tally: inout Tally) {
  for i in confirmationVectors.indices {
    let vector = confirmationVectors[i]
    var random = VectorRandom(seed: vector.seed)
    let point = Field128(low: random.next(), high: random.next())
    let key = ConfirmationKey(point: point, multiplier: Field128(low: random.next(), high: random.next()))
    var words: [16 of UInt64] = .init(repeating: 0)
    for k in 0..<Bits.words(for: vector.bits) { words[k] = random.next() }
    var hash = ConfirmationHash()
    hash.start(key: key)
    hash.absorb(words.span.extracting(first: Bits.words(for: vector.bits)), bits: vector.bits)
    tally.expect("confirmation hash", hash.finish(), is: vector.value)
  }
}

/// 6000 key bits to 300, in two tiles; seed 6 of the vectors.
private let toeplitzOutput: [5 of UInt64] = [
  0xec86_6574_9803_7a5c, 0x27ec_a5b6_2c83_aa8a, 0xc1d7_fdab_301e_b9b1, 0x69a0_eeae_0b65_fd20, 0x0000_0073_1064_d458,
]

func testToeplitz(_ tally: inout Tally) {
  let keyBits = 6_000
  let outputBits = 300
  var random = VectorRandom(seed: 6)
  var key = mappedBlock(of: UInt64.self, count: Bits.words(for: keyBits))
  var seed = mappedBlock(
    of: UInt64.self, count: Bits.words(for: ToeplitzAccumulator.seedBits(keyBits: keyBits, outputBits: outputBits)))
  for i in 0..<key.count { key[i] = random.next() }
  for i in 0..<seed.count { seed[i] = random.next() }
  var sums = ToeplitzAccumulator(
    sums: mappedBlock(of: UInt64.self, count: Bits.words(for: outputBits) + 1),
    arena: mappedBlock(of: UInt64.self, count: ToeplitzAccumulator.arenaWords))
  sums.start(outputBits: outputBits)
  let split = 4_096
  for start in stride(from: 0, to: keyBits, by: split) {
    sums.begin(tileBits: min(split, keyBits - start), atBit: start)
    let tile = key.span.extracting((start / 64)..<key.count)
    while sums.step(tile: tile, seed: seed.span) == .working {}
  }
  var output: [5 of UInt64] = .init(repeating: 0)
  var span = output.mutableSpan
  sums.finish(bits: outputBits, into: &span)
  for i in output.indices { tally.expect("Toeplitz output word", output[i], is: toeplitzOutput[i]) }
}
