import BoardProtocol
import CArena
import CLinux
import FixedStorage
import Ports
import Units

/// Where the controller leaves requests for the control thread and finds the answers: one request at a time, in static
/// memory that the two hand to each other by one word.
///
/// Whoever has the turn may touch both blocks, nobody else does; passing the turn releases what was written.
struct Desk: ~Copyable {
  static var free: UInt32 { 0 }
  static var asked: UInt32 { 1 }

  /// Bytes of an answer in front of its payload: status, three zeros, Linux's error number.
  static var replyHeadBytes: Int { 8 }

  var request: Block<UInt8>
  var reply: Block<UInt8>

  /// Made twice, once for each side.
  init() {
    request = Self.block(.deskRequest)
    reply = Self.block(.deskReply)
  }

  private static func block(_ name: ArenaBlock) -> Block<UInt8> {
    guard let start = unsafe gimbal_arena_address(name.rawValue) else { preconditionFailure() }
    let count = Int(gimbal_arena_bytes(name.rawValue))
    // Static and `count` bytes long. The other side has it too, but never at the same time.
    return unsafe Block(unsafeStart: start.bindMemory(to: UInt8.self, capacity: count), count: count)
  }
}

/// The controller's side of the desk.
struct DeviceDesk {
  /// How long an answer may take. The longest transfer is a millisecond; a bus that is stuck may take its driver's
  /// timeout, which is a second.
  private static var answerTimeoutNs: UInt64 { 3_000_000_000 }

  func order(
    _ request: BoardRequest, _ payload: Span<UInt8>, into answer: inout MutableSpan<UInt8>
  ) throws(BusError) {
    precondition(payload.count == request.payloadBytes && answer.count == request.replyBytes)
    guard gimbal_turn() == Desk.free else { throw .timedOut }
    var desk = Desk()
    let head = request.bytes
    for i in head.indices { desk.request[i] = head[i] }
    var room = desk.request.tail(from: BoardProtocol.requestHeadBytes)
    for i in payload.indices { room[i] = payload[i] }
    gimbal_pass_turn(Desk.asked)
    let limit = gimbal_monotonic_ns() + Self.answerTimeoutNs
    while gimbal_turn() == Desk.asked {
      guard gimbal_monotonic_ns() < limit else { throw .timedOut }
      gimbal_await_turn(Desk.asked, limit)
    }
    let error = desk.errorNumber
    // Choices and clicks that were looked up are bits of key; nothing of them stays here, of earlier ones neither.
    defer { desk.reply.wipe() }
    guard let status = BoardStatus(rawValue: desk.reply[0]) else { throw .timedOut }
    switch status {
    case .done: break
    case .notAcknowledged: throw .notAcknowledged
    case .timedOut: throw .timedOut
    case .refused, .lines: throw .system(error)
    }
    for i in answer.indices { answer[i] = desk.reply[Desk.replyHeadBytes + i] }
  }

  /// What the control thread has counted; nil if it does not answer.
  func tickReport() -> TickReport? {
    let nothing: [0 of UInt8] = []
    var bytes: [120 of UInt8] = .init(repeating: 0)
    var span = bytes.mutableSpan
    do throws(BusError) {
      try order(BoardRequest(.report, replyBytes: TickReport.bytes), nothing.span, into: &span)
    } catch {
      return nil
    }
    var report = TickReport(span.span)
    var minor: UInt64 = 0
    var major: UInt64 = 0
    // Both results are written before the call returns.
    if unsafe gimbal_control_faults(&minor, &major) == 0 { report.faults = minor + major }
    return report
  }
}

extension Desk {
  var errorNumber: Int32 {
    var word: UInt32 = 0
    for i in 4..<8 { word = word << 8 | UInt32(reply[i]) }
    return Int32(bitPattern: word)
  }

  mutating func answer(_ status: BoardStatus, errorNumber: Int32 = 0) {
    reply[0] = status.rawValue
    for i in 0..<3 { reply[1 + i] = 0 }
    for i in 0..<4 { reply[4 + i] = UInt8(truncatingIfNeeded: UInt32(bitPattern: errorNumber) >> UInt32(24 - 8 * i)) }
  }
}

/// The way from the controller to its devices.
enum BoardWire {
  /// The twin's server, which also keeps the time.
  case socket(BoardSocket)
  /// The control thread of this process.
  case desk(DeviceDesk)

  func order(
    _ request: BoardRequest, _ payload: Span<UInt8>, into answer: inout MutableSpan<UInt8>
  ) throws(BusError) {
    switch self {
    case .socket(let socket): try socket.order(request, payload, into: &answer)
    case .desk(let desk): try desk.order(request, payload, into: &answer)
    }
  }

  /// Returns the time once `time` has come.
  func sleep(until time: Instant) throws(BusError) -> Instant {
    switch self {
    case .socket(let socket): return try socket.sleep(until: time)
    case .desk:
      gimbal_sleep_until(time.ns)
      return Instant(ns: gimbal_monotonic_ns())
    }
  }

  /// The time, where it runs on while nobody asks; nil for the twin's, which stands still while the module works.
  func clock() -> Instant? {
    switch self {
    case .socket: nil
    case .desk: Instant(ns: gimbal_monotonic_ns())
    }
  }

  /// Whose board it is, if the board says so, and the time.
  func greet() throws(BusError) -> (role: Role?, now: Instant) {
    switch self {
    case .socket(let socket): try socket.greet()
    case .desk: (nil, Instant(ns: gimbal_monotonic_ns()))
    }
  }
}
