import Checksum
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
