public import Units

/// One line of the policy table: light and block length for a QBER and a size of block, and what they lead to expect.
///
/// Chosen by Tools/policy.py for its reference link; see Documentation/Policy.md. Nothing in a row has to be true for
/// a key to be secret: a row that does not fit the link costs key.
public struct PolicyRow: Sendable {
  public let variant: TwirlVariant
  /// Design QBER, the error rate of the light, in millionths.
  public let qberPpm: UInt32
  /// Sifted bits of a block, as a power of two.
  public let blockBitsLog2: UInt8
  /// Block length of advantage distillation, 1...16; 1 is none.
  public let adBlock: UInt8
  /// Mean photon number in millionths; that of the vacuum is `PolicyRow.meanVacuum` in every row.
  public let meanSignal: UInt32
  public let meanDecoy: UInt32
  /// Of 65 536; the rest is vacuum. Where blocks are small the decoy may be drawn more often than the signal, and then
  /// carries the key.
  public let shareSignal: UInt16
  public let shareDecoy: UInt16
  /// The upper bound of the error rate of single photons (v/s1) at which a full block of this row leaves no key.
  public let edgePpm: UInt32
  /// Planned shares of the sifted bits; they add up to one million.
  public let plannedSignalPpm: UInt32
  public let plannedDecoyPpm: UInt32
  public let plannedVacuumPpm: UInt32
  /// Planned error rate of signal and decoy bits together.
  public let plannedErrorPpm: UInt32
  /// Planned error rate of vacuum bits.
  public let plannedVacuumErrorPpm: UInt32
  /// Planned cross-clicks on Alice's axis, as a share of the sifted bits, all intensities together.
  public let plannedCrossPpm: UInt32
}

extension PolicyRow {
  public static var meanVacuum: MeanPhotonNumber { MeanPhotonNumber(millionths: 200) }

  public var qber: PartsPerMillion { PartsPerMillion(qberPpm) }
  public var edge: PartsPerMillion { PartsPerMillion(edgePpm) }

  /// Of signal, decoy and vacuum.
  public var means: [3 of MeanPhotonNumber] {
    [MeanPhotonNumber(millionths: meanSignal), MeanPhotonNumber(millionths: meanDecoy), Self.meanVacuum]
  }

  /// Of signal, decoy and vacuum; they add up to one.
  public var shares: [3 of Share] {
    let signal = UInt32(shareSignal)
    let decoy = UInt32(shareDecoy)
    return [Share(of65536: signal), Share(of65536: decoy), Share(of65536: 65_536 - signal - decoy)]
  }

  /// The counts that a block of `sifted` bits is planned to have; they fix the exponents of the streaming bounds.
  ///
  /// Cross-clicks grow with the square of the light, so they are spread as the sifted bits times the mean.
  public func plannedCounts(sifted: UInt32) -> DecoyCounts {
    let shares: [3 of UInt32] = [plannedSignalPpm, plannedDecoyPpm, plannedVacuumPpm]
    let rates: [3 of UInt32] = [plannedErrorPpm, plannedErrorPpm, plannedVacuumErrorPpm]
    var bits: [3 of UInt64] = .init(repeating: 0)
    var errors: [3 of UInt64] = .init(repeating: 0)
    var cross: [3 of UInt64] = .init(repeating: 0)
    var weights: [3 of Double] = .init(repeating: 0)
    for k in 0..<3 {
      bits[k] = UInt64(sifted) * UInt64(shares[k]) / 1_000_000
      errors[k] = bits[k] * UInt64(rates[k]) / 1_000_000
      weights[k] = Double(shares[k]) * means[k].value
    }
    let crosses = Double(sifted) * Double(plannedCrossPpm) / 1_000_000
    for k in 0..<3 { cross[k] = UInt64(crosses * weights[k] / (weights[0] + weights[1] + weights[2])) }
    return DecoyCounts(sifted: bits, errors: errors, crossClicks: cross)
  }
}

/// What the policy says about a QBER and a size of block.
public enum PolicyChoice: Equatable, Sendable {
  /// The place in `PolicyTable.rows`.
  case row(index: Int)
  case none(NoPolicy)
}

/// Why there is no row.
public enum NoPolicy: Equatable, Sendable {
  /// No key at this QBER in blocks of this size; the smallest that give key have 2^`sizeLog2` sifted bits.
  case needsLargerBlock(sizeLog2: UInt8)
  /// No key at this QBER in blocks of any size that the device can hold.
  case noKeyAtAnySize
}

/// Looks up the light and the block length before a session, from nothing but what is known before its first pulse.
public enum Policy {
  /// The row with the smallest design QBER that is at least `qber`, in the largest size that is at most `blockBits`.
  public static func row(variant: TwirlVariant, qber: PartsPerMillion, blockBits: UInt32) -> PolicyChoice {
    var largest: UInt8 = 0
    var smallestWithKey: UInt8?
    for i in PolicyTable.rows.indices {
      let row = PolicyTable.rows[i]
      guard row.variant == variant else { continue }
      if 1 << UInt32(row.blockBitsLog2) <= blockBits { largest = max(largest, row.blockBitsLog2) }
      if row.qberPpm >= qber.count { smallestWithKey = min(smallestWithKey ?? .max, row.blockBitsLog2) }
    }
    guard let smallestWithKey else { return .none(.noKeyAtAnySize) }
    guard smallestWithKey <= largest else { return .none(.needsLargerBlock(sizeLog2: smallestWithKey)) }
    var best: Int?
    for i in PolicyTable.rows.indices {
      let row = PolicyTable.rows[i]
      guard row.variant == variant, row.blockBitsLog2 == largest, row.qberPpm >= qber.count else { continue }
      if let found = best, PolicyTable.rows[found].qberPpm <= row.qberPpm { continue }
      best = i
    }
    // What a size can do, a larger one can: Tools/policy.py --check sees to it.
    guard let best else { preconditionFailure("the policy table has a hole") }
    return .row(index: best)
  }
}
