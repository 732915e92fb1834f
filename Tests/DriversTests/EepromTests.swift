import Drivers
import HostStorage
import Ports
import Testing
import Units

/// DS21709 by hand: a write wraps within its page and makes the part deaf for some transfers.
private struct EepromDouble: PartDouble {
  static let address: UInt8 = 0x50
  var memory = [UInt8](repeating: 0xff, count: 256)
  var pointer = 0
  var transfersLeft = 0
  var transfersNeeded = 4
  /// Power goes away with the write of this many pages from now on.
  var pagesLeft = Int.max

  mutating func write(_ bytes: [UInt8]) -> Bool {
    guard transfersLeft == 0 else {
      transfersLeft -= 1
      return false
    }
    pointer = Int(bytes[0])
    for byte in bytes.dropFirst() {
      if pagesLeft > 0 { memory[pointer] = byte }
      pointer = pointer & 0xf8 | (pointer + 1) & 7
    }
    if bytes.count > 1 {
      transfersLeft = transfersNeeded
      pagesLeft -= 1
    }
    return true
  }

  mutating func read(_ count: Int) -> [UInt8]? {
    guard transfersLeft == 0 else { return nil }
    let bytes = (0..<count).map { memory[(pointer + $0) % 256] }
    pointer = (pointer + count) % 256
    return bytes
  }
}

private let page: [8 of UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]

@Test func eeprom_intentionsLeaveTheirTrace() throws {
  var bus = PartBus(EepromDouble())
  var eeprom = Eeprom24AA02()
  try eeprom.beginWrite(page, to: EepromPage(index: 5)!, over: &bus)
  let early = try eeprom.isWritten(page, to: EepromPage(index: 5)!, over: &bus)
  let isWritten = try eeprom.isWritten(page, to: EepromPage(index: 5)!, over: &bus)
  let some: [3 of UInt8] = try eeprom.bytes(at: 0x2e, over: &bus)
  let noAddress = try eeprom.nodeAddress(over: &bus)
  // Not acknowledged three times, then once more, then read twice.
  let expected: [PartTransfer] =
    PartTransfer.twice(0x28, 8) + [.write([0x28, 1, 2, 3, 4, 5, 6, 7, 8])]
    + [PartTransfer](repeating: .read([0x28], 8), count: 6) + PartTransfer.twice(0x2e, 3)
    + PartTransfer.twice(0xfa, 6)
  let trace = bus.trace
  #expect(trace == expected && !early && isWritten && noAddress == nil)
  #expect(some[0] == 7 && some[1] == 8 && some[2] == 0xff)
  // Nothing is written that is there already.
  bus.trace = []
  try eeprom.beginWrite(page, to: EepromPage(index: 5)!, over: &bus)
  bus.part.memory.replaceSubrange(250..., with: [0, 4, 0xa3, 0x12, 0x34, 0x56])
  let address = try #require(try eeprom.nodeAddress(over: &bus))
  let again = bus.trace
  #expect(again == PartTransfer.twice(0x28, 8) + PartTransfer.twice(0xfa, 6) && address[2] == 0xa3)
  #expect(EepromPage(index: -1) == nil && EepromPage(index: 16) == nil && EepromPage(index: 15) != nil)
}

@Test func eeprom_faultsAreTyped() throws {
  var bus = PartBus(EepromDouble())
  bus.part.transfersNeeded = 0
  var eeprom = Eeprom24AA02()
  var failures: [DriverFault?] = [nil, nil, nil]
  bus.faults[2] = .commandFlipped(bit: 3)
  try eeprom.beginWrite(page, to: EepromPage(index: 0)!, over: &bus)
  do { _ = try eeprom.isWritten(page, to: EepromPage(index: 0)!, over: &bus) } catch { failures[0] = error }
  bus.standingFault = .failed(.timedOut)
  do { _ = try eeprom.isWritten(page, to: EepromPage(index: 0)!, over: &bus) } catch { failures[1] = error }
  bus.standingFault = .failed(.notAcknowledged)
  do { try eeprom.beginWrite(page, to: EepromPage(index: 0)!, over: &bus) } catch { failures[2] = error }
  #expect(failures[0] == .readBackDiffers(address: 0, wrote: 1, read: 0xff))
  #expect(failures[1] == .bus(.timedOut, address: 0) && failures[2] == .bus(.notAcknowledged, address: 0))
}

