// Printed by Tools/vectors/binary_field.py toeplitz.

struct ToeplitzVector {
  let seed: UInt64
  let keyBits: Int
  let outputBits: Int
  let output: [UInt64]
}

/// Key words, then seed words, are drawn from `SeededRandom(seed:)`.
let toeplitzVectors: [ToeplitzVector] = [
  ToeplitzVector(
    seed: 1, keyBits: 1, outputBits: 1,
    output: [0x0000_0000_0000_0001]),
  ToeplitzVector(
    seed: 2, keyBits: 64, outputBits: 64,
    output: [0x3857_2789_b344_7ba8]),
  ToeplitzVector(
    seed: 3, keyBits: 65, outputBits: 63,
    output: [0x4bd9_b181_717a_c396]),
  ToeplitzVector(
    seed: 4, keyBits: 127, outputBits: 130,
    output: [
      0x97e8_314c_efa9_a8e0, 0xb74f_1eea_2f8f_e838, 0x0000_0000_0000_0001,
    ]),
  ToeplitzVector(
    seed: 5, keyBits: 1000, outputBits: 199,
    output: [
      0x7f42_c847_dc39_fa5c, 0xd1e8_be85_867b_f658, 0x18bd_5885_c9e3_f57f, 0x0000_0000_0000_001b,
    ]),
  ToeplitzVector(
    seed: 6, keyBits: 6000, outputBits: 300,
    output: [
      0xec86_6574_9803_7a5c, 0x27ec_a5b6_2c83_aa8a, 0xc1d7_fdab_301e_b9b1, 0x69a0_eeae_0b65_fd20,
      0x0000_0073_1064_d458,
    ]),
]
