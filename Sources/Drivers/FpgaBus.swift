import Checksum
public import FixedStorage
public import Ports
public import RegisterMap

/// Register traffic with the gateware over SPI, checked both ways by CRC and repeated when it was damaged.
///
/// A single damaged, lost or dropped transfer either is repaired or ends in a fault; it never passes as success.
public struct FpgaBus<Bus: SpiBus & ~Copyable>: ~Copyable {
  /// How often one transfer is tried before its damage becomes a fault.
  public static var attemptsMax: Int { 3 }

  public internal(set) var counters = WireCounters()

  private var bus: Bus
  var command: Block<UInt8>
  var reply: Block<UInt8>
  var lastBurst = BurstMemory()

  /// Takes over the bus and two buffers of at least `SpiProtocol.transferBytesMax` bytes.
  public init(bus: consuming Bus, command: consuming Block<UInt8>, reply: consuming Block<UInt8>) {
    precondition(command.count >= SpiProtocol.transferBytesMax && reply.count >= SpiProtocol.transferBytesMax)
    self.bus = bus
    self.command = command
    self.reply = reply
  }

  /// Zeroes both transfer buffers: the last look-up holds bits of key.
  public mutating func wipeBuffers() {
    command.wipe()
    reply.wipe()
  }

  /// Reads a register; a bit that the map does not define means that another map answers.
  public mutating func read(_ register: Register) throws(DriverFault) -> UInt32 {
    precondition(register.access == .readOnly || register.access == .readWrite)
    let word = try exchange(.read, register.address, 0)
    guard word & ~register.defined == 0 else {
      throw .wrongDevice(address: register.address, expected: word & register.defined, read: word)
    }
    return word
  }

  /// Writes and reads back. A shadow register reads as what was written last, committed or not.
  public mutating func write(_ word: UInt32, to register: Register) throws(DriverFault) {
    try put(word, into: register)
    let readBack = try read(register)
    guard readBack == word else {
      throw .readBackDiffers(address: register.address, wrote: word, read: readBack)
    }
  }

  /// Writes without reading back, for patterns that are compared by the caller.
  mutating func put(_ word: UInt32, into register: Register) throws(DriverFault) {
    precondition(register.access == .readWrite && word & ~register.defined == 0)
    _ = try exchange(.write, register.address, word)
  }

  /// Writes to a write-only register whose effect is the same once and twice; the caller checks the effect.
  mutating func trigger(_ word: UInt32, at register: Register) throws(DriverFault) {
    precondition(register.access == .writeOnly && word & ~register.defined == 0)
    _ = try exchange(.write, register.address, word)
  }

  private mutating func exchange(
    _ opcode: SpiProtocol.Opcode, _ address: UInt8, _ word: UInt32
  ) throws(DriverFault) -> UInt32 {
    var fault = DriverFault.damaged(address: address, reply: 0)
    for attempt in 0..<Self.attemptsMax {
      if attempt > 0 { counters.retries += 1 }
      switch try exchangeOnce(opcode, address, word) {
      case .done(let value): return value
      case .failed(let seen): fault = seen
      }
    }
    throw fault
  }

  /// One register transfer. Damage on either way is an outcome, a refusal is thrown.
  mutating func exchangeOnce(
    _ opcode: SpiProtocol.Opcode, _ address: UInt8, _ word: UInt32
  ) throws(DriverFault) -> RegisterOutcome {
    storeHead(opcode, address, word)
    command.clear(SpiProtocol.headBytes..<SpiProtocol.registerBytes)
    try transfer(bytes: SpiProtocol.registerBytes, address)
    let status: SpiProtocol.Status?
    switch checkedStatus(at: SpiProtocol.headBytes, address) {
    case .intact(let seen): status = seen
    case .damaged(let fault): return .failed(fault)
    }
    switch status {
    case .done: return .done(reply.span.bigEndian32(at: SpiProtocol.headBytes + 2))
    case .commandDamaged: return .failed(commandDamaged(address))
    case .refused, nil: throw .refused(address: address, status: reply[SpiProtocol.headBytes])
    }
  }

  /// Checks the eight reply bytes at `offset`: status, address echo, four bytes, CRC-16 of these six.
  mutating func checkedStatus(at offset: Int, _ address: UInt8) -> ReplyCheck {
    let crc = Checksum.crc16(reply.span.extracting(offset..<offset + 6))
    guard crc == reply.span.bigEndian16(at: offset + 6), reply[offset + 1] == address else {
      return .damaged(replyDamaged(at: offset, address))
    }
    return .intact(SpiProtocol.Status(rawValue: reply[offset]))
  }

  mutating func commandDamaged(_ address: UInt8) -> DriverFault {
    counters.commandsDamaged += 1
    return .refused(address: address, status: SpiProtocol.Status.commandDamaged.rawValue)
  }

  mutating func replyDamaged(at offset: Int, _ address: UInt8) -> DriverFault {
    counters.repliesDamaged += 1
    return .damaged(address: address, reply: reply.span.bigEndian64(at: offset))
  }

  /// Writes opcode, address, data or word count and their CRC-16 to the start of the command.
  mutating func storeHead(_ opcode: SpiProtocol.Opcode, _ address: UInt8, _ word: UInt32) {
    command[0] = opcode.rawValue
    command[1] = address
    command.storeBigEndian(word, at: 2)
    let crc = Checksum.crc16(command.span.extracting(0..<SpiProtocol.headCheckedBytes))
    command.storeBigEndian(crc, at: SpiProtocol.headCheckedBytes)
  }

  mutating func transfer(bytes: Int, _ address: UInt8) throws(DriverFault) {
    counters.transfers += 1
    do { try Self.transfer(command, over: &bus, into: &reply, bytes: bytes) } catch {
      throw .bus(error, address: address)
    }
  }

  private static func transfer(
    _ command: borrowing Block<UInt8>, over bus: inout Bus, into reply: inout Block<UInt8>, bytes: Int
  ) throws(BusError) {
    var whole = reply.mutableSpan
    var incoming = whole._mutatingExtracting(0..<bytes)
    try bus.transfer(command.span.extracting(0..<bytes), reply: &incoming)
  }
}
