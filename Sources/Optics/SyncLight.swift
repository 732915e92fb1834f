import Units

/// The public pattern that Alice sends in synchronisation frames, as light: which slots are lit, and by which laser.
///
/// Its law stands in Documentation/Acquisition.md. The modules compute it with code of their own; a test compares the
/// two.
public struct SyncLight: Equatable, Sendable {
  /// A frame holds four periods.
  public static var periodSlots: Int { 1 << 18 }
  private static var dark: UInt8 { 255 }

  public let seed: UInt64
  /// The part of the slots in which each laser fires: H, V, D, A.
  public let shares: [Double]
  /// The laser of each slot of a period.
  private let lasers: [UInt8]

  /// A seed of zero gives no light.
  public init(seed: UInt64) {
    self.seed = seed
    var isLit = [Bool](repeating: false, count: Self.periodSlots)
    var state = seed
    for slot in isLit.indices where seed != 0 {
      // Marsaglia, J. Stat. Software 8(14), 2003: one step of xorshift64 with the triple 13, 7, 17.
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      isLit[slot] = state >> 60 < 11
    }
    let lasers = isLit.indices.map { slot in
      guard isLit[slot] else { return Self.dark }
      // Whether an odd number of the four slots that end so far before this one is lit.
      func parity(_ back: Int) -> UInt8 {
        (0..<4).reduce(0) { $0 ^ (isLit[(slot - back - $1 + Self.periodSlots) % Self.periodSlots] ? 1 : 0) }
      }
      return 2 * parity(5) + parity(1)
    }
    shares = (0..<4).map { laser in
      Double(lasers.lazy.filter { $0 == laser }.count) / Double(Self.periodSlots)
    }
    self.lasers = lasers
  }

  /// The part of the slots that are lit.
  public var litShare: Double { shares.reduce(0, +) }

  public static func == (a: SyncLight, b: SyncLight) -> Bool { a.seed == b.seed }

  /// The laser of a slot, 0...3 for H V D A; nil in a dark one. Slots count modulo the period.
  @inline(__always)
  public func laser(at slot: UInt32) -> UInt8? {
    let laser = lasers[Int(slot) & (Self.periodSlots - 1)]
    return laser == Self.dark ? nil : laser
  }

  /// What Alice does in a slot in the words of her choices: the state of its laser at signal intensity, or vacuum.
  @inline(__always)
  func choice(at slot: UInt32) -> PulseChoice {
    guard let laser = laser(at: slot) else { return PulseChoice(twirl: 0, axis: .z, bit: 0, intensity: .vacuum) }
    return PulseChoice(twirl: 0, axis: laser < 2 ? .z : .x, bit: laser & 1, intensity: .signal)
  }
}
