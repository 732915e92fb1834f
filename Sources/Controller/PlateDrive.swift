import Drivers
import Ports
import Sifting
import Units

/// Turns the wave plates from group to group, and says when they stand.
struct PlateDrive {
  enum Motion: Equatable {
    case resting
    /// On the way to the setting of a group; overdue after `deadline`.
    case turning(group: UInt32, deadline: Instant)
    /// Read back in place; looked at again at `nextLook`.
    case settled(group: UInt32, nextLook: Instant)
  }

  /// From a new setting to a fault: three times the longest way, so that a slow motor costs frames and no session.
  static var settleTimeout: Nanoseconds { Nanoseconds(milliseconds: 400) }
  /// From bring-up to a fault of plates that are not at zero: time to find reference marks and for half a turn at a
  /// tenth of the speed.
  static var homeTimeout: Nanoseconds { Nanoseconds(milliseconds: 5000) }
  /// How often plates that stand are looked at.
  static var watchPeriod: Nanoseconds { Nanoseconds(milliseconds: 100) }

  /// Where `place` sent the plates; `until` is when they are overdue, or looked at again.
  private struct Placement {
    let setting: PlateSetting
    let until: Instant
    let isSettled: Bool
  }

  var plates = WavePlates()
  private var placement: Placement?
  private(set) var motion = Motion.resting
  /// Groups whose setting was reached in the session.
  private(set) var groupsSettled: UInt64 = 0
  /// Frames without key in the session beyond those that the schedule gives away.
  private(set) var framesLate: UInt64 = 0

  /// Checks the motor controller and sets its speed.
  mutating func bringUp(over bus: inout some I2cBus & ~Copyable) throws(DriverFault) {
    try plates.identify(over: &bus)
    try plates.setSpeed(degreesPerSecond: WavePlates.speedMax, over: &bus)
  }

  /// The motor controller's status and where the plates stand.
  mutating func look(
    over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) -> (WavePlateStatus, PlateSetting) {
    let status = try plates.status(over: &bus)
    return (status, try plates.angles(over: &bus))
  }

  /// Begins a session: wherever the plates stand, they are sent anew.
  mutating func reset() {
    motion = .resting
    groupsSettled = 0
    framesLate = 0
  }

  /// Sees to it that the plates stand for `group`; true in the turn in which they are first read back in place.
  mutating func turn(
    to group: UInt32, as role: Role, at now: Instant, over bus: inout some I2cBus & ~Copyable
  ) throws(WavePlateFault) -> Bool {
    let setting = TwirlSchedule.element(ofGroup: group).plates(of: role)
    switch motion {
    case .turning(group, let deadline):
      guard try plates.isSettled(at: setting, over: &bus) else {
        if now >= deadline { throw try misplaced(from: setting, over: &bus) }
        return false
      }
      motion = .settled(group: group, nextLook: now + Self.watchPeriod)
      return true
    case .settled(group, let nextLook):
      guard now >= nextLook else { return false }
      guard try plates.isSettled(at: setting, over: &bus) else { throw try misplaced(from: setting, over: &bus) }
      motion = .settled(group: group, nextLook: now + Self.watchPeriod)
      return false
    case .resting, .turning, .settled:
      do throws(DriverFault) { try plates.setTargets(setting, over: &bus) } catch { throw .device(error) }
      motion = .turning(group: group, deadline: now + Self.settleTimeout)
      return false
    }
  }

  /// Sees to it that the plates stand at `setting`, whatever the variant; true while they were read back there. Looked
  /// at every tick on the way, and every `watchPeriod` then.
  mutating func place(
    _ setting: PlateSetting, at now: Instant, over bus: inout some I2cBus & ~Copyable
  ) throws(WavePlateFault) -> Bool {
    guard let there = placement, there.setting == setting else {
      do throws(DriverFault) { try plates.setTargets(setting, over: &bus) } catch { throw .device(error) }
      placement = Placement(setting: setting, until: now + Self.settleTimeout, isSettled: false)
      return false
    }
    if there.isSettled, now < there.until { return true }
    guard try plates.isSettled(at: setting, over: &bus) else {
      if there.isSettled || now >= there.until { throw try misplaced(from: setting, over: &bus) }
      return false
    }
    placement = Placement(setting: setting, until: now + Self.watchPeriod, isSettled: true)
    return true
  }

  /// Nobody knows where the plates stand: the next `place` sends them anew.
  mutating func forgetPlace() { placement = nil }

  /// Counts a group that was reached, `framesLate` frames after it should have been.
  mutating func noteSettled(framesLate late: UInt32) {
    groupsSettled += 1
    framesLate += UInt64(late)
  }

  /// The first plate that stands elsewhere, as evidence; the last one when a plate still moves in place.
  private mutating func misplaced(
    from setting: PlateSetting, over bus: inout some I2cBus & ~Copyable
  ) throws(WavePlateFault) -> WavePlateFault {
    let angles: PlateSetting
    do throws(DriverFault) { angles = try plates.angles(over: &bus) } catch { throw .device(error) }
    var plate = 0
    while plate < 2, angles[plate].distance(to: setting[plate]) <= WavePlates.toleranceCentidegrees { plate += 1 }
    return .notInPlace(plate: plate, target: setting[plate], actual: angles[plate])
  }
}
