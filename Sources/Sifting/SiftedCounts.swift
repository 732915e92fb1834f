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
