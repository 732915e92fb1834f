import BoardProtocol
import Ports
import Units

// MARK: Requests

extension BoardServer {
  /// Answers one request. What it changes on the input lines is told before the answer.
  func answer(_ bytes: [UInt8], from seat: Seat) {
    let head = Array(bytes[..<BoardProtocol.requestHeadBytes])
    guard let request = BoardRequest(head.span) else { return refuse(seat) }
    let payload = Array(bytes[BoardProtocol.requestHeadBytes...])
    guard seat.clock != nil || request.operation == .hello else { return refuse(seat) }
    switch request.operation {
    case .hello: greet(payload, request, seat)
    case .sleep:
      guard payload.count == 8, request.replyBytes == 0, seat.clock == .simulated else { return refuse(seat) }
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

  private func greet(_ payload: [UInt8], _ request: BoardRequest, _ seat: Seat) {
    guard request.argument == BoardProtocol.version, request.replyBytes == 1, payload.count == 1,
      let clock = BoardClock(rawValue: payload[0]), clock == .simulated || pace != .free
    else { return refuse(seat) }
    done([seat.role.rawValue], to: seat)
    if seat.hasLeft { return }
    seat.clock = clock
    seat.heard = wallTime
    tellLines()
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
      tellLines()
      send(BoardReply(status, payloadBytes: 0, timeNs: simulation.now.ns), [], to: seat)
    }
  }

  private func done(_ payload: [UInt8], to seat: Seat) {
    tellLines()
    send(BoardReply(.done, payloadBytes: payload.count, timeNs: simulation.now.ns), payload, to: seat)
  }

  /// Answers what has no meaning and hangs up.
  private func refuse(_ seat: Seat) {
    send(BoardReply(.refused, payloadBytes: 0, timeNs: simulation.now.ns), [], to: seat)
    if !seat.hasLeft { leave(seat) }
  }
}
