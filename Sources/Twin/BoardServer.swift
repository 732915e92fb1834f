import BoardProtocol
import Foundation
public import HostSockets
import Ports
public import Units

/// Serves the boards of both modules of one simulation on two stream sockets, in lockstep virtual time.
///
/// Documentation/Protocol/Board.md has the bytes and the rules of time. The server is one loop on one thread; the
/// simulation moves only when every module that is still there sleeps.
public final class BoardServer {
  public enum Pace: Sendable {
    /// As fast as the computer can.
    case free
    /// Never ahead of the wall clock.
    case realTime
  }

  /// One of the two places for a module.
  private final class Seat {
    let role: Role
    let listener: StreamListener
    var peer: StreamConnection?
    var pending: [UInt8] = []
    var hasGreeted = false
    var hasLeft = false
    /// The time that the module sleeps until; nil while it is awake.
    var wakeTime: Instant?

    init(role: Role, listener: StreamListener) {
      self.role = role
      self.listener = listener
    }
  }

  /// Where a module finds its board.
  public static func path(_ prefix: String, of role: Role) -> String {
    prefix + (role == .alice ? ".alice" : ".bob")
  }

  private let simulation: Simulation
  private let pace: Pace
  private let seats: [Seat]
  private let began = ContinuousClock.now

  /// Listens on `path.alice` and `path.bob`; a socket that an earlier server left behind is replaced.
  public init(_ simulation: Simulation, path: String, pace: Pace = .free) throws(SocketFault) {
    self.simulation = simulation
    self.pace = pace
    var seats: [Seat] = []
    for role in [Role.alice, .bob] {
      seats.append(Seat(role: role, listener: try StreamListener(path: Self.path(path, of: role))))
    }
    self.seats = seats
  }

  /// Serves until both modules have left.
  public func run() throws(SocketFault) {
    while seats.contains(where: { !$0.hasLeft }) {
      if advance() { continue }
      try serveOnce()
    }
  }

  // MARK: Time

  /// Moves the simulation to the next time that a module wakes and wakes it; false while a module works.
  private func advance() -> Bool {
    let present = seats.filter { !$0.hasLeft }
    guard present.allSatisfy({ $0.hasGreeted }), let next = present.compactMap(\.wakeTime).min(),
      present.allSatisfy({ $0.wakeTime != nil })
    else { return false }
    if pace == .realTime { keepPace(with: next) }
    simulation.advance(to: next)
    for seat in present {
      guard let time = seat.wakeTime, time <= simulation.now else { continue }
      seat.wakeTime = nil
      send(BoardReply(.done, payloadBytes: 0, timeNs: simulation.now.ns), [], to: seat)
    }
    return true
  }

  private func keepPace(with time: Instant) {
    let ahead = Duration.nanoseconds(Int64(clamping: time.ns)) - began.duration(to: .now)
    guard ahead > .zero else { return }
    let seconds = Double(ahead.components.seconds) + Double(ahead.components.attoseconds) * 1e-18
    Thread.sleep(forTimeInterval: seconds)
  }

  // MARK: Sockets

  /// Blocks until a module calls, asks or hangs up, and serves it. A module that left may come back.
  private func serveOnce() throws(SocketFault) {
    let ready = waitForInput(seats.map { $0.peer?.descriptor ?? $0.listener.descriptor })
    for seat in seats where ready.contains(seat.peer?.descriptor ?? seat.listener.descriptor) {
      guard let peer = seat.peer else {
        seat.peer = try seat.listener.accept()
        seat.hasLeft = false
        continue
      }
      let bytes = peer.receive()
      if bytes.isEmpty { leave(seat) }
      seat.pending += bytes
      while !seat.hasLeft, let length = requestLength(seat.pending), seat.pending.count >= length {
        let request = Array(seat.pending[..<length])
        seat.pending.removeFirst(length)
        answer(request, from: seat)
      }
    }
  }

