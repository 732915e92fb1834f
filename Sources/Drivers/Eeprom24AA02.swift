public import Ports
import RegisterMap

/// A page of the EEPROM that can be written on every kind of it: the lower half, eight bytes each.
public struct EepromPage: Equatable, Sendable {
  let offset: UInt8

  /// Nil for 16 and more.
  public init?(index: Int) {
    guard index >= 0, index < EepromMap.pageCount else { return nil }
    offset = UInt8(index * EepromMap.pageBytes)
  }
}

/// The EEPROM 24AA02 or 24AA02E48: 256 bytes that survive power loss.
///
/// Sections are those of the data sheets DS21709 and DS20002124. A fault names the offset of the byte. The bus has
/// many devices, so whoever owns it lends it to each call.
public struct Eeprom24AA02: Sendable {
  private var device = UncheckedDevice(at: PartAddress.eeprom)

  public init() {}

  public var counters: WireCounters { device.counters }

  /// Bytes from `offset` on, which must end within the part: a random and sequential read, section 8.
  public mutating func bytes<let count: Int>(
    at offset: UInt8, over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) -> [count of UInt8] {
    precondition(count > 0 && Int(offset) + count <= EepromMap.bytes)
    let command: [1 of UInt8] = [offset]
    return try device.read(command.span, over: &bus)
  }

  /// The globally unique number of a 24AA02E48, nil on a 24AA02; section 9.1.
  public mutating func nodeAddress(
    over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) -> [6 of UInt8]? {
    let address: [6 of UInt8] = try bytes(at: EepromMap.nodeAddressOffset, over: &bus)
    for i in address.indices where address[i] != 0xff { return address }
    return nil
  }

  /// Begins to write a page, section 6.2; `isWritten` tells the end. Does nothing if the page holds the bytes already:
  /// so a write that went astray always shows, and pages last longer.
  public mutating func beginWrite(
    _ bytes: [8 of UInt8], to page: EepromPage, over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) {
    let before: [8 of UInt8] = try self.bytes(at: page.offset, over: &bus)
    if Self.difference(before, bytes) == nil { return }
    let command: [9 of UInt8] = [
      page.offset, bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7],
    ]
    try device.write(command.span, over: &bus)
  }

  /// Whether the page holds `bytes`; false while the part writes, which takes 5 ms at most. Until then it does not
  /// acknowledge, section 7, as if it were not there: the caller keeps the time.
  public mutating func isWritten(
    _ bytes: [8 of UInt8], to page: EepromPage, over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) -> Bool {
    let command: [1 of UInt8] = [page.offset]
    let read: [8 of UInt8]
    do throws(DriverFault) { read = try device.read(command.span, over: &bus) } catch {
      guard case .bus(.notAcknowledged, _) = error else { throw error }
      return false
    }
    if let i = Self.difference(read, bytes) {
      throw .readBackDiffers(address: page.offset + UInt8(i), wrote: UInt32(bytes[i]), read: UInt32(read[i]))
    }
    return true
  }

  /// The first place where they differ.
  private static func difference(_ a: [8 of UInt8], _ b: [8 of UInt8]) -> Int? {
    for i in a.indices where a[i] != b[i] { return i }
    return nil
  }
}
