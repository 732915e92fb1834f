import Checksum
import HostStorage
import Testing

private let digits = Array("123456789".utf8)

/// Check values of the catalogue of parametrised CRC algorithms (Cook).
@Test func crcs_matchTheCatalogueCheckValues() {
  let short = Checksum.crc8(digits.span)
  let middle = Checksum.crc16(digits.span)
  let long = Checksum.crc32(digits.span)
  #expect(short == 0xf4 && middle == 0x29b1 && long == 0xcbf4_3926)
}

@Test func crc8_continuesFromAnEarlierPart() {
  let first = Array(digits[..<4])
  let rest = Array(digits[4...])
  let continued = Checksum.crc8(rest.span, from: Checksum.crc8(first.span))
  let whole = Checksum.crc8(digits.span)
  #expect(continued == whole)
}

/// Every length around a whole step, against the definition bit by bit.
@Test(arguments: 0..<UInt64(40)) func crcs_equalTheBitwiseDivision(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  let bytes = (0..<Int(seed) + 200 * Int(seed % 2)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  let middle = Checksum.crc16(bytes.span)
  let long = Checksum.crc32(bytes.span)
  #expect(middle == bitwise16(bytes) && long == bitwise32(bytes))
}

/// A byte followed by zeros reaches each place of the table.
@Test func crc32_ofEveryByteAtEveryPlace_equalsTheBitwiseDivision() {
  for byte in UInt8.min...UInt8.max {
    for place in 0..<8 {
      var bytes = [UInt8](repeating: 0, count: 8)
      bytes[place] = byte
      let crc = Checksum.crc32(bytes.span)
      #expect(crc == bitwise32(bytes))
    }
  }
}

private func bitwise16(_ bytes: [UInt8]) -> UInt16 {
  var crc: UInt16 = 0xffff
  for byte in bytes {
    crc ^= UInt16(byte) << 8
    for _ in 0..<8 { crc = crc & 0x8000 != 0 ? (crc << 1) ^ 0x1021 : crc << 1 }
  }
  return crc
}

private func bitwise32(_ bytes: [UInt8]) -> UInt32 {
  var crc = UInt32.max
  for byte in bytes {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc & 1 != 0 ? (crc >> 1) ^ 0xedb8_8320 : crc >> 1 }
  }
  return ~crc
}
