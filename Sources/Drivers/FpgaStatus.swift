import RegisterMap

/// The STATUS register, decoded.
public struct FpgaStatus: Equatable, Sendable {
  public let word: UInt32

  public init(word: UInt32) { self.word = word }

  /// Lasers or gates are open now.
  public var isRunning: Bool { FpgaMap.Status.running.isSet(in: word) }
  /// The laser arm line is high.
  public var isArmed: Bool { FpgaMap.Status.armed.isSet(in: word) }
  /// Latched until `clearWatchdog()`.
  public var watchdogExpired: Bool { FpgaMap.Status.watchdogExpired.isSet(in: word) }
  /// Latched until `clearOverflow()`.
  public var fifoOverflowed: Bool { FpgaMap.Status.fifoOverflow.isSet(in: word) }
  public var isClockLocked: Bool { FpgaMap.Status.clockLocked.isSet(in: word) }
  public var isInterlockClosed: Bool { FpgaMap.Status.interlock.isSet(in: word) }
}
