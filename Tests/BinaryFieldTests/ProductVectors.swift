// Printed by Tools/vectors/binary_field.py products.

/// Operands, low word and high word of the product.
let wordProducts: [(UInt64, UInt64, UInt64, UInt64)] = [
  (0x0000_0000_0000_0000, 0xffff_ffff_ffff_ffff, 0x0000_0000_0000_0000, 0x0000_0000_0000_0000),
  (0x0000_0000_0000_0001, 0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff, 0x0000_0000_0000_0000),
  (0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff, 0x5555_5555_5555_5555, 0x5555_5555_5555_5555),
  (0x8000_0000_0000_0000, 0x8000_0000_0000_0000, 0x0000_0000_0000_0000, 0x4000_0000_0000_0000),
  (0x8888_8888_8888_8888, 0xffff_ffff_ffff_ffff, 0x7878_7878_7878_7878, 0x7878_7878_7878_7878),
  (0x118e_846e_a93b_c949, 0x992f_fac6_9a7a_cd4c, 0x34d7_8df2_42b9_d82c, 0x0940_96f5_ec38_fa83),
  (0x1b9e_c6eb_bda9_7281, 0x9ebe_b27d_522a_4e8b, 0x36da_3e12_6c38_0d0b, 0x0cfc_b06b_cfef_91b1),
  (0xf250_8b05_e310_1305, 0xafdd_5412_d90a_34e6, 0x26fe_bcf4_2451_ad7e, 0x6261_6384_93ba_b909),
  (0xcc8b_043b_ffce_0a32, 0x1f2a_1aa4_6a99_7f38, 0x567e_b0b4_97dd_5af0, 0x08d5_3e19_58ac_7751),
  (0x947a_bafc_34fa_9643, 0x347a_2a84_d8fe_373f, 0x7171_293b_5507_6481, 0x19a2_5c25_21ac_9f74),
  (0x3afb_c79d_e71a_bd84, 0xbd7a_37ba_2d11_d2f4, 0x3cf7_d725_7ba3_75d0, 0x1880_05f1_441b_d683),
  (0x2ee3_1e14_080a_c5d5, 0x4163_3107_a522_561e, 0x2e4f_19ce_437a_0106, 0x0b98_3406_181c_241b),
  (0xb878_2108_0bc6_a13f, 0x194c_2f1c_9d34_1dfc, 0x834e_90d0_dfba_a254, 0x0ed5_16f9_5ed9_52e2),
]

/// Left, right and product in GF(2^128), each low word first.
let fieldProducts: [[UInt64]] = [
  [
    0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff,
    0x5555_5555_5555_402f, 0x5555_5555_5555_5555,
  ],
  [
    0x0000_0000_0000_0000, 0x8000_0000_0000_0000, 0x0000_0000_0000_0000, 0x8000_0000_0000_0000,
    0x0000_0000_0000_1067, 0xc000_0000_0000_0000,
  ],
  [
    0x0000_0000_0000_0001, 0x0000_0000_0000_0000, 0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff,
    0xffff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff,
  ],
  [
    0x0000_0000_0000_0000, 0x8000_0000_0000_0000, 0x0000_0000_0000_0002, 0x0000_0000_0000_0000,
    0x0000_0000_0000_0087, 0x0000_0000_0000_0000,
  ],
  [
    0x42a8_7c8c_5ca0_0e06, 0xa7f0_fd3f_bac8_16d1, 0x4f76_16bc_a4c1_20c0, 0xb2da_ea26_9c83_cedb,
    0x0adf_49d6_2768_5dfb, 0x749e_33a5_9ece_a833,
  ],
  [
    0xe8fb_77c0_1904_264a, 0x206f_8f36_b846_8efa, 0x54c3_ce24_01e6_1e48, 0x2696_4f30_e299_6083,
    0xf28d_6ec4_7c14_c1e3, 0xee93_217d_10c6_b912,
  ],
  [
    0x98b8_73b9_461f_2523, 0x5680_2ad0_8725_469c, 0x9072_c613_b375_8df3, 0x3e0e_df52_5b5b_21aa,
    0xdda2_0319_0c64_ce1e, 0x45d7_bd4e_dcf0_01be,
  ],
  [
    0x16b3_db3c_f2c0_f2e1, 0x52f6_b363_90ab_32da, 0x9a88_a065_d0c6_4af2, 0xd29f_4b1e_bb34_c5fb,
    0xbb33_5889_589a_4244, 0xf495_c901_a35d_b484,
  ],
  [
    0x7398_6d35_7f2a_7e27, 0x4811_4868_c9e6_9029, 0xfb49_936b_d882_f713, 0xdc7f_8597_9eaf_14f7,
    0x51a3_f8b1_8c64_104c, 0xfda2_a11e_5480_971c,
  ],
  [
    0x9416_6463_ea1f_01b2, 0xb5e0_44ad_5e68_5c28, 0x84ab_9a4b_6682_86ed, 0x93be_3b93_8e1c_1bdc,
    0x3cb6_d326_cc89_9a8b, 0x65fa_a0fb_b8c6_a3a4,
  ],
  [
    0xddce_a107_072d_8550, 0xb333_f1de_246c_0abc, 0x3191_d85c_ef29_f61a, 0x5790_4732_f1bc_41dd,
    0xeb0d_29d7_71d4_25d8, 0xdc66_0837_3b9a_9b0d,
  ],
  [
    0x1b32_ea03_9432_b9be, 0x79a4_2da9_1633_8bef, 0xceb0_2128_d190_795a, 0xbb31_598a_71ae_6cb2,
    0xceec_b97e_f42d_87de, 0x84a7_e32f_f693_1abf,
  ],
]
