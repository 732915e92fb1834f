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
    let answers = simulation.fpga(of: role).transfer(command, reply: &reply, at: simulation.now)
    guard answers else { throw .timedOut }
  }
}

/// The I2C bus of one simulated module. Both have wave plates, a temperature sensor and an EEPROM on it; only Bob has a
/// front-end, only Alice has converters.
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
    let faults = simulation.fpga(of: role).faults.faults
    for case .silentTarget(address, let start) in faults where simulation.now >= start { return nil }
    switch address {
    case WavePlatesMap.i2cAddress: return simulation.plates(of: role).exchange(sent, replyCount: replyCount)
    case FrontEndMap.i2cAddress where role == .bob: return simulation.frontEnd.exchange(sent, replyCount: replyCount)
    default: return simulation.exchange(sent, withPartAt: address, replyCount: replyCount, of: role)
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

  public mutating func isHigh(_ line: InputLine) throws(BusError) -> Bool { simulation.isHigh(line, of: role) }
}
