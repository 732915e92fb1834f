public import Ports
import RegisterMap
public import Units

/// What the wave plates did instead of their work, with the evidence.
public enum WavePlateFault: Error, Equatable, Sendable {
  case device(DriverFault)
  /// A plate has not found its reference mark; `status` is the whole STATUS.
  case notHomed(status: UInt32)
  /// A motor gave up; `status` is the whole STATUS.
  case motorFailed(status: UInt32)
  /// A plate stands elsewhere than it was told, after all the time that it had.
  case notInPlace(plate: Int, target: PlateAngle, actual: PlateAngle)
}

/// Three motorised wave plates, over I2C with packet error code: sets where they shall stand and tells when they do.
public struct WavePlates: Sendable {
  /// How far a plate may stand from its target, hundredths of a degree; 0.1 degrees turn the state by 0.4 at most.
  public static var toleranceCentidegrees: UInt16 { 10 }
  public static var speedMax: UInt16 { 720 }

  private var device = WordDevice(at: WavePlatesMap.i2cAddress)

  public init() {}

  public var counters: WireCounters { device.counters }

  /// Checks identity and map version.
  public mutating func identify(over bus: inout some I2cBus & ~Copyable) throws(DriverFault) {
    try device.expectReset(of: WavePlatesMap.ident, over: &bus)
    try device.expectReset(of: WavePlatesMap.version, over: &bus)
  }

  /// Sets the speed of all plates, 1 to `speedMax` degrees per second.
  public mutating func setSpeed(
    degreesPerSecond: UInt16, over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) {
    precondition(degreesPerSecond > 0 && degreesPerSecond <= Self.speedMax)
    let word = WavePlatesMap.Speed.degrees.insert(UInt32(degreesPerSecond), into: 0)
    try writeAndCheck(word, to: WavePlatesMap.speed, over: &bus)
  }

  /// Sends the plates to their targets; they arrive later.
  public mutating func setTargets(
    _ setting: PlateSetting, over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) {
    for plate in 0..<WavePlatesMap.plateCount {
      let angle = UInt32(setting[plate].centidegrees)
      let word = WavePlatesMap.PlateTarget.centidegrees.insert(angle, into: 0)
      try writeAndCheck(word, to: WavePlatesMap.plateTarget[plate], over: &bus)
    }
  }

  /// Where the plates stand.
  public mutating func angles(over bus: inout some I2cBus & ~Copyable) throws(DriverFault) -> PlateSetting {
    let first = try angle(ofPlate: 0, over: &bus)
    let second = try angle(ofPlate: 1, over: &bus)
    return PlateSetting(first, second, try angle(ofPlate: 2, over: &bus))
  }

  public mutating func status(over bus: inout some I2cBus & ~Copyable) throws(DriverFault) -> WavePlateStatus {
    WavePlateStatus(word: try device.read(WavePlatesMap.status, over: &bus))
  }

  /// Whether every plate stands still within `toleranceCentidegrees` of `setting`.
  public mutating func isSettled(
    at setting: PlateSetting, over bus: inout some I2cBus & ~Copyable
  ) throws(WavePlateFault) -> Bool {
    let status: WavePlateStatus
    do throws(DriverFault) { status = try self.status(over: &bus) } catch { throw .device(error) }
    guard !status.hasFailed else { throw .motorFailed(status: status.word) }
    guard status.isHomed else { throw .notHomed(status: status.word) }
    guard !status.isMoving else { return false }
    let angles: PlateSetting
    do throws(DriverFault) { angles = try self.angles(over: &bus) } catch { throw .device(error) }
    for plate in 0..<WavePlatesMap.plateCount {
      guard angles[plate].distance(to: setting[plate]) <= Self.toleranceCentidegrees else { return false }
    }
    return true
  }

  private mutating func angle(
    ofPlate plate: Int, over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) -> PlateAngle {
    let register = WavePlatesMap.plateActual[plate]
    let word = try device.read(register, over: &bus)
    let angle = WavePlatesMap.PlateActual.centidegrees.extract(from: word)
    guard let angle = PlateAngle(centidegrees: UInt16(truncatingIfNeeded: angle)) else {
      throw .wrongDevice(address: register.address, expected: WavePlatesMap.halfTurn - 1, read: word)
    }
    return angle
  }

  // Plates that stand elsewhere than they were told turn every bit of a group into noise, so each write is read back.
  private mutating func writeAndCheck(
    _ word: UInt32, to register: Register, over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) {
    try device.write(word, to: register, over: &bus)
    let readBack = try device.read(register, over: &bus)
    guard readBack == word else { throw .readBackDiffers(address: register.address, wrote: word, read: readBack) }
  }
}