// MARK: Identity

private func identity(_ serial: String, revision: UInt8 = 3, day: UInt32 = 20_000) -> ModuleIdentity? {
  let bytes = Array(serial.utf8)
  let zeros = PlateSetting(
    PlateAngle(centidegrees: 17_999)!, PlateAngle(centidegrees: 12)!, PlateAngle(centidegrees: 4_500)!)
  let calibration = ModuleCalibration(
    day: day, attenuationMillidecibelsPerVolt: 10_000, monitorPerPhoton: Microvolts(2_000_000), plateZeros: zeros)
  return ModuleIdentity(serial: bytes.span, boardRevision: revision, calibration: calibration)
}

private func array<let count: Int>(_ bytes: [count of UInt8]) -> [UInt8] { bytes.indices.map { bytes[$0] } }

private func read(_ memory: [UInt8]) throws -> IdentityReading {
  var bus = PartBus(EepromDouble())
  bus.part.memory.replaceSubrange(..<memory.count, with: memory)
  var eeprom = Eeprom24AA02()
  return try eeprom.identity(over: &bus)
}

/// The record of Documentation/Parts.md, written by hand; its checksum by `zlib.crc32` of Python.
private let record: [UInt8] =
  [0x47, 0x4d, 0x49, 0x44, 1, 3, 0, 0] + Array("GM-A-0017".utf8) + [0, 0, 0, 0, 0, 0, 0]
  + [0, 0, 0x4e, 0x20, 0, 0, 0x27, 0x10, 0, 0x1e, 0x84, 0x80, 0x46, 0x4f, 0, 12, 0x11, 0x94]
  + [UInt8](repeating: 0, count: 18) + [0xe7, 0x21, 0x6c, 0x6c]

@Test func identity_isTheDocumentedRecord() throws {
  let expected = try #require(identity("GM-A-0017"))
  #expect(array(expected.bytes) == record && array(expected.serial).prefix(9) == Array("GM-A-0017".utf8)[...])
  #expect(try read(record) == .identity(expected))
  // Either copy will do, the first one first.
  let other = try #require(identity("X", revision: 9))
  #expect(try read([UInt8](repeating: 0xff, count: 64) + record) == .identity(expected))
  #expect(try read(array(other.bytes) + record) == .identity(other))
  #expect(identity("") == nil && identity("12345678901234567") == nil && identity("1234567890123456") != nil)
  #expect(identity("a b") == nil && identity("a\u{7f}") == nil && identity("~!") != nil)
}

