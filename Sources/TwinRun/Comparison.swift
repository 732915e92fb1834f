import Alignment
package import Controller
import Estimation
import Foundation
package import Optics
import Units

/// A way to make key over a link that moves.
package enum Method: String, CaseIterable, Sendable {
  /// Measurement protection with six-state credit: the product.
  case mp
  /// The same, with wave plates that follow the frame from rounds that carry no key.
  case adaptivePlates = "adaptive-plates"
  /// The same, with other names for Bob's axes and bits in place of wave plates.
  case adaptiveNames = "adaptive-names"
  /// Four states, no twirl, nothing is corrected.
  case uncalibrated = "bb84"
  /// The same behind a half-wave plate that undoes the roll exactly as it was a while ago.
  case tracked = "bb84-tracked"
  /// The reference-frame-independent protocol: key on R/L, Eve's knowledge from the plane that turns.
  case frameIndependent = "rfi"
}

/// What is compared.
package struct ComparisonPlan: Sendable {
  package var scenario: Scenario
  package var milliseconds: Int
  package var seed: UInt64
  /// Intensities, axis shares and failure probabilities; the same light for all methods.
  package var light: LinkConfiguration
  /// How late a correction acts.
  package var latencyMs = 20
  /// How long the adaptive methods and the frame-independent one count for one estimate.
  package var windowMs = 100
  /// Leak of error correction over its Shannon limit.
  package var efficiency = 1.16

  package init(scenario: Scenario, milliseconds: Int, seed: UInt64, light: LinkConfiguration) {
    self.scenario = scenario
    self.milliseconds = milliseconds
    self.seed = seed
    self.light = light
  }
}

/// What a method made of the flight.
package struct MethodOutcome: Sendable {
  package let method: Method
  package let siftedBits: UInt64
  package let qber: Double
  /// Block length of advantage distillation that the planning flight chose.
  package let adBlock: Int
  /// Secret bits of the whole flight as one block, by finite-key bounds; nil where the project has none.
  package let finiteBits: UInt64?
  /// The rate of long blocks, from the counts without any deviation.
  package let asymptoticBits: UInt64
}

/// The same flight under all methods. Block lengths and planned counts come from another flight of the same link, since
/// they must be fixed before the first pulse.
package struct Comparison: Sendable {
  package let outcomes: [MethodOutcome]
  package let transmissionMean: Double
  package let rollRmsDegrees: Double
  /// Mean sum of squared correlations of the plane that a roll turns, 0...2.
  package let c: Double
  /// How often the adaptive wave plates were moved.
  package let plateChanges: Int

  private static var planningSeed: UInt64 { 0x706c_616e }

  package init(_ plan: ComparisonPlan) {
    let rehearsal = Flight(plan, seed: Self.planningSeed ^ plan.seed)
    let flight = Flight(plan, seed: plan.seed)
    transmissionMean = flight.transmissionMean
    rollRmsDegrees = flight.rollRmsDegrees
    c = flight.c
    plateChanges = flight.plateChanges
    outcomes = Method.allCases.map { method in
      guard let counts = flight.counts[method], let planned = rehearsal.counts[method] else {
        preconditionFailure("a flight counts all methods")
      }
      let lengths = MethodLengths(plan, method: method, planned: planned.decoys)
      let block = method == .frameIndependent ? 1 : lengths.bestBlock
      return MethodOutcome(
        method: method, siftedBits: counts.bits, qber: counts.qber, adBlock: block,
        finiteBits: method == .frameIndependent ? nil : lengths.finite(counts.decoys, block: block),
        asymptoticBits: lengths.asymptotic(counts, c: flight.c))
    }
  }
}
