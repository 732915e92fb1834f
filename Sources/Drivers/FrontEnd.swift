import Checksum
public import Ports
public import RegisterMap

/// The counter front-end: clicks, bias current and temperature of each detector, over I2C with packet error code.
///
/// The bus has many devices, so whoever owns it lends it to each call. Arrays are in detector order: H, V, D, A, R, L.
public struct FrontEnd: Sendable {
  /// How often one transfer is tried before its damage becomes a fault.
  public static var attemptsMax: Int { 3 }

  public private(set) var counters = WireCounters()

  public init() {}

  /// Checks identity and map version.
  public mutating func identify(over bus: inout some I2cBus & ~Copyable) throws(DriverFault) {
    try expectReset(of: FrontEndMap.ident, over: &bus)
    try expectReset(of: FrontEndMap.version, over: &bus)
  }

  /// Copies all running counters at one moment, for `counts` to read.
  public mutating func latch(over bus: inout some I2cBus & ~Copyable) throws(DriverFault) {
    try write(FrontEndMap.Control.latchCounts.insert(true, into: 0), to: FrontEndMap.control, over: &bus)
  }

  /// Clicks modulo 2^32 at the last `latch`.
  public mutating func counts(
    over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) -> [6 of UInt32] {
    let low = try words(of: FrontEndMap.detectorCountLow, over: &bus)
    var counts = try words(of: FrontEndMap.detectorCountHigh, over: &bus)
    for d in counts.indices { counts[d] = Self.highHalf.insert(counts[d], into: low[d]) }
    return counts
  }

  /// Bias currents in nanoamperes.
  public mutating func biasCurrentsNa(
    over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) -> [6 of UInt32] {
    try words(of: FrontEndMap.detectorBiasCurrent, over: &bus)
  }

  /// Temperatures in thousandths of a degree Celsius; the device resolves hundredths.
  public mutating func temperaturesMilliC(
    over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) -> [6 of Int32] {
    let words = try words(of: FrontEndMap.detectorTemperature, over: &bus)
    var temperatures = [6 of Int32](repeating: 0)
    for d in words.indices { temperatures[d] = 10 * Int32(Int16(truncatingIfNeeded: words[d])) }
    return temperatures
  }

  public mutating func status(over bus: inout some I2cBus & ~Copyable) throws(DriverFault) -> FrontEndStatus {
    FrontEndStatus(word: try read(FrontEndMap.status, over: &bus))
  }

  private static var highHalf: Field { Field(bits: 16...31) }
  private static var writeAddress: UInt8 { FrontEndMap.i2cAddress << 1 }
  private static var readAddress: UInt8 { writeAddress | 1 }

  private mutating func expectReset(
    of register: Register, over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) {
    let word = try read(register, over: &bus)
    guard word == register.reset else {
      throw .wrongDevice(address: register.address, expected: register.reset, read: word)
    }
  }

  private mutating func words(
    of registers: [6 of Register], over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) -> [6 of UInt32] {
    var words = [6 of UInt32](repeating: 0)
    for d in words.indices { words[d] = try read(registers[d], over: &bus) }
    return words
  }

  /// SMBus read word with packet error code over everything that travelled, addresses included.
  private mutating func read(
    _ register: Register, over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) -> UInt32 {
    let command: [1 of UInt8] = [register.address]
    var fault = DriverFault.damaged(address: register.address, reply: 0)
    for attempt in 0..<Self.attemptsMax {
      if attempt > 0 { counters.retries += 1 }
      var reply: [3 of UInt8] = [0, 0, 0]
      do throws(BusError) {
        counters.transfers += 1
        var incoming = reply.mutableSpan
        try bus.transfer(command.span, to: FrontEndMap.i2cAddress, reply: &incoming)
      } catch {
        fault = try retriable(error, register)
        continue
      }
      let travelled: [5 of UInt8] = [Self.writeAddress, register.address, Self.readAddress, reply[0], reply[1]]
      if Checksum.crc8(travelled.span) == reply[2] { return UInt32(reply[0]) | UInt32(reply[1]) << 8 }
      counters.repliesDamaged += 1
      let evidence = UInt64(reply[0]) << 16 | UInt64(reply[1]) << 8 | UInt64(reply[2])
      fault = .damaged(address: register.address, reply: evidence)
    }
    throw fault
  }

  /// SMBus write word; a target that finds the packet error code wrong does not acknowledge it.
  private mutating func write(
    _ word: UInt32, to register: Register, over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) {
    let low = UInt8(truncatingIfNeeded: word)
    let high = UInt8(truncatingIfNeeded: word >> 8)
    let travelled: [4 of UInt8] = [Self.writeAddress, register.address, low, high]
    let command: [4 of UInt8] = [register.address, low, high, Checksum.crc8(travelled.span)]
    var fault = DriverFault.bus(.notAcknowledged, address: register.address)
    for attempt in 0..<Self.attemptsMax {
      if attempt > 0 { counters.retries += 1 }
      do throws(BusError) {
        counters.transfers += 1
        var nothing = MutableSpan<UInt8>()
        try bus.transfer(command.span, to: FrontEndMap.i2cAddress, reply: &nothing)
        return
      } catch {
        fault = try retriable(error, register)
      }
    }
    throw fault
  }

  /// A missing acknowledgement is how damage shows on this bus; everything else is not worth another attempt.
  private mutating func retriable(_ error: BusError, _ register: Register) throws(DriverFault) -> DriverFault {
    let fault = DriverFault.bus(error, address: register.address)
    guard error == .notAcknowledged else { throw fault }
    counters.commandsDamaged += 1
    return fault
  }
}