@Test func identity_ofOtherBytes_isRefusedByName() throws {
  func changed(_ offset: Int, _ byte: UInt8) throws -> IdentityReading {
    var bytes = record
    bytes[offset] = byte
    let sum = crc32(bytes[..<60])
    bytes.replaceSubrange(60..., with: (0..<4).map { UInt8(truncatingIfNeeded: sum >> UInt32(24 - 8 * $0)) })
    return try read(bytes)
  }
  #expect(try read([]) == .refused(.blank))
  #expect(try read([0]) == .refused(.foreign(magic: 0x00ff_ffff)))
  #expect(try changed(3, 0x45) == .refused(.foreign(magic: 0x474d_4945)))
  #expect(try changed(4, 2) == .refused(.version(2)) && changed(4, 0) == .refused(.version(0)))
  for offset in [6, 7, 42, 59] { #expect(try changed(offset, 1) == .refused(.field(offset: offset))) }
  #expect(try changed(8, 0x20) == .refused(.field(offset: 8)) && changed(10, 0) == .refused(.field(offset: 8)))
  #expect(try changed(32, 0x80) == .refused(.field(offset: 32)))
  #expect(try changed(36, 0x47) == .refused(.field(offset: 36)) && changed(40, 0xff) == .refused(.field(offset: 36)))
  for bit in 0..<512 where bit / 8 >= 4 {
    var bytes = record
    bytes[bit / 8] ^= 1 << UInt8(bit % 8)
    guard case .refused(.checksum) = try read(bytes) else {
      Issue.record("bit \(bit)")
      return
    }
  }
}

/// Records of any bytes, with and without a checksum that holds, are refused or read; what is read is written alike.
@Test(arguments: 0..<UInt64(200)) func identity_ofHostileBytes_isRefusedOrSame(seed: UInt64) throws {
  var random = SeededRandom(seed: seed)
  var bytes = record
  for _ in 0..<Int.random(in: 0..<6, using: &random) {
    bytes[Int.random(in: 0..<60, using: &random)] = UInt8.random(in: 0...255, using: &random)
  }
  let sum = crc32(bytes[..<60])
  bytes.replaceSubrange(60..., with: (0..<4).map { UInt8(truncatingIfNeeded: sum >> UInt32(24 - 8 * $0)) })
  guard case .identity(let identity) = try read(bytes) else { return }
  #expect(array(identity.bytes) == bytes, "seed \(seed)")
}

/// Wherever power goes away, the module is either who it was or who it becomes.
@Test(arguments: 0..<17) func identityWrite_cutAnywhere_leavesAnIdentity(pages: Int) throws {
  let before = try #require(identity("OLD-1"))
  let after = try #require(identity("NEWER-SERIAL-22", revision: 4, day: 0x0102_0304))
  var bus = PartBus(EepromDouble())
  bus.part.memory.replaceSubrange(..<128, with: array(before.bytes) + array(before.bytes))
  bus.part.pagesLeft = pages
  var eeprom = Eeprom24AA02()
  var write = IdentityWrite(after)
  var isDone = false
  do throws(DriverFault) {
    for _ in 0..<200 where !isDone { isDone = try write.step(&eeprom, over: &bus) }
  } catch {
    #expect(!isDone, "\(error)")
  }
  bus.part.transfersLeft = 0
  let reading = try eeprom.identity(over: &bus)
  #expect(reading == .identity(before) || reading == .identity(after))
  #expect(!isDone || reading == .identity(after))
  // Before any page, and after all of them.
  if pages == 0 { #expect(!isDone && reading == .identity(before)) }
  if pages == 16 { #expect(isDone && Array(bus.part.memory[64..<128]) == array(after.bytes)) }
}

@Test(arguments: 0..<UInt64(600)) func identityWrite_underAnySingleFault_doesNotLie(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  var bus = PartBus(EepromDouble())
  if Bool.random(using: &random) { bus.part.memory.replaceSubrange(..<64, with: record) }
  let fault = anyPartFault(&random)
  bus.faults[Int.random(in: 0..<150, using: &random)] = fault
  let wanted = identity("NEWER-SERIAL-22", revision: 4, day: 0x0102_0304)!
  var eeprom = Eeprom24AA02()
  var write = IdentityWrite(wanted)
  do throws(DriverFault) {
    var isDone = false
    for _ in 0..<200 where !isDone { isDone = try write.step(&eeprom, over: &bus) }
    let copies = Array(bus.part.memory[..<128])
    #expect(isDone && copies == array(wanted.bytes) + array(wanted.bytes), "seed \(seed)")
    let reading = try eeprom.identity(over: &bus)
    #expect(reading == .identity(wanted), "seed \(seed)")
  } catch {
    #expect(bus.faultsInjected == 1 && !fault.isRepaired, "seed \(seed): \(error)")
  }
}
