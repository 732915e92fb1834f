import Controller
import Estimation
import Foundation
import Optics
import Testing
import Units

@testable import TwinRun

@Suite struct ComparisonTests {
  /// The drone over 9 dB, so that seconds give what minutes give over 16 dB.
  private func drone(roll: Double) -> Scenario {
    var scenario = Scenario.drone
    scenario.peakTransmission = 0.125
    scenario.rollDegrees.offset = roll
    return scenario
  }

  /// A bolted link whose frame stands at a fixed angle.
  private func bolted(roll: Double) -> Scenario {
    var scenario = Scenario.bench
    scenario.rollDegrees.offset = roll
    return scenario
  }

  private func plan(_ scenario: Scenario, seconds: Double, seed: UInt64, policy qber: UInt32? = nil) -> ComparisonPlan {
    var light = LinkConfiguration()
    if let qber, case .row(let row) = Policy.row(variant: .perPulse, qber: PartsPerMillion(qber), blockBits: 1 << 21) {
      light.follow(row: row)
    }
    return ComparisonPlan(scenario: scenario, milliseconds: Int(seconds * 1000), seed: seed, light: light)
  }

  private func outcome(_ method: Method, _ comparison: Comparison) throws -> MethodOutcome {
    try #require(comparison.outcomes.first { $0.method == method })
  }

  /// Whether an error rate is the expected one within five standard deviations.
  private func fits(_ outcome: MethodOutcome, _ expected: Double) -> Bool {
    abs(outcome.qber - expected) < 5 * (expected * (1 - expected) / Double(outcome.siftedBits)).squareRoot() + 3e-4
  }

  /// A roll by 20 degrees and more: protection and adaptation make key, the link that nobody calibrates makes none.
  @Test(arguments: 1...2) func largeRoll_leavesKeyToMpAndAdaptive(seed: UInt64) throws {
    let comparison = Comparison(plan(drone(roll: 22), seconds: 8, seed: seed, policy: 140_000))
    for method in [Method.mp, .adaptivePlates, .adaptiveNames, .tracked] {
      #expect(try #require(outcome(method, comparison).finiteBits) > 0, "\(method)")
    }
    let blind = try outcome(.uncalibrated, comparison)
    #expect(blind.finiteBits == 0)
    let adaptive = try outcome(.adaptivePlates, comparison)
    // With long blocks and groups of many bits next to nothing is left of four states at 18 %.
    #expect(blind.asymptoticBits < adaptive.asymptoticBits / 1000)
    #expect(try adaptive.qber < outcome(.mp, comparison).qber / 2)
    #expect(try #require(adaptive.finiteBits) > #require(outcome(.mp, comparison).finiteBits))
  }

  /// Error rates under a constant roll a: (1 - (1 - p)(1 + 2 cos 2a)/3)/2 behind the twirl, (1 - (1 - p) cos 2a)/2
  /// without it; darks and daylight of the bench add less than 1e-4.
  @Test(arguments: [0.0, 12, 25]) func constantRoll_givesTheErrorRatesOfTheory(roll: Double) throws {
    var scenario = bolted(roll: roll)
    scenario.backgroundHz = 0
    scenario.receiver.darkHz = [Double](repeating: 0, count: 6)
    let comparison = Comparison(plan(scenario, seconds: 3, seed: 4))
    let cosine = cos(2 * roll * .pi / 180)
    let left = 1 - scenario.depolarisation
    #expect(try fits(outcome(.mp, comparison), (1 - left * (1 + 2 * cosine) / 3) / 2))
    #expect(try fits(outcome(.uncalibrated, comparison), (1 - left * cosine) / 2))
    #expect(try fits(outcome(.tracked, comparison), (1 - left) / 2))
    // A roll does not touch R/L.
    #expect(try fits(outcome(.frameIndependent, comparison), (1 - left) / 2))
    #expect(abs(comparison.c - 2 * left * left) < 0.02)
  }

  @Test(arguments: 1...3) func nothingTurns_uncalibratedErrsAsMp(seed: UInt64) throws {
    let comparison = Comparison(plan(bolted(roll: 0), seconds: 3, seed: seed))
    let (mp, blind) = (try outcome(.mp, comparison), try outcome(.uncalibrated, comparison))
    let spread = (mp.qber / Double(mp.siftedBits) + blind.qber / Double(blind.siftedBits)).squareRoot()
    #expect(abs(mp.qber - blind.qber) < 5 * spread)
    // Half of the rounds in place of a third.
    #expect(abs(Double(blind.siftedBits) / Double(mp.siftedBits) - 1.5) < 0.03)
    // A tracker that has nothing to do changes no photon.
    let tracked = try outcome(.tracked, comparison)
    #expect(tracked.qber == blind.qber && tracked.siftedBits == blind.siftedBits)
    #expect(comparison.plateChanges <= 1)
  }

  @Test(arguments: 1...3) func idealTracker_isAtLeastAsGoodAsNone(seed: UInt64) throws {
    var plan = plan(drone(roll: 3), seconds: 2, seed: seed)
    plan.latencyMs = 0
    let prompt = try outcome(.tracked, Comparison(plan))
    plan.latencyMs = 400
    let late = Comparison(plan)
    let blind = try outcome(.uncalibrated, late)
    #expect(try #require(prompt.finiteBits) >= #require(blind.finiteBits))
    #expect(prompt.qber < blind.qber)
    // What the roll does in 400 ms is left.
    #expect(try prompt.qber < outcome(.tracked, late).qber)
  }

  /// Turns of any size are found: by plates 25, 45 and 88 degrees of roll, by names the right angle of the ball.
  @Test(arguments: [25.0, 45, 88]) func constantRoll_isUndone(roll: Double) throws {
    let scenario = bolted(roll: roll)
    let comparison = Comparison(plan(scenario, seconds: 6, seed: 9))
    let mp = try outcome(.mp, comparison)
    // The first window and its latency are 2 % of the flight.
    let still = scenario.depolarisation / 2
    #expect(try outcome(.adaptivePlates, comparison).qber < still + 0.02 * mp.qber + 0.004)
    let named = try outcome(.adaptiveNames, comparison).qber
    let rest = abs(roll - 45 * (roll / 45).rounded()) * .pi / 180
    let wanted = (1 - (1 - scenario.depolarisation) * (1 + 2 * cos(2 * rest)) / 3) / 2
    #expect(abs(named - wanted) < 0.02 * mp.qber + 0.004)
  }

  @Test func oneSeed_isOneOutcome() throws {
    let plan = plan(drone(roll: 10), seconds: 1, seed: 5)
    let (first, second) = (Comparison(plan), Comparison(plan))
    for (a, b) in zip(first.outcomes, second.outcomes) {
      #expect(a.siftedBits == b.siftedBits && a.qber == b.qber && a.asymptoticBits == b.asymptoticBits)
    }
  }
}
