import Estimation
import Sifting
import Units

/// What one method counts on a flight.
struct MethodCounts {
  private(set) var sifted: [3 of UInt64] = .init(repeating: 0)
  private(set) var errors: [3 of UInt64] = .init(repeating: 0)
  private(set) var cross: [3 of UInt64] = .init(repeating: 0)

  /// Takes a round as the product does: clicks on several axes are counted on the axis that was drawn, and are no key.
  mutating func note(_ round: Round) {
    guard round.measurement.axis == round.axis else { return }
    if round.measurement.isCross { noteCross(round) } else { noteSifted(round) }
  }

  mutating func noteSifted(_ round: Round) {
    let k = Int(round.intensity.rawValue)
    sifted[k] += 1
    if round.measurement.outcome != round.bit { errors[k] += 1 }
  }

  mutating func noteCross(_ round: Round) { cross[Int(round.intensity.rawValue)] += 1 }

  var decoys: DecoyCounts { DecoyCounts(sifted: sifted, errors: errors, crossClicks: cross) }
  var bits: UInt64 { decoys.bits }
  var qber: Double { bits > 0 ? Double(errors[0] + errors[1] + errors[2]) / Double(bits) : 0 }
}
