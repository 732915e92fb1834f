public import FixedStorage

/// Large memory of the search; zeroed blocks of exactly these sizes.
public struct SearchMemory: ~Copyable {
  /// Clicks that wait for a search: five seconds of six detectors with 500 dark counts and of light at 53 dB.
  public static var clicksMax: Int { 20_480 }
  public static var powersCount: Int { Acquirer.segmentsMax * 601 }
  public static var positionsMax: Int { 4096 }

  var clicks: Block<UInt32>
  var powers: Block<UInt16>
  var positions: Block<UInt32>

  public init(clicks: consuming Block<UInt32>, powers: consuming Block<UInt16>, positions: consuming Block<UInt32>) {
    precondition(
      clicks.count == Self.clicksMax && powers.count == Self.powersCount && positions.count == Self.positionsMax)
    self.clicks = clicks
    self.powers = powers
    self.positions = positions
  }
}

/// What is searched, in frames that all carry the pattern.
public struct SearchWindow: Equatable, Sendable {
  /// Rates on each side of the expected one, in 2^-27 slots a slot.
  public var rates: Int
  /// Offsets on each side, in words of 64 slots.
  public var offsetWords: Int
  /// Longest segment, in frames.
  public var segmentFrames: Int
  /// Change of rate that is looked for, in 2^-8 rates a frame.
  public var growth: Int
  /// Power at which a segment is long enough.
  public var powerEnough: UInt16

  /// Offsets and rates at the start: 1 ms of doubt, two clocks within 2 ppm and 30 m/s, 10 m/s^2.
  public static var whole: SearchWindow {
    SearchWindow(
      rates: RateSearch.halfWidthMax, offsetWords: 1600, segmentFrames: 64, growth: 12, powerEnough: 64 * 16)
  }

  var offsetsCount: Int { 128 * offsetWords }
}

/// What was found at one place of the pattern, with its evidence.
public struct SyncPeak: Equatable, Sendable {
  /// Slots that are added to what was measured.
  public var offset: Int32 = 0
  /// Clicks near the arrival of light, and those of them on lit slots.
  public var clicks: Int32 = 0
  public var lit: Int32 = 0
  /// -log2 of the chance of so many by chance, in 2^-16 bit, and what it had to reach.
  public var bits: Int64 = 0
  public var threshold: Int64 = 0

  public init() {}

  public var isSignificant: Bool { bits >= threshold }
}
