import Checksum
public import Optics
import RegisterMap
import Units

/// The motor controller of one module's wave plates: plates turn at their speed towards their targets.
public final class WavePlateModel {
  public internal(set) var faults: FaultPlan
  /// Where each plate stands, in hundredths of a degree, 0 ..< 18 000.
  public private(set) var angles: [Double]
  /// What the plates do to the state, nil while all of them stand at zero.
  public private(set) var rotation: BlochMatrix?
  private var targets: [UInt32]
  private var speed = WavePlatesMap.speed.reset
  private var transfers: UInt64 = 0
  private var milliseconds: UInt64 = 0

  init(faults: FaultPlan) {
    self.faults = faults
    angles = [Double](repeating: 0, count: WavePlatesMap.plateCount)
    targets = [UInt32](repeating: 0, count: WavePlatesMap.plateCount)
  }

  // MARK: Motion

  /// Turns every plate the shorter way towards its target, and no further.
  func passMillisecond() {
    milliseconds += 1
    let before = angles
    for plate in angles.indices where !isStuck(plate) { angles[plate] = moved(plate) }
    if angles != before { rotation = currentRotation }
  }

  private func moved(_ plate: Int) -> Double {
    let target = Double(targets[plate])
    // Hundredths of a degree in a millisecond.
    let step = degreesPerSecond / 10
    let way = (target - angles[plate]).remainder(dividingBy: halfTurn)
    guard abs(way) > step else { return target }
    let angle = angles[plate] + (way < 0 ? -step : step)
    return angle < 0 ? angle + halfTurn : angle >= halfTurn ? angle - halfTurn : angle
  }

  private var degreesPerSecond: Double {
    var degrees = Double(WavePlatesMap.Speed.degrees.extract(from: speed))
    for case .slowPlates(let limit) in faults.faults { degrees = min(degrees, limit) }
    return degrees
  }

  private var currentRotation: BlochMatrix? {
    guard angles.contains(where: { $0 != 0 }) else { return nil }
    return BlochMatrix.platesTriplet(angles[0] / 100, angles[1] / 100, angles[2] / 100)
  }

  private func isStuck(_ plate: Int) -> Bool {
    for case .stuckPlate(plate, let start) in faults.faults where milliseconds >= start.ns / 1_000_000 { return true }
    return hasFailed(plate)
  }

  private func hasFailed(_ plate: Int) -> Bool {
    for case .failedMotor(plate, let start) in faults.faults where milliseconds >= start.ns / 1_000_000 { return true }
    return false
  }

  private var halfTurn: Double { Double(WavePlatesMap.halfTurn) }

  // MARK: Registers

  /// One I2C transfer to the controller's address, nil if it is not acknowledged.
  func exchange(_ bytes: [UInt8], replyCount: Int) -> [UInt8]? {
    transfers += 1
    for case .notAcknowledged(let every) in faults.faults where transfers % every == 0 { return nil }
    guard let address = bytes.first, let register = register(at: address) else { return nil }
    let bus = WavePlatesMap.i2cAddress << 1
    if bytes.count == 1, replyCount <= 3 {
      let value = value(of: register)
      let low = UInt8(truncatingIfNeeded: value)
      let high = UInt8(truncatingIfNeeded: value >> 8)
      let covered = [bus, address, bus | 1, low, high]
      return Array([low, high, Checksum.crc8(covered.span)].prefix(replyCount))
    }
    guard bytes.count == 4, replyCount == 0, register.access == .readWrite else { return nil }
    let covered = [bus] + bytes[..<3]
    guard Checksum.crc8(covered.span) == bytes[3] else { return nil }
    store(UInt32(bytes[1]) | UInt32(bytes[2]) << 8, in: register)
    return []
  }

  private func register(at address: UInt8) -> Register? {
    for i in WavePlatesMap.all.indices where WavePlatesMap.all[i].address == address { return WavePlatesMap.all[i] }
    return nil
  }

  /// Keeps a word within its range; another is acknowledged and forgotten.
  private func store(_ word: UInt32, in register: Register) {
    if register == WavePlatesMap.speed, (1...720).contains(word) { speed = word }
    for plate in targets.indices where register == WavePlatesMap.plateTarget[plate] && word < WavePlatesMap.halfTurn {
      targets[plate] = word
    }
  }

  private func value(of register: Register) -> UInt32 {
    if register == WavePlatesMap.status { return status }
    if register == WavePlatesMap.speed { return speed }
    for plate in targets.indices {
      if register == WavePlatesMap.plateTarget[plate] { return targets[plate] }
      if register == WavePlatesMap.plateActual[plate] { return encoder(plate) }
    }
    return register.reset
  }

  private func encoder(_ plate: Int) -> UInt32 { UInt32(angles[plate].rounded()) % WavePlatesMap.halfTurn }

  private var status: UInt32 {
    typealias Status = WavePlatesMap.Status
    var moving: UInt32 = 0
    var failed: UInt32 = 0
    for plate in targets.indices {
      if !isStuck(plate), angles[plate] != Double(targets[plate]) { moving |= 1 << UInt32(plate) }
      if hasFailed(plate) { failed |= 1 << UInt32(plate) }
    }
    let word = Status.moving.insert(moving, into: 0)
    return Status.fault.insert(failed, into: Status.homed.insert(Status.homed.valueMax, into: word))
  }
}
