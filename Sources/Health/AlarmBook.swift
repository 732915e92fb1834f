public import Units

/// Which alarms are active, and which were since somebody last cleared them.
///
/// HEALTH-001 An alarm stays latched when its cause goes, until it is cleared.
/// HEALTH-002 An active alarm cannot be cleared.
public struct AlarmBook: Sendable {
  /// One bit an alarm, by its number.
  public private(set) var active: UInt32 = 0
  public private(set) var latched: UInt32 = 0
  private var times: [21 of UInt32] = .init(repeating: 0)
  private var since: [21 of Instant] = .init(repeating: Instant(ns: 0))

  public init() {}

  public func isActive(_ name: AlarmName) -> Bool { active >> UInt32(name.rawValue) & 1 == 1 }
  public func isLatched(_ name: AlarmName) -> Bool { latched >> UInt32(name.rawValue) & 1 == 1 }

  /// How often the alarm became active since the start.
  public func count(_ name: AlarmName) -> UInt32 { times[Int(name.rawValue)] }

  /// When it last became active; meaningful while it is latched.
  public func began(_ name: AlarmName) -> Instant { since[Int(name.rawValue)] }

  /// Notes whether the cause of an alarm is there; true if that is news.
  public mutating func set(_ name: AlarmName, _ isThere: Bool, at now: Instant) -> Bool {
    guard isThere != isActive(name) else { return false }
    let bit = UInt32(1) << UInt32(name.rawValue)
    if isThere {
      active |= bit
      latched |= bit
      times[Int(name.rawValue)] &+= 1
      since[Int(name.rawValue)] = now
    } else {
      active &= ~bit
    }
    return true
  }

  /// Clears a latched alarm; false if its cause is still there.
  public mutating func clear(_ name: AlarmName) -> Bool {
    guard !isActive(name) else { return false }
    latched &= ~(UInt32(1) << UInt32(name.rawValue))
    return true
  }
}
