public import FixedStorage
public import Units

/// Counts of sifted events by intensity: signal, decoy, vacuum.
public struct IntensityCounts: Equatable, Sendable {
  public var signal: UInt64 = 0
  public var decoy: UInt64 = 0
  public var vacuum: UInt64 = 0

  public init() {}
  public init(signal: UInt64, decoy: UInt64, vacuum: UInt64) {
    self.signal = signal
    self.decoy = decoy
    self.vacuum = vacuum
  }

  public var total: UInt64 { signal + decoy + vacuum }

  public subscript(intensity: Intensity) -> UInt64 {
    get {
      switch intensity {
      case .signal: signal
      case .decoy: decoy
      case .vacuum: vacuum
      }
    }
    set {
      switch intensity {
      case .signal: signal = newValue
      case .decoy: decoy = newValue
      case .vacuum: vacuum = newValue
      }
    }
  }
}

/// Counts of sifted events by physical axis.
public struct AxisCounts: Equatable, Sendable {
  public var x: UInt64 = 0
  public var y: UInt64 = 0
  public var z: UInt64 = 0

  public init() {}

  public var total: UInt64 { x + y + z }
  public var largest: UInt64 { max(x, max(y, z)) }

  public mutating func add(_ axis: Axis) {
    switch axis {
    case .x: x += 1
    case .y: y += 1
    case .z: z += 1
    }
  }

  /// Whether the most frequent axis is seen more often than a share of `limit` explains, by five standard deviations.
  ///
  /// A check of the device assumption, not a bound: an adversary may steer what is counted (finite-key.md 3.4).
  public func exceeds(_ limit: PartsPerMillion) -> Bool {
    let expected = Double(total) * limit.value
    return Double(largest) > expected + 5 * (expected * (1 - limit.value)).squareRoot()
  }
}

/// Which of two sifted keys: one fills while the other is distilled.
public enum Half: UInt8, Sendable {
  case first, second

  public var other: Half { self == .first ? .second : .first }
}

/// Two sifted keys with the intensity of every bit, packed: a bit of key and two bits of label an event.
///
/// Invariant: bits at and behind `count` are zero, so that whole words may be hashed.
public struct SiftedStore: ~Copyable {
  /// Sifted bits that one block may hold.
  public static var bitsMax: Int { 1 << 22 }
  public static var words: Int { 2 * bitsMax / 64 }

  private var key: Block<UInt64>
  private var labelLow: Block<UInt64>
  private var labelHigh: Block<UInt64>
  private var counts: [2 of IntensityCounts] = .init(repeating: IntensityCounts())
  private var axisCounts: [2 of AxisCounts] = .init(repeating: AxisCounts())
  private var crossCounts: [2 of IntensityCounts] = .init(repeating: IntensityCounts())

  public init(
    key: consuming Block<UInt64>, labelLow: consuming Block<UInt64>, labelHigh: consuming Block<UInt64>
  ) {
    precondition(key.count == Self.words && labelLow.count == Self.words && labelHigh.count == Self.words)
    self.key = key
    self.labelLow = labelLow
    self.labelHigh = labelHigh
  }

  public func count(_ half: Half) -> Int { Int(counts[Int(half.rawValue)].total) }
  public func sifted(_ half: Half) -> IntensityCounts { counts[Int(half.rawValue)] }
  public func axes(_ half: Half) -> AxisCounts { axisCounts[Int(half.rawValue)] }
  public func cross(_ half: Half) -> IntensityCounts { crossCounts[Int(half.rawValue)] }

  /// Adds a sifted bit; false if the half is full.
  public mutating func append(_ bit: UInt8, _ intensity: Intensity, to half: Half) -> Bool {
    let count = count(half)
    guard count < Self.bitsMax else { return false }
    let place = base(half) + count
    key.setBit(place, to: UInt64(bit))
    labelLow.setBit(place, to: UInt64(intensity.rawValue & 1))
    labelHigh.setBit(place, to: UInt64(intensity.rawValue >> 1))
    counts[Int(half.rawValue)][intensity] += 1
    return true
  }

  /// Counts the physical axis of a sifted bit.
  public mutating func countAxis(_ axis: Axis, in half: Half) { axisCounts[Int(half.rawValue)].add(axis) }

  /// Counts an event whose axes agree but which clicked on several axes; it gives no key.
  public mutating func countCross(_ intensity: Intensity, in half: Half) {
    crossCounts[Int(half.rawValue)][intensity] += 1
  }

  public func intensity(of bit: Int, in half: Half) -> Intensity {
    let place = base(half) + bit
    let label = labelHigh.bit(place) << 1 | labelLow.bit(place)
    guard let intensity = Intensity(rawValue: UInt8(truncatingIfNeeded: label)) else {
      preconditionFailure("labels are written from intensities")
    }
    return intensity
  }

  /// The words of one half that hold its bits.
  @_lifetime(borrow self)
  public func key(_ half: Half) -> Span<UInt64> {
    let start = base(half) / 64
    return key.span.extracting(start..<(start + Bits.words(for: count(half))))
  }

  /// Replaces `words.count` words from word `offset` on by corrected ones.
  public mutating func replace(_ words: Span<UInt64>, at offset: Int, in half: Half) {
    let start = base(half) / 64 + offset
    precondition(offset >= 0 && offset + words.count <= Bits.words(for: count(half)))
    for i in words.indices { key[start + i] = words[i] }
  }

  /// Wipes the bits and labels of one half for the next block.
  public mutating func wipe(_ half: Half) {
    let start = base(half) / 64
    let range = start..<(start + Self.words / 2)
    key.wipe(range)
    labelLow.wipe(range)
    labelHigh.wipe(range)
    counts[Int(half.rawValue)] = IntensityCounts()
    axisCounts[Int(half.rawValue)] = AxisCounts()
    crossCounts[Int(half.rawValue)] = IntensityCounts()
  }

  private func base(_ half: Half) -> Int { half == .first ? 0 : Self.bitsMax }
}
