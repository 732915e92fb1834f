public import Units

/// How much of a syndrome is sent first, and how much more after a tile that could not be decoded.
///
/// The figures are those of `twin bench reconcile` (Documentation/Results/bench.md): at most a tenth of the tiles needs
/// more than the first part.
public enum SyndromeSchedule {
  /// Liftings are multiples of this.
  public static let liftingStep = 64
  /// Pieces of a syndrome begin and end at multiples of this.
  public static let step = 32
  /// Cascade's tiles that one syndrome may cover.
  public static let tilesMax = TileCode.tileBitsMax / CascadeLimits.tileBitsMax
  /// Shorter tiles are left to Cascade: padding would cost more than messages do.
  public static let bitsMin = 8192
  /// Below this error rate the codes tell a fifth more than the least, and Cascade needs few messages.
  public static let qberMin = PartsPerMillion(10_000)

  /// The code of a tile with about this error rate and the bits of its syndrome to ask for first; nil where Cascade
  /// serves better. The rate is known from `errorsSeen` errors: as much as they may be off by chance is added. One that
  /// is only expected gets half as much again, which serves up to one and a half times the rate: its first tile shows
  /// what it is.
  public static func start(
    bits: Int, qber: PartsPerMillion, errorsSeen: Int
  ) -> (code: TileCode, syndromeBits: Int)? {
    guard bits >= bitsMin, qber >= qberMin else { return nil }
    let margin = errorsSeen > 0 ? 1 / Double(errorsSeen).squareRoot() : 0.5
    return TileCode.choose(bits: bits, qber: qber, efficiency: efficiency(qber, bits: bits) + margin)
  }

  /// The bits to have after a failure with `held` bits; nil when it is better to go on with Cascade.
  public static func more(after held: Int, topUps: Int, of code: TileCode) -> Int? {
    guard topUps < topUpsMax else { return nil }
    let wanted = held + max(2 * step, held / (topUps == 0 ? 48 : 24) / step * step)
    return wanted <= code.syndromeBitsMax && wanted < code.bits ? wanted : nil
  }

  /// The error rate that Cascade finds in a tile whose decoder is stuck with few checks contradicted, its errors
  /// flipped: an error that is left contradicts two checks or more. Nil where too many are left to trust the flips.
  public static func qber(ofStuck code: TileCode, contradicted: Int) -> PartsPerMillion? {
    guard contradicted * 50 <= code.baseBits else { return nil }
    let errors = max(contradicted / 2, 4)
    return PartsPerMillion(UInt32(min(250_000, errors * 1_000_000 / code.bits + 1)))
  }

  /// What is sent first, as a multiple of the Shannon limit. A short tile varies more.
  private static func efficiency(_ qber: PartsPerMillion, bits: Int) -> Double {
    let spread = bits >= 100_000 ? 0.0 : bits >= 50_000 ? 0.01 : 0.03
    switch qber.count {
    case ..<12_500: return 1.18 + spread
    case ..<15_000: return 1.16 + spread
    case ..<20_000: return 1.15 + spread
    case ..<27_500: return 1.135 + spread
    case ..<32_500: return 1.125 + spread
    default: return 1.115 + spread
    }
  }
}

/// Parts of a syndrome after the first.
private var topUpsMax: Int { 2 }
