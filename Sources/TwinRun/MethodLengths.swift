import Alignment
import Controller
import Estimation
import Foundation
import Units

/// Key lengths of one method, finite and asymptotic.
struct MethodLengths {
  private let plan: ComparisonPlan
  private let method: Method
  private let planned: DecoyCounts
  private let settings: DecoySettings

  /// Longest group of advantage distillation that is tried.
  private static var blockMax: Int { 16 }

  init(_ plan: ComparisonPlan, method: Method, planned: DecoyCounts) {
    self.plan = plan
    self.method = method
    self.planned = planned
    let light = plan.light
    let vacuum = Share(of65536: 65_536 - light.shareSignal.count - light.shareDecoy.count)
    guard let settings = DecoySettings(means: light.means, shares: [light.shareSignal, light.shareDecoy, vacuum]) else {
      preconditionFailure("the light was checked")
    }
    self.settings = settings
  }

  /// The group length that gives most on the planned counts; one if none gives a key.
  var bestBlock: Int {
    let lengths = (1...Self.blockMax).map { ($0, finite(planned, block: $0)) }
    return lengths.max { $0.1 < $1.1 || $0.1 == $1.1 && $0.0 > $1.0 }?.0 ?? 1
  }

  /// The project's key length for announcements on the way, with the credit that the method has.
  func finite(_ counts: DecoyCounts, block: Int) -> UInt64 {
    let leak = counts.modelledLeakBits(block: block, efficiency: plan.efficiency)
    switch method {
    case .mp, .adaptivePlates, .adaptiveNames:
      let share = plan.light.axisShareMax.value
      guard let credit = PerPulse(axisShareMax: share) else { preconditionFailure("the light was checked") }
      return length(credit, share, block).result(for: counts, leakBits: leak).length
    case .uncalibrated, .tracked:
      var fourState = plan.light
      fourState.variant = .perBlock
      let share = fourState.creditedShareMax.value
      guard let credit = PerBlock(basisShareMax: share) else { preconditionFailure("a constant") }
      return length(credit, share, block).result(for: counts, leakBits: leak).length
    case .frameIndependent: preconditionFailure("no finite key length is known to the project")
    }
  }

  private func length<Credit: SecurityCredit>(
    _ credit: Credit, _ shareMax: Double, _ block: Int
  ) -> KeyLengthPlan<Credit> {
    var length = KeyLengthPlan(
      credit: credit, settings: settings, block: block, tails: .streaming(planned: planned),
      multiPhotonTag: .crossClicks(axisShareMax: shareMax))
    length.target = SecurityTarget(
      epsilonSecret: pow(10, -Double(plan.light.epsilonSecret)),
      epsilonCorrect: pow(10, -Double(plan.light.epsilonCorrect)))
    return length
  }

  /// Bits in long blocks with the shares and error rates of these counts, at the best group length.
  func asymptotic(_ counts: MethodCounts, c: Double) -> UInt64 {
    let bits = Double(counts.bits)
    // A tail that fails nearly always leaves the counts as they are.
    let bounds = DecoyBounds(settings, nats: 1e-12)
    let singles = bounds.singlesLower(counts.decoys.sifted, tails: .inversion)
    let errors = bounds.singlesUpper(counts.decoys.errors, tails: .inversion)
    guard singles > 0, errors < singles / 2, counts.qber < 0.5 else { return 0 }
    let light = RateConditions.Light.weakPulses(singleShare: singles / bits, singleQber: errors / singles)
    let rates = (1...Self.blockMax).map { block -> Double in
      do throws(ParameterRefusal) {
        let conditions = try RateConditions.checked(
          qber: counts.qber, block: block, efficiency: plan.efficiency, light: light)
        switch method {
        case .mp, .adaptivePlates, .adaptiveNames: return PerPulse.secretBitsPerSiftedBit(conditions)
        case .uncalibrated, .tracked: return PerBlock.secretBitsPerSiftedBit(conditions)
        case .frameIndependent:
          guard block == 1 else { return 0 }
          let open = 1 - FrameIndependentRate(qber: errors / singles, c: c).knownToEve
          return singles / bits * open - plan.efficiency * binaryEntropy(counts.qber)
        }
      } catch { return 0 }
    }
    return UInt64(max(0, (rates.max() ?? 0) * bits))
  }
}
