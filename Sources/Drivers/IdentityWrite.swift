public import Ports
import RegisterMap

// The lower half of the EEPROM has two copies of the record, so that a cut of power while one is written leaves the
// other. The first that holds is read; the second is written first.

extension Eeprom24AA02 {
  /// The identity of the module, from the first copy that is one, or what is wrong with the first copy.
  public mutating func identity(
    over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) -> IdentityReading {
    let first: [64 of UInt8] = try bytes(at: 0, over: &bus)
    let reading = ModuleIdentity.decode(first)
    if case .identity = reading { return reading }
    let second: [64 of UInt8] = try bytes(at: UInt8(ModuleIdentity.recordBytes), over: &bus)
    let secondReading = ModuleIdentity.decode(second)
    if case .identity = secondReading { return secondReading }
    return reading
  }
}

/// An identity on its way to the EEPROM, page by page: 16 pages, at most 80 ms in all.
public struct IdentityWrite: Sendable {
  private let record: [64 of UInt8]
  /// Pages that are done.
  private var pageCount = 0
  private var isWaiting = false

  public init(_ identity: ModuleIdentity) { record = identity.bytes }

  /// Begins the next page or asks for the one that was begun; true when both copies are written and read back. After
  /// a fault the step may be repeated.
  public mutating func step(
    _ eeprom: inout Eeprom24AA02, over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) -> Bool {
    guard let page = EepromPage(index: pageIndex) else { preconditionFailure("no page is outside of the part") }
    let bytes = self.bytes(of: page)
    if !isWaiting {
      try eeprom.beginWrite(bytes, to: page, over: &bus)
      isWaiting = true
      return false
    }
    // If the page holds something else it has to be written again.
    isWaiting = false
    guard try eeprom.isWritten(bytes, to: page, over: &bus) else {
      isWaiting = true
      return false
    }
    if pageCount < EepromMap.pageCount - 1 {
      pageCount += 1
      return false
    }
    try check(&eeprom, over: &bus)
    return true
  }

  /// The second copy comes first.
  private var pageIndex: Int { (pageCount + EepromMap.pageCount / 2) % EepromMap.pageCount }

  private func bytes(of page: EepromPage) -> [8 of UInt8] {
    let start = Int(page.offset) % ModuleIdentity.recordBytes
    var bytes: [8 of UInt8] = .init(repeating: 0)
    for i in bytes.indices { bytes[i] = record[start + i] }
    return bytes
  }

  /// A page that went astray has damaged one that was done before.
  private func check(
    _ eeprom: inout Eeprom24AA02, over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) {
    for copy in 0..<2 {
      let start = copy * ModuleIdentity.recordBytes
      let read: [64 of UInt8] = try eeprom.bytes(at: UInt8(start), over: &bus)
      for i in record.indices where read[i] != record[i] {
        throw .readBackDiffers(address: UInt8(start + i), wrote: UInt32(record[i]), read: UInt32(read[i]))
      }
    }
  }
}
