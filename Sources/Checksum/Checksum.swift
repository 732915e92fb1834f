import FixedStorage

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
  ///
  /// With x the byte and the top of the remainder added, eight steps of the division leave (1 + x^5 + x^12) times
  /// x + x / 16, because no bit of that quotient reaches the top again.
  public static func crc16(_ bytes: Span<UInt8>) -> UInt16 {
    var crc: UInt16 = 0xffff
    for i in bytes.indices {
      var quotient = (crc &>> 8) ^ UInt16(bytes[i])
      quotient ^= quotient &>> 4
      crc = (crc &<< 8) ^ (quotient &<< 12) ^ (quotient &<< 5) ^ quotient
    }
    return crc
  }

  /// CRC-32/ISO-HDLC (polynomial 0x04c11db7 reflected, start and final xor all ones).
  ///
  /// Long runs go through the instructions that the processor has for it, the rest eight bytes a step.
  public static func crc32(_ bytes: Span<UInt8>) -> UInt32 {
    guard bytes.count >= longBytes, PolynomialCall.hasChecksum else { return ~divide(bytes, .max) }
    let whole = bytes.count & ~15
    var rest: [16 of UInt8] = .init(repeating: 0)
    var room = rest.mutableSpan
    let (state, folds) = PolynomialCall.checksum(.max, blocks: bytes.extracting(first: whole), rest: &room)
    let register = folds ? divide(rest.span, 0) : state
    return ~divide(bytes.extracting(whole..<bytes.count), register)
  }

  /// Below this the call costs more than it saves.
  private static var longBytes: Int { 64 }

  /// Goes on with the register `start`, without the final xor, eight bytes a step.
  static func divide(_ bytes: Span<UInt8>, _ start: UInt32) -> UInt32 {
    var crc = start
    var offset = 0
    while bytes.count - offset >= 8 {
      crc = remainder(of: bytes.littleEndian64(at: offset) ^ UInt64(crc))
      offset += 8
    }
    while offset < bytes.count {
      crc = remainder(of: UInt8(truncatingIfNeeded: crc) ^ bytes[offset], zeroBytes: 0) ^ (crc &>> 8)
      offset += 1
    }
    return crc
  }

  /// The remainder of eight bytes, the first in the lowest bits: seven more follow it.
  @inline(__always)
  private static func remainder(of bytes: UInt64) -> UInt32 {
    var sum: UInt32 = 0
    for place in 0..<8 {
      let byte = UInt8(truncatingIfNeeded: bytes &>> UInt64(truncatingIfNeeded: 8 * place))
      sum ^= remainder(of: byte, zeroBytes: 7 - place)
    }
    return sum
  }

  @inline(__always)
  private static func remainder(of byte: UInt8, zeroBytes: Int) -> UInt32 {
    crc32Remainders[256 * zeroBytes + Int(byte)]
  }
}
