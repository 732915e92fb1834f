// Printed by Tools/vectors/binary_field.py authentication.

struct HashVector {
  let seed: UInt64
  let length: Int
  let value: [UInt64]
}

/// Point, pad, then the message as little-endian words are drawn; `length` counts bytes.
let tagVectors: [HashVector] = [
  HashVector(seed: 0, length: 0, value: [0x06c4_5d18_8009_454f, 0xf88b_b8a8_724c_81ec]),
  HashVector(seed: 1, length: 1, value: [0xe09c_7394_266e_edd2, 0xd0d1_9617_9b71_9ce7]),
  HashVector(seed: 2, length: 7, value: [0x110f_d12d_8224_d38f, 0xcd13_6e89_2f08_06ba]),
  HashVector(seed: 3, length: 8, value: [0xdfe2_891c_99ff_0513, 0x8a34_9f74_8c74_b03e]),
  HashVector(seed: 4, length: 9, value: [0x3b14_3d8f_6fe1_834b, 0xeb3d_a272_acd8_8731]),
  HashVector(seed: 5, length: 15, value: [0x4e1b_43f3_40ff_0f2a, 0x16bf_bb65_5944_5242]),
  HashVector(seed: 6, length: 16, value: [0xae94_c131_62cd_c681, 0x935e_43fb_9de8_a8f4]),
  HashVector(seed: 7, length: 17, value: [0x4e8d_5fdc_6796_9f83, 0x7b58_19a7_cad7_6487]),
  HashVector(seed: 8, length: 31, value: [0x2bcb_1432_7839_2145, 0xd3cc_1a9b_a74a_af63]),
  HashVector(seed: 9, length: 32, value: [0x640e_c597_c1a2_e691, 0xac4a_2165_302e_91f6]),
  HashVector(seed: 10, length: 33, value: [0xebd5_c7ee_532e_fbf6, 0x235b_cf26_a148_f16c]),
  HashVector(seed: 11, length: 100, value: [0x82ab_d069_52a0_ddf8, 0x3b4d_aa88_abe6_704e]),
  HashVector(seed: 12, length: 257, value: [0x9f41_a934_b5cb_0831, 0x2425_2977_0b51_b460]),
]

/// Point, multiplier, then the words of the key are drawn; `length` counts bits.
let confirmationVectors: [HashVector] = [
  HashVector(seed: 100, length: 1, value: [0xcda6_65bc_e02b_e26e]),
  HashVector(seed: 101, length: 63, value: [0x5ac1_f63a_580c_61fc]),
  HashVector(seed: 102, length: 64, value: [0x78c7_1abe_50d4_0e13]),
  HashVector(seed: 103, length: 65, value: [0xf07e_5ca0_8c1c_e430]),
  HashVector(seed: 104, length: 127, value: [0xa5fe_1fbb_edcb_d015]),
  HashVector(seed: 105, length: 128, value: [0x46e7_324b_001e_de85]),
  HashVector(seed: 106, length: 129, value: [0x4a5b_8e3f_5a67_df14]),
  HashVector(seed: 107, length: 192, value: [0x4404_495b_d628_f49f]),
  HashVector(seed: 108, length: 200, value: [0x25e5_e959_64a8_1f9d]),
  HashVector(seed: 109, length: 256, value: [0x1c80_032f_7b7b_01c7]),
  HashVector(seed: 110, length: 1000, value: [0x403e_5f94_be43_fe3a]),
  HashVector(seed: 111, length: 4096, value: [0xb477_e949_7dc3_f1b8]),
]
