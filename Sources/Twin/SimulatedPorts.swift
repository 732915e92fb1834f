public import Ports
import RegisterMap
public import Units

/// The SPI bus of one simulated module.
public struct SimulatedSpiBus: SpiBus, ~Copyable {
  private let simulation: Simulation
  private let role: Role

  public init(_ simulation: Simulation, role: Role) {
    self.simulation = simulation
    self.role = role
  }

  public mutating func transfer(_ command: Span<UInt8>, reply: inout MutableSpan<UInt8>) throws(BusError) {
    precondition(command.count == reply.count && command.count <= SpiProtocol.transferBytesMax)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(command.count)
    for i in command.indices { bytes.append(command[i]) }
    guard let answer = simulation.fpga(of: role).transfer(bytes, at: simulation.now) else { throw .timedOut }
    for i in answer.indices { reply[i] = answer[i] }
  }
}

extension FpgaModel {
  /// A transfer over the wire with its faults; nil if nobody answers.
  func transfer(_ command: [UInt8], at now: Instant) -> [UInt8]? {
    wire.transfers += 1
    var command = command
    for case .silentBus(let start) in faults.faults where now >= start { return nil }
    for case .flippedCommand(let every) in faults.faults where wire.transfers % every == 0 {
      wire.flip(&command, in: 0..<min(SpiProtocol.headBytes, command.count), salt: 1)
    }
    var reply = exchange(command)
    guard reply.count > SpiProtocol.headBytes else { return reply }
    let isWrite = command[0] == SpiProtocol.Opcode.burstWrite.rawValue
    let checked = (isWrite ? reply.count - 8 : 8)..<reply.count
    for fault in faults.faults {
      switch fault {
      case .flippedReply(let every) where wire.transfers % every == 0: wire.flip(&reply, in: checked, salt: 2)
      case .flippedReplies(let start) where now >= start: wire.flip(&reply, in: checked, salt: 3)
      case .wrongIdentity, .stuckBit, .flippedCommand, .flippedReply, .flippedReplies, .silentBus, .lostWrite,
        .notAcknowledged, .shallowFifo, .stuckPlate, .failedMotor, .slowPlates:
        break
      }
    }
    return reply
  }
}

/// The I2C bus of one simulated module. Both have wave plates on it; only Bob has a front-end.
public struct SimulatedI2cBus: I2cBus, ~Copyable {
  private let simulation: Simulation
  private let role: Role

  public init(_ simulation: Simulation, role: Role) {
    self.simulation = simulation
    self.role = role
  }

  public mutating func transfer(
    _ bytes: Span<UInt8>, to address: UInt8, reply: inout MutableSpan<UInt8>
  ) throws(BusError) {
    var sent: [UInt8] = []
    for i in bytes.indices { sent.append(bytes[i]) }
    guard let answer = answer(sent, address, replyCount: reply.count) else { throw .notAcknowledged }
    for i in answer.indices { reply[i] = answer[i] }
  }

  private func answer(_ sent: [UInt8], _ address: UInt8, replyCount: Int) -> [UInt8]? {
    switch address {
    case WavePlatesMap.i2cAddress: return simulation.plates(of: role).exchange(sent, replyCount: replyCount)
    case FrontEndMap.i2cAddress where role == .bob: return simulation.frontEnd.exchange(sent, replyCount: replyCount)
    default: return nil
    }
  }
}

/// The GPIO lines of one simulated module.
public struct SimulatedLines: LinePort, ~Copyable {
  private let simulation: Simulation
  private let role: Role

  public init(_ simulation: Simulation, role: Role) {
    self.simulation = simulation
    self.role = role
  }

  public mutating func set(_ line: OutputLine, high: Bool) throws(BusError) {
    simulation.set(line, high: high, of: role)
  }

  public mutating func isHigh(_ line: InputLine) throws(BusError) -> Bool {
    let model = simulation.fpga(of: role)
    switch line {
    case .fpgaDone: return true
    case .fpgaIrq: return model.interruptIsHigh
    // A GNSS receiver's pulse: the first tenth of each second.
    case .pps: return simulation.now.ns % 1_000_000_000 < 100_000_000
    case .tamper: return model.isTampered
    }
  }
}
