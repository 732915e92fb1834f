/// A point on the controller's monotonic clock.
public struct Instant: Comparable, Sendable {
  public let ns: UInt64

  public init(ns: UInt64) { self.ns = ns }

  public static func < (a: Instant, b: Instant) -> Bool { a.ns < b.ns }
  public static func + (a: Instant, b: Nanoseconds) -> Instant { Instant(ns: a.ns + b.count) }
  /// The time from `b` to `a`; `a` must not be the earlier one.
  public static func - (a: Instant, b: Instant) -> Nanoseconds { Nanoseconds(a.ns - b.ns) }
}

/// A span of software time: deadlines, timeouts, dead time.
public struct Nanoseconds: Comparable, Sendable {
  public let count: UInt64

  public init(_ count: UInt64) { self.count = count }
  public init(milliseconds: UInt64) { count = milliseconds * 1_000_000 }

  public static func < (a: Nanoseconds, b: Nanoseconds) -> Bool { a.count < b.count }
}

/// A span of optical time: gate delay, gate width, time-tag resolution.
public struct Picoseconds: Equatable, Sendable {
  public let count: UInt32

  public init(_ count: UInt32) { self.count = count }
}

/// The time base of the link: a slot is one pulse period, a frame 2^20 slots, a tick one turn of the controller.
public enum TimeBase {
  public static var slotNs: UInt64 { 10 }
  public static var slotsPerFrame: UInt32 { 1 << 20 }
  public static var frameNs: UInt64 { slotNs * UInt64(slotsPerFrame) }
  public static var tick: Nanoseconds { Nanoseconds(milliseconds: 1) }
}
