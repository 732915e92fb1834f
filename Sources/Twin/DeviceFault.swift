import RegisterMap
public import Units

/// One way in which a simulated module misbehaves. Counts run per kind of event from the start of the simulation.
public enum DeviceFault: Equatable, Sendable {
  /// IDENT reads as this value.
  case wrongIdentity(UInt32)
  /// One bit of one register keeps its level, whatever is written or measured.
  case stuckBit(address: UInt8, bit: UInt32, high: Bool)
  /// One bit of the checked part of every so many SPI commands is flipped on the wire.
  case flippedCommand(every: UInt64)
  /// One bit of the checked part of every so many SPI replies is flipped on the wire.
  case flippedReply(every: UInt64)
  /// From this time on every SPI reply has a flipped bit.
  case flippedReplies(from: Instant)
  /// From this time on the SPI bus does not answer at all.
  case silentBus(from: Instant)
  /// Every so many register writes are acknowledged and forgotten.
  case lostWrite(every: UInt64)
  /// Every so many I2C transfers are not acknowledged.
  case notAcknowledged(every: UInt64)
  /// From this time on nobody acknowledges at this seven-bit address of the I2C bus.
  case silentTarget(UInt8, from: Instant)
  /// The event FIFO holds only so many words, so that it overflows early.
  case shallowFifo(words: Int)
  /// From this time on a wave plate stays where it is and does not know it.
  case stuckPlate(Int, from: Instant)
  /// From this time on a wave plate's motor reports a fault.
  case failedMotor(Int, from: Instant)
  /// The wave plates turn no faster than this.
  case slowPlates(degreesPerSecond: Double)
  /// One of the bought parts on the I2C bus misbehaves.
  case part(BoardPart, PartFault)
}

/// The bought parts by name.
public enum BoardPart: Equatable, Sendable { case tmp117, ads1115, mcp4728, eeprom }

/// One way in which a bought part misbehaves. Counts run from the start of the simulation.
public enum PartFault: Equatable, Sendable {
  /// From this time on the part does not acknowledge.
  case silent(from: Instant)
  /// Every so many writes are acknowledged and forgotten.
  case lostWrite(every: UInt64)
  /// One bit of every so many replies is flipped on the wire.
  case flippedReply(every: UInt64)
  /// The data line keeps its level while the part should answer.
  case stuckReply(high: Bool)
  /// What takes time never ends: a conversion, or the writing of an EEPROM.
  case frozen
}

/// Everything that goes wrong with one module in one simulation.
public struct FaultPlan: Equatable, Sendable {
  public var faults: [DeviceFault]

  public init(_ faults: [DeviceFault] = []) { self.faults = faults }

  /// The level that stuck bits give to `word` of the register at `address`.
  func stick(_ word: UInt32, at address: UInt8) -> UInt32 {
    var word = word
    for case .stuckBit(address, let bit, let high) in faults {
      word = Field(bits: bit...bit).insert(high, into: word)
    }
    return word
  }
}
