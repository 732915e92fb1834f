import BoardProtocol
import CLinux
import FixedStorage
import Ports
import Units

/// The way to the twin's board server: one request, one reply. Documentation/Protocol/Board.md has the bytes.
///
/// Bus, lines and clock of a module share the socket; the module has one thread and waits for every reply.
struct BoardSocket {
  private let descriptor: Int32

  /// Connects; throws the error number.
  init(_ path: Argument) throws(BusError) {
    var descriptor: Int32 = -1
    // The path is zero-ended and the result is written before the call returns.
    let error = unsafe gimbal_connect_local(path.path, &descriptor)
    guard error == 0 else { throw .system(error) }
    self.descriptor = descriptor
  }

  /// Agrees on the protocol and learns whose board it is, and the time.
  func greet() throws(BusError) -> (role: Role?, now: Instant) {
    var role: [1 of UInt8] = [0]
    var span = role.mutableSpan
    let clock: [1 of UInt8] = [BoardClock.simulated.rawValue]
    let reply = try ask(
      BoardRequest(.hello, argument: BoardProtocol.version, payloadBytes: 1, replyBytes: 1), clock.span, into: &span)
    guard reply.status == .done else { throw .timedOut }
    return (Role(rawValue: role[0]), Instant(ns: reply.timeNs))
  }

  /// Returns the time once the simulation has reached `time`.
  func sleep(until time: Instant) throws(BusError) -> Instant {
    var bytes: [8 of UInt8] = .init(repeating: 0)
    for i in 0..<8 { bytes[i] = UInt8(truncatingIfNeeded: time.ns >> UInt64(56 - 8 * i)) }
    var nothing: [0 of UInt8] = []
    var span = nothing.mutableSpan
    let reply = try ask(BoardRequest(.sleep, payloadBytes: 8), bytes.span, into: &span)
    return Instant(ns: reply.timeNs)
  }

  /// A request that throws unless it was done.
  func order(
    _ request: BoardRequest, _ payload: Span<UInt8>, into answer: inout MutableSpan<UInt8>
  ) throws(BusError) {
    let reply = try ask(request, payload, into: &answer)
    switch reply.status {
    case .done: return
    case .notAcknowledged: throw .notAcknowledged
    case .timedOut: throw .timedOut
    case .refused, .lines: throw .system(0)
    }
  }

  private func ask(
    _ request: BoardRequest, _ payload: Span<UInt8>, into answer: inout MutableSpan<UInt8>
  ) throws(BusError) -> BoardReply {
    precondition(payload.count == request.payloadBytes && answer.count == request.replyBytes)
    let head = request.bytes
    try write(head.span)
    try write(payload)
    var bytes: [12 of UInt8] = .init(repeating: 0)
    var span = bytes.mutableSpan
    try read(into: &span)
    guard let reply = BoardReply(bytes.span) else { throw .timedOut }
    guard reply.payloadBytes == (reply.status == .done ? answer.count : 0) else { throw .timedOut }
    if reply.payloadBytes > 0 { try read(into: &answer) }
    return reply
  }

  private func write(_ bytes: Span<UInt8>) throws(BusError) {
    // The callee reads exactly the bytes of the span.
    let error = unsafe bytes.withUnsafeBytes { buffer in
      guard let start = buffer.baseAddress else { return Int32(0) }
      return unsafe gimbal_write(descriptor, start, buffer.count)
    }
    guard error == 0 else { throw .system(error) }
  }

  private func read(into bytes: inout MutableSpan<UInt8>) throws(BusError) {
    // The callee writes exactly the bytes of the span.
    let error = unsafe bytes.withUnsafeMutableBytes { buffer in
      guard let start = buffer.baseAddress else { return Int32(0) }
      return unsafe gimbal_read(descriptor, start, buffer.count)
    }
    guard error == 0 else { throw .system(error) }
  }
}

/// The gateware's SPI bus at the other end of the wire.
struct WiredSpi: SpiBus, ~Copyable {
  let wire: BoardWire

  mutating func transfer(_ command: Span<UInt8>, reply: inout MutableSpan<UInt8>) throws(BusError) {
    try wire.order(
      BoardRequest(.spi, payloadBytes: command.count, replyBytes: reply.count), command, into: &reply)
  }
}