  private func requestLength(_ bytes: [UInt8]) -> Int? {
    guard bytes.count >= BoardProtocol.requestHeadBytes else { return nil }
    return BoardProtocol.requestHeadBytes + (Int(bytes[2]) << 8 | Int(bytes[3]))
  }

  private func leave(_ seat: Seat) {
    seat.peer = nil
    seat.pending = []
    seat.hasGreeted = false
    seat.hasLeft = true
    seat.wakeTime = nil
  }

  private func send(_ reply: BoardReply, _ payload: [UInt8], to seat: Seat) {
    let head = reply.bytes
    let bytes = head.indices.map { head[$0] } + payload
    if seat.peer?.send(bytes) != true { leave(seat) }
  }
}

// MARK: Requests

extension BoardServer {
  private func answer(_ bytes: [UInt8], from seat: Seat) {
    let head = Array(bytes[..<BoardProtocol.requestHeadBytes])
    guard let request = BoardRequest(head.span) else { return refuse(seat) }
    let payload = Array(bytes[BoardProtocol.requestHeadBytes...])
    guard seat.hasGreeted || request.operation == .hello else { return refuse(seat) }
    switch request.operation {
    case .hello:
      guard request.argument == BoardProtocol.version, request.replyBytes == 1 else { return refuse(seat) }
      seat.hasGreeted = true
      done([seat.role.rawValue], to: seat)
    case .sleep:
      guard payload.count == 8, request.replyBytes == 0 else { return refuse(seat) }
      seat.wakeTime = Instant(ns: payload.reduce(0) { $0 << 8 | UInt64($1) })
    case .spi: transferSpi(payload, request, seat)
    case .i2c: transferI2c(payload, request, seat)
    case .setLine:
      guard let line = OutputLine(rawValue: request.argument), payload.count == 1, request.replyBytes == 0 else {
        return refuse(seat)
      }
      simulation.set(line, high: payload[0] != 0, of: seat.role)
      done([], to: seat)
    case .report: refuse(seat)
    case .readLine:
      guard let line = InputLine(rawValue: request.argument), payload.isEmpty, request.replyBytes == 1 else {
        return refuse(seat)
      }
      var lines = SimulatedLines(simulation, role: seat.role)
      finish(seat) { () throws(BusError) in [try lines.isHigh(line) ? 1 : 0] }
    }
  }

  private func transferSpi(_ command: [UInt8], _ request: BoardRequest, _ seat: Seat) {
    guard command.count == request.replyBytes, !command.isEmpty else { return refuse(seat) }
    var bus = SimulatedSpiBus(simulation, role: seat.role)
    finish(seat) { () throws(BusError) in
      var reply = [UInt8](repeating: 0, count: command.count)
      var span = reply.mutableSpan
      try bus.transfer(command.span, reply: &span)
      return reply
    }
  }

  private func transferI2c(_ bytes: [UInt8], _ request: BoardRequest, _ seat: Seat) {
    var bus = SimulatedI2cBus(simulation, role: seat.role)
    finish(seat) { () throws(BusError) in
      var reply = [UInt8](repeating: 0, count: request.replyBytes)
      var span = reply.mutableSpan
      try bus.transfer(bytes.span, to: request.argument, reply: &span)
      return reply
    }
  }

  private func finish(_ seat: Seat, _ transfer: () throws(BusError) -> [UInt8]) {
    do throws(BusError) {
      done(try transfer(), to: seat)
    } catch {
      let status: BoardStatus = error == .notAcknowledged ? .notAcknowledged : .timedOut
      send(BoardReply(status, payloadBytes: 0, timeNs: simulation.now.ns), [], to: seat)
    }
  }

  private func done(_ payload: [UInt8], to seat: Seat) {
    send(BoardReply(.done, payloadBytes: payload.count, timeNs: simulation.now.ns), payload, to: seat)
  }

  /// Answers what has no meaning and hangs up.
  private func refuse(_ seat: Seat) {
    send(BoardReply(.refused, payloadBytes: 0, timeNs: simulation.now.ns), [], to: seat)
    if !seat.hasLeft { leave(seat) }
  }
}
