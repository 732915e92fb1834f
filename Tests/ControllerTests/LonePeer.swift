import Controller
import HostStorage
import Ports
import Testing
import Twin
import TwinRun
import Units
import Wire

/// One real module, and at the other end of its cable a peer that is composed by hand.
struct LonePeer<End: OpticalEnd & ~Copyable>: ~Copyable {
  let simulation: Simulation
  var module: Controller<End, TwinBoard>
  private let cable = MemoryCable(capacity: 1 << 16, delayTicks: 1)
  private var link: MemoryLink
  private var outbox = Outbox(storage: .onHost(count: Outbox.capacityBytes))
  private var inbox = Inbox(storage: .onHost(count: Inbox.capacityBytes))
  private var tick: UInt64 = 0
  private let configuration: LinkConfiguration
  /// What the module said, oldest first.
  private(set) var heard: [(type: MessageType, payload: [UInt8])] = []

  init(
    variant: TwirlVariant = .perPulse, _ makeEnd: (consuming TwinSpi, inout HostBlocks) -> End
  ) throws {
    let plan = plan { $0.variant = variant }
    configuration = plan.alice
    simulation = Simulation(plan.scenario, seed: 1)
    var blocks = HostBlocks()
    let recorder = Recorder(keepsInputs: false)
    module = Controller(
      configuration: configuration, end: makeEnd(TwinSpi(simulation, role: End.role), &blocks),
      board: TwinBoard(
        simulation, role: End.role, seed: 1, link: MemoryLink(cable, end: 0), recorder: recorder),
      session: SessionMemory(role: End.role, configuration: configuration, from: &blocks), now: Instant(ns: 0))
    link = MemoryLink(cable, end: 1)
    let secret = [UInt8](repeating: 0x5a, count: 4096)
    try module.loadAuthenticationKey(secret.span)
  }

  mutating func send(_ type: MessageType, block: UInt32 = 0, _ payload: [UInt8]) throws {
    outbox.append(outbox.nextHeader(type, block: block, payloadBytes: payload.count), payload: payload.span)
    try outbox.flush(to: &link)
  }

  /// The greeting of an honest peer of the other role.
  mutating func greet(answering: Bool) throws {
    var payload: [UInt8] = [End.role == .alice ? 1 : 0, answering ? 1 : 0]
    payload += bytes(77, 8) + bytes(0, 4) + bytes(UInt64(configuration.hash), 4) + [ConfigurationField.count]
    for number in 0..<ConfigurationField.count {
      guard let field = ConfigurationField(rawValue: number) else { continue }
      payload += [number] + bytes(configuration[field], 8)
    }
    try send(.hello, payload)
  }

  mutating func pass(ticks: Int) throws {
    for _ in 0..<ticks {
      tick += 1
      simulation.advance(to: Instant(ns: tick * TimeBase.tick.count))
      cable.passTick()
      module.turn(at: Instant(ns: tick * TimeBase.tick.count))
      try inbox.fill(from: &link)
      while let header = try inbox.next() {
        heard.append((header.type, Self.payload(in: inbox)))
        inbox.drop()
      }
    }
  }

  private static func payload(in inbox: borrowing Inbox) -> [UInt8] {
    let span = inbox.payload
    return span.indices.map { span[$0] }
  }
}

/// The lowest `count` bytes of a number, highest first.
func bytes(_ value: UInt64, _ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * (count - 1 - $0))) }
}

func number(_ bytes: some Collection<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

extension LonePeer where End == AliceEnd<TwinSpi> {
  /// Alice in an exchange with a hand-made Bob. The light of her first frames is over.
  static func exchanging() throws -> LonePeer {
    var peer = try LonePeer { AliceEnd(bus: $0, from: &$1) }
    try peer.pass(ticks: 30)
    peer.module.start()
    try peer.pass(ticks: 2)
    try peer.greet(answering: true)
    try peer.pass(ticks: 5)
    try peer.send(.windowSet, Array(peer.proposedWindow()[..<8]))
    try peer.pass(ticks: 250)
    return peer
  }

  /// What she proposed last.
  func proposedWindow() throws -> [UInt8] { try #require(heard.last { $0.type == .window }?.payload) }
}

extension LonePeer where End == BobEnd<TwinSpi> {
  /// Goes with a hand-made Alice into an exchange, and returns the first batch that Bob announces.
  mutating func meet() throws -> [UInt8] {
    try pass(ticks: 30)
    try greet(answering: false)
    try pass(ticks: 3)
    try send(.window, bytes(8, 4) + bytes(108, 4) + bytes(0, 4))
    try pass(ticks: 400)
    return try #require(heard.first { $0.type == .detections }?.payload)
  }
}
