import HostSockets
import Ports
import Units

/// Commands to the simulation while it runs: one line, one line of answer, `ok`, facts, or `error: ...`.
///
/// Documentation/Protocol/Board.md has them. One caller at a time; another waits until that one hangs up.
final class BoardControl {
  private let simulation: Simulation
  private let listener: StreamListener
  private var peer: StreamConnection?
  private var pending: [UInt8] = []

  init(_ simulation: Simulation, path: String) throws(SocketFault) {
    self.simulation = simulation
    listener = try StreamListener(path: path)
  }

  var descriptor: Int32 { peer?.descriptor ?? listener.descriptor }

  /// Takes what made the descriptor ready.
  func serve() throws(SocketFault) {
    guard let peer else {
      self.peer = try listener.accept()
      return
    }
    let bytes = peer.receive()
    pending += bytes
    while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
      let line = String(decoding: pending[..<end], as: UTF8.self)
      pending.removeFirst(end + 1)
      _ = peer.send(Array((perform(line) + "\n").utf8))
    }
    if bytes.isEmpty {
      self.peer = nil
      pending = []
    }
  }

  private func perform(_ line: String) -> String {
    let words = line.split(separator: " ").map(String.init)
    switch (words.first, words.dropFirst().first.flatMap(role)) {
    case ("lines", let role?) where words.count == 2: return levels(of: role)
    case ("gateware", let role?) where words.count == 2: return gateware(of: role)
    case ("tamper", let role?) where words.count == 3:
      guard let isOn = ["on": true, "off": false][words[2]] else { break }
      simulation.fpga(of: role).isTampered = isOn
      return "ok"
    case ("faults", let role?):
      let faults = words.dropFirst(2).map { DeviceFault(text: $0, from: simulation.now) }
      guard !faults.contains(nil) else { break }
      simulation.setFaults(FaultPlan(faults.compactMap(\.self)), of: role)
      return "ok"
    case ("interlock", nil) where words.count == 2:
      guard let isClosed = ["closed": true, "open": false][words[1]] else { break }
      simulation.setInterlock(closed: isClosed)
      return "ok"
    case ("time", nil) where words.count == 1: return "\(simulation.now.ns)"
    default: break
    }
    return "error: no such command: \(line)"
  }

  private func role(_ name: String) -> Role? { ["alice": .alice, "bob": .bob][name] }

  private func levels(of role: Role) -> String {
    let names = ["fpga_done", "fpga_irq", "pps", "tamper"]
    let inputs = simulation.inputLevels(of: role)
    let model = simulation.fpga(of: role)
    let outputs = [("laser_arm", model.isArmed), ("heartbeat", model.heartbeatIsHigh)]
    return (names.indices.map { "\(names[$0])=\(inputs >> UInt8($0) & 1)" } + outputs.map { "\($0)=\($1 ? 1 : 0)" })
      .joined(separator: " ")
  }

  private func gateware(of role: Role) -> String {
    let model = simulation.fpga(of: role)
    return "open=\(model.isOpen ? 1 : 0) watchdog_expired=\(model.watchdogExpired ? 1 : 0)"
  }
}

extension DeviceFault {
  /// One of `flipped-command=N`, `flipped-reply=N`, `lost-write=N`, `i2c-lost=N` for every so many, and from `now` on
  /// `flipped-replies`, `silent-spi` and `i2c-silent=ADDRESS`.
  init?(text: String, from now: Instant) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let every = parts.count == 2 ? UInt64(parts[1]).flatMap { $0 > 0 ? $0 : nil } : nil
    switch (parts[0], every) {
    case ("flipped-command", let every?): self = .flippedCommand(every: every)
    case ("flipped-reply", let every?): self = .flippedReply(every: every)
    case ("lost-write", let every?): self = .lostWrite(every: every)
    case ("i2c-lost", let every?): self = .notAcknowledged(every: every)
    case ("flipped-replies", _) where parts.count == 1: self = .flippedReplies(from: now)
    case ("silent-spi", _) where parts.count == 1: self = .silentBus(from: now)
    case ("i2c-silent", _) where parts.count == 2 && parts[1].hasPrefix("0x"):
      guard let address = UInt8(parts[1].dropFirst(2), radix: 16), address < 0x80 else { return nil }
      self = .silentTarget(address, from: now)
    default: return nil
    }
  }
}
