public import Units

/// Where each pass starts, and how many there are. Bob's choice; Alice learns it pass by pass.
public struct CascadeSchedule: Equatable, Sendable {
  /// Level of the top nodes of pass 0: they cover `2^first` slots.
  public let first: Int
  /// The same for pass 1. Every later pass starts with the two halves of the tile.
  public let second: Int
  public let passes: Int
  /// A message carries the odd nodes of one pass, and those of others that cover at most `1 / 2^crowding` of the tile:
  /// a smaller number saves round trips, a larger one bits, because nodes of two passes may hold the same error.
  public let crowding: Int
  /// The passes from 2 on are opened this many at a time, one round trip for all their top nodes.
  public let passesAtOnce: Int

  public init(first: Int, second: Int, passes: Int, crowding: Int, passesAtOnce: Int) {
    precondition(first >= 0 && second >= 0 && crowding >= 0 && passesAtOnce >= 1)
    precondition(passes >= 1 && passes <= CascadeLimits.passesMax)
    self.first = first
    self.second = second
    self.passes = passes
    self.crowding = crowding
    self.passesAtOnce = passesAtOnce
  }

  /// The schedule for a tile of `bits` bits with about this error rate.
  ///
  /// The rules were measured on tiles of 65 536 bits (`twin bench cascade`): 0.5 to 1 error per top node of pass 0 and
  /// 3.6 to 7.2 in pass 1 give efficiencies of 1.04 from 0.5 to 5 % in 170 to 290 round trips; from 6 % on it takes
  /// twice as many in pass 1 to reach 1.06. Smaller top nodes disclose 1 to 3 % more and take half the round trips.
  /// Powers of two as in Martinez-Mateo et al., arXiv:1407.3257.
  ///
  /// `sparesExchanges` takes those smaller top nodes.
  public init(bits: Int, expectedQber: PartsPerMillion, sparesExchanges: Bool = false) {
    let shape = TileShape(bits: bits)
    let errorsPerSlot = expectedQber.value * Double(bits) / Double(shape.slots)
    let first = Self.exponent(errorsMax: 1.0, errorsPerSlot: errorsPerSlot)
    let errorsInSecond = sparesExchanges ? 3.6 : expectedQber.count < 60_000 ? 7.2 : 14.4
    let second = Self.exponent(errorsMax: errorsInSecond, errorsPerSlot: errorsPerSlot)
    self.init(first: first, second: second, passes: 14, crowding: sparesExchanges ? 5 : 7, passesAtOnce: 4)
  }

  /// The largest nodes that hold at most `errorsMax` errors on average.
  private static func exponent(errorsMax: Double, errorsPerSlot: Double) -> Int {
    var exponent = 0
    while exponent < 16 && Double(2 << exponent) * errorsPerSlot <= errorsMax { exponent += 1 }
    return exponent
  }

  /// The exponent of a pass, brought into the range the tile allows; nil when the tile is too small for the pass.
  func exponent(pass: Int, of shape: TileShape) -> Int? {
    guard let allowed = shape.exponents(pass: pass) else { return nil }
    let wanted = pass == 0 ? first : pass == 1 ? second : shape.depth - 1
    return min(max(wanted, allowed.lowerBound), allowed.upperBound)
  }
}
