import Estimation
import Sifting
public import Distillation

/// Figures of a session that are not secret, for status, report and the twin.
public struct SessionTotals: Equatable, Sendable {
  public var detections: UInt64 = 0
  public var batches: UInt64 = 0
  /// Slots with clicks in bins that came too slowly and were not announced.
  public var eventsDropped: UInt64 = 0
  /// Sifted bits so far, in closed blocks and in the one that fills.
  public var siftedNow: UInt64 = 0
  /// Sifted bits of closed blocks.
  public var siftedBits: UInt64 = 0
  public var crossClicks: UInt64 = 0
  /// Sifted bits and errors of blocks that were confirmed.
  public var confirmedBits: UInt64 = 0
  public var confirmedErrors: UInt64 = 0
  /// Bits that reconciliation worked on in those blocks.
  public var keptBits: UInt64 = 0
  /// Sum over confirmed blocks of the Shannon limit of reconciliation, in bits.
  public var shannonBits = 0.0
  public var parityBits: UInt64 = 0
  public var disclosedBits: UInt64 = 0
  public var authBitsSpent: UInt64 = 0
  /// The largest upper confidence bound of the single-photon error rate of any block, in millionths.
  public var qberUpperPpm: UInt64 = 0
  public var blocksOk: UInt64 = 0
  public var blocksAborted: UInt64 = 0
  public var finalBits: UInt64 = 0
  public var replenishedBits: UInt64 = 0
  public var roundTrips: UInt64 = 0
  /// Bits of dropped events that Alice told, at Bob's end.
  public var bitsTold: UInt64 = 0
  public var lastRefusal: BlockRefusal?

  public init() {}

  /// What the blocks added to the key store and to the authentication pool beyond what their tags spent.
  public var netSecretBits: UInt64 { finalBits > authBitsSpent ? finalBits - authBitsSpent : 0 }

  public var qberPpm: UInt64 { confirmedBits == 0 ? 0 : confirmedErrors * 1_000_000 / confirmedBits }

  /// Parity bits over the Shannon limit, in thousandths.
  public var efficiencyThousandths: UInt64 {
    shannonBits > 0 ? UInt64(1000 * Double(parityBits) / shannonBits + 0.5) : 0
  }

  mutating func book(_ summary: BlockSummary) {
    roundTrips += UInt64(summary.roundTrips)
    disclosedBits += summary.ledger.totalBits
    if let result = summary.result {
      parityBits += summary.ledger.parityBits
      confirmedBits += summary.sifted.total
      confirmedErrors += summary.errors.total
      keptBits += UInt64(summary.keptBits)
      shannonBits += summary.shannonBits
      qberUpperPpm = max(qberUpperPpm, UInt64(result.qberUpper * 1_000_000 + 0.5))
    }
    if let refusal = summary.refusal {
      blocksAborted += 1
      lastRefusal = refusal
    } else {
      blocksOk += 1
      finalBits += UInt64(summary.finalBits)
    }
  }
}
