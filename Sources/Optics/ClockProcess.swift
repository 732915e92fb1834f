import HostStorage
import Units

/// How far Bob's clock reads ahead of the slots that arrive from Alice, in a straight line over one millisecond.
///
/// A pulse that Alice sends at the start of her slot s arrives when Bob's clock reads s + `ahead(at: s)`, in slots.
public struct ClockState: Equatable, Sendable {
  /// The first slot of the millisecond.
  public let start: UInt64
  /// There, in slots.
  public let offset: Double
  /// Growth over one slot.
  public let growth: Double

  public init(start: UInt64, offset: Double, growth: Double) {
    self.start = start
    self.offset = offset
    self.growth = growth
  }

  public static var common: ClockState { ClockState(start: 0, offset: 0, growth: 0) }

  /// At `later` slots after the start of `slot`.
  @inline(__always)
  public func ahead(at slot: UInt64, later: Double = 0) -> Double {
    offset + growth * (Double(Int64(slot) - Int64(start)) + later)
  }
}

/// Two clocks that nobody has set by each other, and the way between them: offset and rate by the seed within what the
/// scenario leaves open, and the range, by which pulses come later as it grows. Of an orbit that is all of the range,
/// less 0 at the start for what the scenario says of its residual; whoever has its prediction feeds it forward.
///
/// Values at the milliseconds are exact and joined by straight lines. Random streams are its own: the channel of a
/// scenario is the same with it and without.
public struct ClockProcess {
  /// At the first slot, in slots.
  public let offset: Double
  /// Growth over a slot by the rates of the oscillators.
  public let rate: Double
  private let pass: OrbitalPass?
  private var range: MotionProcess
  private let firstRange: Double
  /// Range at the start of the millisecond that `next()` describes, in metres.
  private var presentRange: Double
  private var millisecond: UInt64 = 0

  /// `seed` is that of the scenario's `ChannelProcess`.
  public init(_ scenario: Scenario, seed: UInt64) {
    var random = SeededRandom(seed: ChannelProcess.stream(9, seed: seed))
    offset = (2 * random.unit() - 1) * scenario.clockDoubtUs * 1_000 / Double(TimeBase.slotNs)
    rate = (2 * random.unit() - 1) * scenario.clockDoubtPpm * 1e-6
    pass = scenario.pass
    range = MotionProcess(scenario.rangeM, seed: ChannelProcess.stream(10, seed: seed))
    firstRange = range.next(at: 0)
    presentRange = firstRange + Self.predicted(pass, at: 0)
  }

  /// 2.998 m: light in a slot, in vacuum; air makes it 0.03 % less.
  public static var metresPerSlot: Double { OrbitalPass.lightSpeedKmS * 1e3 * Double(TimeBase.slotNs) * 1e-9 }

  public mutating func next() -> ClockState {
    let start = millisecond * Self.slotsPerMillisecond
    let seconds = Double(millisecond + 1) * 1e-3
    let nextRange = range.next(at: seconds) + Self.predicted(pass, at: seconds)
    let ahead = offset + rate * Double(start) + (presentRange - firstRange) / Self.metresPerSlot
    let growth = rate + (nextRange - presentRange) / Self.metresPerSlot / Double(Self.slotsPerMillisecond)
    presentRange = nextRange
    millisecond += 1
    return ClockState(start: start, offset: ahead, growth: growth)
  }

  /// The range that the orbit gives, in metres.
  private static func predicted(_ pass: OrbitalPass?, at seconds: Double) -> Double {
    pass.map { $0.point(at: $0.startSeconds + seconds).rangeKm * 1e3 } ?? 0
  }

  private static var slotsPerMillisecond: UInt64 { 1_000_000 / TimeBase.slotNs }
}
