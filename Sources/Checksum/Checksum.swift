/// Cyclic redundancy checks of the wires inside and between the modules. They find noise, not adversaries.
public enum Checksum {
  /// CRC-8/SMBUS (polynomial 0x07, start 0): the packet error code of SMBus 3.1, section 5.4.
  public static func crc8(_ bytes: Span<UInt8>, from start: UInt8 = 0) -> UInt8 {
    var crc = start
    for i in bytes.indices {
      crc ^= bytes[i]
      for _ in 0..<8 { crc = crc & 0x80 != 0 ? (crc &<< 1) ^ 0x07 : crc &<< 1 }
    }
    return crc
  }

  /// CRC-16/IBM-3740 (polynomial 0x1021, start 0xffff).
  public static func crc16(_ bytes: Span<UInt8>) -> UInt16 {
    var crc: UInt16 = 0xffff
    for i in bytes.indices {
      crc ^= UInt16(bytes[i]) &<< 8
      for _ in 0..<8 { crc = crc & 0x8000 != 0 ? (crc &<< 1) ^ 0x1021 : crc &<< 1 }
    }
    return crc
  }

  /// CRC-32/ISO-HDLC (polynomial 0x04c11db7 reflected, start and final xor all ones), four bits a step.
  public static func crc32(_ bytes: Span<UInt8>) -> UInt32 {
    var crc = UInt32.max
    for i in bytes.indices {
      crc ^= UInt32(bytes[i])
      crc = crc32Nibbles[Int(crc & 15)] ^ (crc &>> 4)
      crc = crc32Nibbles[Int(crc & 15)] ^ (crc &>> 4)
    }
    return ~crc
  }
}

/// Remainders of the sixteen nibbles under the reflected polynomial 0xedb88320.
private let crc32Nibbles: [16 of UInt32] = [
  0x0000_0000, 0x1db7_1064, 0x3b6e_20c8, 0x26d9_30ac, 0x76dc_4190, 0x6b6b_51f4, 0x4db2_6158, 0x5005_713c,
  0xedb8_8320, 0xf00f_9344, 0xd6d6_a3e8, 0xcb61_b38c, 0x9b64_c2b0, 0x86d3_d2d4, 0xa00a_e278, 0xbdbd_f21c,
]
