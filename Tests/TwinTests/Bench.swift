import Checksum
import Ports
import RegisterMap
import Twin
import Units

/// A controller reduced to its wires: builds transfers by hand, so that the models meet a second codec.
final class Bench {
  let simulation: Simulation
  private var isHigh = false

  init(_ simulation: Simulation) { self.simulation = simulation }

  func transfer(_ role: Role, _ command: [UInt8]) throws -> [UInt8] {
    var bus = SimulatedSpiBus(simulation, role: role)
    var reply = [UInt8](repeating: 0, count: command.count)
    var span = reply.mutableSpan
    try bus.transfer(command.span, reply: &span)
    return reply
  }

  static func head(_ opcode: UInt8, _ address: UInt8, _ data: UInt32) -> [UInt8] {
    let head = [opcode, address] + bytes(data)
    let crc = Checksum.crc16(head.span)
    return head + [UInt8(crc >> 8), UInt8(crc & 255)]
  }

  static func bytes(_ word: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * $0)) } }

  static func word(_ bytes: [UInt8], _ index: Int) -> UInt32 {
    bytes[index..<index + 4].reduce(0) { $0 * 256 + UInt32($1) }
  }

  /// Status and value of a register access; nil if the CRC of the reply is wrong.
  func access(_ role: Role, _ opcode: UInt8, _ address: UInt8, _ data: UInt32 = 0) throws -> (UInt8, UInt32)? {
    let reply = try transfer(role, Self.head(opcode, address, data) + [UInt8](repeating: 0, count: 8))
    let checked = Array(reply[8..<14])
    guard Checksum.crc16(checked.span) == UInt16(reply[14]) << 8 | UInt16(reply[15]) else { return nil }
    return (reply[8], Self.word(reply, 10))
  }

  func read(_ role: Role, _ register: Register) throws -> UInt32 {
    guard let (status, value) = try access(role, 1, register.address), status == 0xa5 else { return 0xdead_beef }
    return value
  }

  func write(_ role: Role, _ register: Register, _ word: UInt32) throws {
    _ = try access(role, 2, register.address, word)
  }

  /// Payload and waiting words of a burst read; nil if the CRC is wrong.
  func burst(_ role: Role, _ opcode: UInt8, _ address: UInt8, count: Int) throws -> ([UInt32], Int)? {
    let command = Self.head(opcode, address, UInt32(count)) + [UInt8](repeating: 0, count: 12 + 4 * count)
    let reply = try transfer(role, command)
    let checked = Array(reply[8..<16 + 4 * count])
    guard Checksum.crc32(checked.span) == Self.word(reply, 16 + 4 * count) else { return nil }
    let valid = Int(reply[10]) * 256 + Int(reply[11])
    return ((0..<valid).map { Self.word(reply, 16 + 4 * $0) }, Int(reply[12]) * 256 + Int(reply[13]))
  }

  func writeBurst(_ role: Role, _ address: UInt8, _ words: [UInt32], damage: Int? = nil) throws -> [UInt8] {
    let payload = words.flatMap { Self.bytes($0) }
    var command = Self.head(4, address, UInt32(words.count)) + payload + Self.bytes(Checksum.crc32(payload.span))
    if let damage { command[damage] ^= 1 }
    return try transfer(role, command + [UInt8](repeating: 0, count: 8)).suffix(8)
  }

  /// Everything that waits in Bob's FIFO, in bursts of `step` words.
  func drain(step: Int = 1_019) throws -> [UInt32] {
    var words: [UInt32] = []
    while true {
      guard let (more, waiting) = try burst(.bob, 3, 0x98, count: step) else { return words }
      words += more
      if waiting == 0 { return words }
    }
  }

  /// Lets time pass to `milliseconds` in ticks, with the heartbeat of both modules.
  func live(until milliseconds: UInt64, beating: [Role] = [.alice, .bob], each: (() throws -> Void)? = nil) rethrows {
    var next = simulation.now.ns / 1_000_000 + 1
    while next <= milliseconds {
      simulation.advance(to: Instant(ns: next * 1_000_000))
      isHigh.toggle()
      for role in beating { simulation.set(.heartbeat, high: isHigh, of: role) }
      try each?()
      next += 1
    }
  }

  /// Sets both modules up for frames 2 ..< stop and commits. Takes no simulated time.
  func start(stop: UInt32 = 1_000, deadSlots: UInt32 = 8, mean: UInt32 = 500_000) throws {
    for (register, word) in [
      (FpgaMap.meanSignal, mean), (FpgaMap.meanDecoy, mean / 5), (FpgaMap.meanVacuum, 1_000),
      (FpgaMap.shareSignal, 40_000), (FpgaMap.shareDecoy, 15_000), (FpgaMap.vcselEnable, 63),
      // The pulse in the middle of a gate from 1 to 3 ns.
      (FpgaMap.pulse, 175 << 8 | 5),
    ] { try write(.alice, register, word) }
    for (register, word) in [
      (FpgaMap.gate, 100 << 8 | 20), (FpgaMap.detectorEnable, 63), (FpgaMap.deadTime, deadSlots),
    ] { try write(.bob, register, word) }
    for role in [Role.alice, .bob] {
      try write(role, FpgaMap.startFrame, 2)
      try write(role, FpgaMap.stopFrame, stop)
      try write(role, FpgaMap.control, 1)
      try write(role, FpgaMap.commit, 1)
    }
    simulation.set(.laserArm, high: true, of: .alice)
  }
}

/// A FIFO word taken apart by hand.
struct Event: Equatable {
  let slot: UInt32
  let frameLow: UInt32
  let detectors: UInt32

  init(_ word: UInt32) {
    slot = word % 1_048_576
    frameLow = word / 1_048_576 % 4
    detectors = word / 67_108_864
  }
}
