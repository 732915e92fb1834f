import BoardProtocol
import Foundation
public import HostSockets
import Ports
public import Units

/// Serves the boards of both modules of one simulation on two stream sockets, in one virtual time.
///
/// Documentation/Protocol/Board.md has the bytes and the rules of time. The server is one loop on one thread; the
/// simulation moves only when every module that is still there sleeps or has a clock of its own.
public final class BoardServer {
  /// One of the two places for a module.
  final class Seat {
    let role: Role
    let listener: StreamListener
    var peer: StreamConnection?
    var pending: [UInt8] = []
    var hasLeft = false
    /// Whose clock the module has; nil before it has said hello.
    var clock: BoardClock?
    /// The time that the module sleeps until; nil while it is awake.
    var wakeTime: Instant?
    /// When it asked for something last, in wall time since the server began.
    var heard = Duration.zero
    /// The levels of the input lines that the module was told last.
    var toldLines: UInt8?

    init(role: Role, listener: StreamListener) {
      self.role = role
      self.listener = listener
    }

    /// Whether time may pass as far as this module is concerned.
    var letsTimePass: Bool {
      switch clock {
      case .simulated: wakeTime != nil
      case .freeRunning: true
      case nil: false
      }
    }
  }

  /// Where a module finds its board.
  public static func path(_ prefix: String, of role: Role) -> String {
    prefix + (role == .alice ? ".alice" : ".bob")
  }

  let simulation: Simulation
  let pace: Pace
  let patience: Duration?
  let seats: [Seat]
  private let began = ContinuousClock.now
  private var credit: PaceCredit?
  private let control: BoardControl?

  /// Listens on `path.alice` and `path.bob`, and for commands on `path.control` if `isControlled`; a socket that an
  /// earlier server left behind is replaced. A module with a clock of its own that has asked for nothing for `patience`
  /// is taken for one whose computer stands still, and the simulation with it, until it asks again.
  public init(
    _ simulation: Simulation, path: String, pace: Pace = .free, patience: Duration? = nil, isControlled: Bool = false
  ) throws(SocketFault) {
    self.simulation = simulation
    self.pace = pace
    self.patience = patience
    var seats: [Seat] = []
    for role in [Role.alice, .bob] {
      seats.append(Seat(role: role, listener: try StreamListener(path: Self.path(path, of: role))))
    }
    self.seats = seats
    control = isControlled ? try BoardControl(simulation, path: path + ".control") : nil
  }

  /// Serves until both modules have left.
  public func run() throws(SocketFault) {
    while seats.contains(where: { !$0.hasLeft }) {
      let wait = advance()
      if wait != 0 { try serveOnce(milliseconds: wait) }
    }
  }

  // MARK: Time

  /// Moves the simulation as far as modules and pace allow, at most to the next time that a module wakes, and wakes it.
  /// Returns for how many milliseconds nothing but a request can happen: 0 if a module woke, -1 for ever.
  @discardableResult
  private func advance() -> Int32 {
    let present = seats.filter { !$0.hasLeft }
    guard !present.isEmpty, present.allSatisfy(\.letsTimePass) else { return -1 }
    // Without a sleeper the time goes on in ticks.
    let next = present.compactMap(\.wakeTime).min() ?? simulation.now + TimeBase.tick
    var wait: Int32 = 0
    if case .rate(let rate) = pace {
      if present.contains(where: { $0.clock == .freeRunning }) {
        wait = spendCredit(towards: next, rate: rate)
      } else {
        keepPace(with: next, rate: rate)
        simulation.advance(to: next)
      }
    } else {
      simulation.advance(to: next)
    }
    tellLines()
    for seat in present {
      guard let time = seat.wakeTime, time <= simulation.now else { continue }
      seat.wakeTime = nil
      send(BoardReply(.done, payloadBytes: 0, timeNs: simulation.now.ns), [], to: seat)
    }
    return wait
  }

  /// Goes towards `next` as wall time allows; returns the milliseconds that are missing, 0 if it was reached.
  private func spendCredit(towards next: Instant, rate: Double) -> Int32 {
    var credit = self.credit ?? PaceCredit(rate: rate)
    let before = simulation.now
    let granted = credit.grant(at: min(wallTime, patienceEnd))
    simulation.advance(to: min(next, before + granted))
    credit.spend(simulation.now - before)
    self.credit = credit
    return simulation.now < next ? max(1, credit.milliseconds(until: next - simulation.now)) : 0
  }

  var wallTime: Duration { began.duration(to: .now) }

  private var patienceEnd: Duration {
    guard let patience, let heard = seats.lazy.filter({ $0.clock == .freeRunning }).map(\.heard).min() else {
      return .seconds(Int64.max)
    }
    return heard + patience
  }

  private func keepPace(with time: Instant, rate: Double) {
    let passed = wallTime
    let wall = Double(passed.components.seconds) + Double(passed.components.attoseconds) * 1e-18
    let ahead = Double(time.ns) * 1e-9 / rate - wall
    if ahead > 0 { Thread.sleep(forTimeInterval: ahead) }
  }

  // MARK: Sockets

  /// Waits until a module calls, asks or hangs up, and serves it. A module that left may come back.
  private func serveOnce(milliseconds: Int32) throws(SocketFault) {
    let descriptors = seats.map { $0.peer?.descriptor ?? $0.listener.descriptor }
    let ready = waitForInput(descriptors + (control.map { [$0.descriptor] } ?? []), milliseconds: milliseconds)
    for seat in seats where ready.contains(seat.peer?.descriptor ?? seat.listener.descriptor) {
      guard let peer = seat.peer else {
        seat.peer = try seat.listener.accept()
        seat.hasLeft = false
        continue
      }
      let bytes = peer.receive()
      if bytes.isEmpty { leave(seat) }
      seat.pending += bytes
      answerPending(of: seat)
    }
    if let control, ready.contains(control.descriptor) {
      try control.serve()
      tellLines()
    }
  }

  private func answerPending(of seat: Seat) {
    while !seat.hasLeft, let length = requestLength(seat.pending), seat.pending.count >= length {
      let request = Array(seat.pending[..<length])
      seat.pending.removeFirst(length)
      // Its clock has run on while it asked.
      if seat.clock == .freeRunning {
        seat.heard = wallTime
        advance()
      }
      answer(request, from: seat)
    }
  }

  private func requestLength(_ bytes: [UInt8]) -> Int? {
    guard bytes.count >= BoardProtocol.requestHeadBytes else { return nil }
    return BoardProtocol.requestHeadBytes + (Int(bytes[2]) << 8 | Int(bytes[3]))
  }

  func leave(_ seat: Seat) {
    seat.peer = nil
    seat.pending = []
    seat.hasLeft = true
    seat.clock = nil
    seat.wakeTime = nil
    seat.toldLines = nil
  }

  func send(_ reply: BoardReply, _ payload: [UInt8], to seat: Seat) {
    let head = reply.bytes
    let bytes = head.indices.map { head[$0] } + payload
    if seat.peer?.send(bytes) != true { leave(seat) }
  }

  /// Tells modules with a clock of their own which input lines have changed; the others ask.
  func tellLines() {
    for seat in seats where seat.clock == .freeRunning {
      let levels = simulation.inputLevels(of: seat.role)
      guard seat.toldLines != levels else { continue }
      seat.toldLines = levels
      send(BoardReply(.lines, payloadBytes: 1, timeNs: simulation.now.ns), [levels], to: seat)
    }
  }
}
