import Checksum
import Ports
import RegisterMap

/// A device with 16-bit registers behind SMBus word accesses with packet error code.
///
/// The bus has many devices, so whoever owns it lends it to each call.
struct WordDevice: Sendable {
  /// How often one transfer is tried before its damage becomes a fault.
  static var attemptsMax: Int { 3 }

  private(set) var counters = WireCounters()
  private let address: UInt8

  /// `address` has seven bits.
  init(at address: UInt8) { self.address = address }

  private var writeAddress: UInt8 { address << 1 }

  /// Checks a register that identifies the device.
  mutating func expectReset(
    of register: Register, over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) {
    let word = try read(register, over: &bus)
    guard word == register.reset else {
      throw .wrongDevice(address: register.address, expected: register.reset, read: word)
    }
  }

  /// Reads a register; a bit that the map does not define means that another map answers.
  mutating func read(
    _ register: Register, over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) -> UInt32 {
    let word = try readWord(register, over: &bus)
    guard word & ~register.defined == 0 else {
      throw .wrongDevice(address: register.address, expected: word & register.defined, read: word)
    }
    return word
  }

  /// SMBus read word with packet error code over everything that travelled, addresses included.
  private mutating func readWord(
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
        try bus.transfer(command.span, to: address, reply: &incoming)
      } catch {
        fault = try retriable(error, register)
        continue
      }
      let travelled: [5 of UInt8] = [writeAddress, register.address, writeAddress | 1, reply[0], reply[1]]
      if Checksum.crc8(travelled.span) == reply[2] { return UInt32(reply[0]) | UInt32(reply[1]) << 8 }
      counters.repliesDamaged += 1
      let evidence = UInt64(reply[0]) << 16 | UInt64(reply[1]) << 8 | UInt64(reply[2])
      fault = .damaged(address: register.address, reply: evidence)
    }
    throw fault
  }

  /// SMBus write word; a target that finds the packet error code wrong does not acknowledge it.
  mutating func write(
    _ word: UInt32, to register: Register, over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) {
    let low = UInt8(truncatingIfNeeded: word)
    let high = UInt8(truncatingIfNeeded: word >> 8)
    let travelled: [4 of UInt8] = [writeAddress, register.address, low, high]
    let command: [4 of UInt8] = [register.address, low, high, Checksum.crc8(travelled.span)]
    var fault = DriverFault.bus(.notAcknowledged, address: register.address)
    for attempt in 0..<Self.attemptsMax {
      if attempt > 0 { counters.retries += 1 }
      do throws(BusError) {
        counters.transfers += 1
        var nothing = MutableSpan<UInt8>()
        try bus.transfer(command.span, to: address, reply: &nothing)
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
