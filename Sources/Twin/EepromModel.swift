import Checksum
import RegisterMap
import Units

/// The EEPROM 24AA02E48 (DS20002124): pages that wrap, a write cycle without acknowledgement, a sealed upper half with
/// the node address.
final class EepromModel: PartModel {
  private let isFrozen: Bool
  private var memory = [UInt8](repeating: 0xff, count: EepromMap.bytes)
  private var pointer = 0
  private var busyUntil = Instant(ns: 0)

  /// Comes with the identity of a module of the twin.
  init(role: Role, isFrozen: Bool) {
    self.isFrozen = isFrozen
    let record = Self.record(serial: role == .alice ? "TWIN-ALICE" : "TWIN-BOB")
    memory.replaceSubrange(0..<2 * record.count, with: record + record)
    memory.replaceSubrange(0xfa..., with: [0x00, 0x04, 0xa3, 0x00, 0x00, role.rawValue])
  }

  func write(_ bytes: [UInt8], at now: Instant) -> Bool {
    guard now >= busyUntil else { return false }
    pointer = Int(bytes[0])
    guard bytes.count > 1 else { return true }
    let page = pointer - pointer % EepromMap.pageBytes
    let isSealed = page >= EepromMap.pageCount * EepromMap.pageBytes
    for byte in bytes.dropFirst() {
      if !isSealed { memory[pointer] = byte }
      pointer = page + (pointer + 1) % EepromMap.pageBytes
    }
    // The longest that the data sheet allows.
    if !isSealed { busyUntil = isFrozen ? Instant(ns: .max) : now + Nanoseconds(milliseconds: 5) }
    return true
  }

  func read(_ count: Int, at now: Instant) -> [UInt8]? {
    guard now >= busyUntil else { return nil }
    let bytes = (0..<count).map { memory[(pointer + $0) % memory.count] }
    pointer = (pointer + count) % memory.count
    return bytes
  }

  /// The record of Documentation/Parts.md with the laws of the twin as its calibration.
  private static func record(serial: String) -> [UInt8] {
    func bigEndian(_ word: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(24 - 8 * $0)) } }
    var record = Array("GMID".utf8) + [1, 1, 0, 0]
    record += Array(serial.utf8) + [UInt8](repeating: 0, count: 16 - serial.utf8.count)
    // Calibrated on 1 January 2026: 10 dB a volt, 2 V a photon, plates at zero.
    record += bigEndian(20_454) + bigEndian(10_000) + bigEndian(2_000_000)
    record += [UInt8](repeating: 0, count: 24)
    return record + bigEndian(Checksum.crc32(record.span))
  }
}
