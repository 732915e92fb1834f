import RegisterMap

/// The STATUS register of the wave plates, decoded.
public struct WavePlateStatus: Equatable, Sendable {
  public let word: UInt32

  public init(word: UInt32) { self.word = word }

  /// A plate turns.
  public var isMoving: Bool { WavePlatesMap.Status.moving.extract(from: word) != 0 }
  /// Every plate knows its angle.
  public var isHomed: Bool {
    WavePlatesMap.Status.homed.extract(from: word) == WavePlatesMap.Status.homed.valueMax
  }
  /// A motor gave up.
  public var hasFailed: Bool { WavePlatesMap.Status.fault.extract(from: word) != 0 }
}
