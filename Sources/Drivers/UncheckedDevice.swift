import Ports
import RegisterMap

/// A part behind I2C without any checksum: what it answers counts once it has answered it twice in a row.
///
/// The bus has many devices, so whoever owns it lends it to each call. Words have 16 bits, the high byte first.
struct UncheckedDevice: Sendable {
  /// How often a transfer is tried that is not acknowledged.
  static var attemptsMax: Int { 3 }
  /// How many readings are taken until two in a row agree: of five, two do though the part changes once and one of
  /// them is damaged.
  static var readingsMax: Int { 5 }

  private(set) var counters = WireCounters()
  private let address: UInt8

  /// `address` has seven bits.
  init(at address: UInt8) { self.address = address }

  // MARK: Bytes

  /// Writes `command`, whose first byte names the place in a fault.
  mutating func write(_ command: Span<UInt8>, over bus: inout some I2cBus & ~Copyable) throws(DriverFault) {
    var nothing = MutableSpan<UInt8>()
    try transfer(command, reply: &nothing, over: &bus)
  }

  /// Reads after `command` until two readings in a row agree.
  mutating func read<let count: Int>(
    _ command: Span<UInt8>, over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) -> [count of UInt8] {
    var last: [count of UInt8] = try readOnce(command, over: &bus)
    for _ in 1..<Self.readingsMax {
      let next: [count of UInt8] = try readOnce(command, over: &bus)
      if Self.areEqual(last, next) { return next }
      counters.repliesDamaged += 1
      last = next
    }
    throw .damaged(address: Self.place(command), reply: Self.evidence(last))
  }

  /// One reading, which nothing confirms yet.
  mutating func readOnce<let count: Int>(
    _ command: Span<UInt8>, over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) -> [count of UInt8] {
    var reply = [count of UInt8](repeating: 0)
    var incoming = reply.mutableSpan
    try transfer(command, reply: &incoming, over: &bus)
    return reply
  }

  private mutating func transfer(
    _ command: Span<UInt8>, reply: inout MutableSpan<UInt8>, over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) {
    var fault = DriverFault.bus(.notAcknowledged, address: Self.place(command))
    for attempt in 0..<Self.attemptsMax {
      if attempt > 0 { counters.retries += 1 }
      do throws(BusError) {
        counters.transfers += 1
        try bus.transfer(command, to: address, reply: &reply)
        return
      } catch {
        fault = .bus(error, address: Self.place(command))
        // Everything else than a missing acknowledgement is not worth another attempt.
        guard error == .notAcknowledged else { throw fault }
      }
    }
    throw fault
  }

  private static func place(_ command: Span<UInt8>) -> UInt8 { command.isEmpty ? 0 : command[0] }

  private static func areEqual<let count: Int>(_ a: [count of UInt8], _ b: [count of UInt8]) -> Bool {
    for i in a.indices where a[i] != b[i] { return false }
    return true
  }

  private static func evidence<let count: Int>(_ reply: [count of UInt8]) -> UInt64 {
    var evidence: UInt64 = 0
    for i in 0..<min(count, 8) { evidence = evidence << 8 | UInt64(reply[i]) }
    return evidence
  }

  // MARK: Words

  /// Reads a register until two readings in a row agree; a bit that the map does not define means another part.
  mutating func read(
    _ register: Register, over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) -> UInt32 {
    let command: [1 of UInt8] = [register.address]
    let reply: [2 of UInt8] = try read(command.span, over: &bus)
    let word = UInt32(reply[0]) << 8 | UInt32(reply[1])
    guard word & ~register.defined == 0 else {
      throw .wrongDevice(address: register.address, expected: word & register.defined, read: word)
    }
    return word
  }

  /// One reading of a register that changes by being read.
  mutating func readOnce(
    _ register: Register, over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) -> UInt32 {
    let command: [1 of UInt8] = [register.address]
    let reply: [2 of UInt8] = try readOnce(command.span, over: &bus)
    return UInt32(reply[0]) << 8 | UInt32(reply[1])
  }

  mutating func write(
    _ word: UInt32, to register: Register, over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) {
    let command: [3 of UInt8] = [
      register.address, UInt8(truncatingIfNeeded: word >> 8), UInt8(truncatingIfNeeded: word),
    ]
    try write(command.span, over: &bus)
  }

  /// Writes a register that holds something else, and reads it back. A write that another register took instead always
  /// shows that way, because this one has not changed.
  mutating func store(
    _ word: UInt32, in register: Register, over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) {
    let before = try read(register, over: &bus)
    if before == word { return }
    try write(word, to: register, over: &bus)
    let readBack = try read(register, over: &bus)
    guard readBack == word else { throw .readBackDiffers(address: register.address, wrote: word, read: readBack) }
  }
}
