/// What a module asks of the twin's server in place of its board. The bytes are in Documentation/Protocol/Board.md.
public enum BoardOperation: UInt8, Sendable {
  /// Says which version of the protocol is spoken and whose clock the module has; the reply tells whose board it is.
  case hello = 1
  /// Asks for the reply to come when the simulation has reached a time.
  case sleep = 2
  case spi = 3
  case i2c = 4
  case setLine = 5
  case readLine = 6
  /// What the thread that keeps time has counted; a server has none and refuses.
  case report = 7
}

/// Where a module has its time from.
public enum BoardClock: UInt8, Sendable {
  /// From the simulation, which waits for it: it asks to sleep.
  case simulated = 0
  /// From a clock of its own, which runs on; the simulation goes beside it at a pace.
  case freeRunning = 1
}

/// How a request ended.
public enum BoardStatus: UInt8, Sendable {
  case done = 0
  case notAcknowledged = 1
  case timedOut = 2
  /// The request has no meaning; the server hangs up.
  case refused = 3
  /// No end of a request: the levels of the input lines, told when they change to a module with a clock of its own.
  case lines = 4
}

/// Sizes and layouts of the board protocol; all numbers are big-endian.
public enum BoardProtocol {
  public static var version: UInt8 { 2 }
  public static var requestHeadBytes: Int { 8 }
  public static var replyHeadBytes: Int { 12 }
  public static var payloadBytesMax: Int { 4_096 }
}

/// The fixed part of a request.
public struct BoardRequest: Equatable, Sendable {
  public let operation: BoardOperation
  /// Line number, seven-bit I2C address, or version of the protocol.
  public let argument: UInt8
  public let payloadBytes: Int
  /// Bytes that the reply is to carry.
  public let replyBytes: Int

  public init(_ operation: BoardOperation, argument: UInt8 = 0, payloadBytes: Int = 0, replyBytes: Int = 0) {
    precondition(payloadBytes <= BoardProtocol.payloadBytesMax && replyBytes <= BoardProtocol.payloadBytesMax)
    self.operation = operation
    self.argument = argument
    self.payloadBytes = payloadBytes
    self.replyBytes = replyBytes
  }

  public var bytes: [8 of UInt8] {
    [
      operation.rawValue, argument, UInt8(payloadBytes >> 8), UInt8(payloadBytes & 255), UInt8(replyBytes >> 8),
      UInt8(replyBytes & 255), 0, 0,
    ]
  }

  /// Nil for bytes that no client sends.
  public init?(_ bytes: Span<UInt8>) {
    guard bytes.count == BoardProtocol.requestHeadBytes, let operation = BoardOperation(rawValue: bytes[0]) else {
      return nil
    }
    let payload = Int(bytes[2]) << 8 | Int(bytes[3])
    let reply = Int(bytes[4]) << 8 | Int(bytes[5])
    guard payload <= BoardProtocol.payloadBytesMax, reply <= BoardProtocol.payloadBytesMax, bytes[6] == 0,
      bytes[7] == 0
    else { return nil }
    self.init(operation, argument: bytes[1], payloadBytes: payload, replyBytes: reply)
  }
}

/// The fixed part of a reply.
public struct BoardReply: Equatable, Sendable {
  public let status: BoardStatus
  public let payloadBytes: Int
  /// The time of the simulation in nanoseconds.
  public let timeNs: UInt64

  public init(_ status: BoardStatus, payloadBytes: Int, timeNs: UInt64) {
    precondition(payloadBytes <= BoardProtocol.payloadBytesMax)
    self.status = status
    self.payloadBytes = payloadBytes
    self.timeNs = timeNs
  }

  public var bytes: [12 of UInt8] {
    var bytes: [12 of UInt8] = .init(repeating: 0)
    bytes[0] = status.rawValue
    bytes[2] = UInt8(payloadBytes >> 8)
    bytes[3] = UInt8(payloadBytes & 255)
    for i in 0..<8 { bytes[4 + i] = UInt8(truncatingIfNeeded: timeNs >> UInt64(56 - 8 * i)) }
    return bytes
  }

  /// Nil for bytes that no server sends.
  public init?(_ bytes: Span<UInt8>) {
    guard bytes.count == BoardProtocol.replyHeadBytes, let status = BoardStatus(rawValue: bytes[0]), bytes[1] == 0
    else {
      return nil
    }
    let payload = Int(bytes[2]) << 8 | Int(bytes[3])
    guard payload <= BoardProtocol.payloadBytesMax else { return nil }
    var time: UInt64 = 0
    for i in 4..<12 { time = time << 8 | UInt64(bytes[i]) }
    self.init(status, payloadBytes: payload, timeNs: time)
  }
}
