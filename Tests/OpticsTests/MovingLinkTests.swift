import Foundation
import Testing

@testable import Optics

@Suite struct MovingLinkTests {
  /// The density of gamma-gamma intensity by its definition: an integral over the large eddies.
  private func below(_ x: Double, _ shapes: GammaGammaShapes) -> Double {
    func gamma(_ k: Double, _ u: Double) -> Double { exp(k * log(k) - lgamma(k) + k * u - k * exp(u)) }
    // P(XY < x) = integral of P(Y < x/X) over ln X, both by sums over a fine grid of logarithms.
    let step = 0.01
    let grid = stride(from: -12.0, through: 4, by: step)
    var cumulative: [Double] = []
    var sum = 0.0
    for u in grid {
      sum += gamma(shapes.small, u) * step
      cumulative.append(sum)
    }
    var total = 0.0
    for u in grid {
      let place = Int(((log(x) - u + 12) / step).rounded())
      let share = place < 0 ? 0 : cumulative[min(place, cumulative.count - 1)]
      total += gamma(shapes.large, u) * step * share
    }
    return total
  }

  @Test(arguments: [0.3, 1.3, 4.0]) func gammaGamma_hasItsLaw(rytov: Double) {
    var scenario = Scenario.bench
    scenario.fading = .gammaGamma
    scenario.rytovVariance = rytov
    scenario.scintillationMs = 0.1
    var process = ChannelProcess(scenario, seed: 12)
    let trials = 100_000
    let values = (0..<trials).map { _ in process.next().transmission / scenario.peakTransmission }
    let shapes = GammaGammaShapes(rytovVariance: rytov)
    for x in [0.1, 0.5, 1, 2] {
      let expected = below(x, shapes)
      let found = Double(values.filter { $0 < x }.count) / Double(trials)
      #expect(abs(found - expected) < 5 * (expected * (1 - expected) / Double(trials)).squareRoot() + 4e-3, "\(x)")
    }
    let mean = values.reduce(0, +) / Double(trials)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(trials)
    #expect(abs(mean - 1) < 0.02 && abs(variance / shapes.scintillationIndex - 1) < 0.08)
  }

  /// In weak turbulence the scintillation index is the Rytov variance (Al-Habash et al. 2001).
  @Test func gammaGamma_ofWeakTurbulence_hasTheRytovVariance() {
    #expect(abs(GammaGammaShapes(rytovVariance: 0.01).scintillationIndex / 0.01 - 1) < 0.03)
    // Saturation: the index passes a maximum above one and falls back towards it.
    let strong = [2.0, 5, 20, 100].map { GammaGammaShapes(rytovVariance: $0).scintillationIndex }
    #expect(strong[1] > 1 && strong[3] < strong[1])
  }

  /// One more motion draws from a stream of its own: the others stay as they were.
  @Test func pitchAndYaw_leaveOtherMotionsAlone() {
    var pitching = Scenario.drone
    pitching.pitchDegrees.noiseRms = 3
    pitching.yawDegrees.noiseRms = 3
    var (with, without) = (ChannelProcess(pitching, seed: 5), ChannelProcess(.drone, seed: 5))
    for _ in 0..<100 {
      let (a, b) = (with.next(), without.next())
      // Nothing is left to the beam without a residual of the steering.
      #expect(a == b)
    }
  }

  /// A platform turns: forward its roll turns the frame, abeam its pitch does, upwards its yaw does.
  @Test(arguments: [(0.0, 0.0, 1.0), (90, 0, 2), (0, -90, 3), (45, 0, 3 / 2.0.squareRoot())])
  func attitude_seenAlongTheSight(azimuth: Double, elevation: Double, roll: Double) {
    var scenario = Scenario.bench
    scenario.rollDegrees.offset = 1
    scenario.pitchDegrees.offset = 2
    scenario.yawDegrees.offset = 3
    scenario.sight.azimuthDegrees = azimuth
    scenario.sight.elevationDegrees = elevation
    scenario.steeringResidual = 0.01
    var process = ChannelProcess(scenario, seed: 1)
    let state = process.next()
    #expect(abs(state.roll * 180 / .pi - roll) < 1e-12)
    // A turn keeps its length: what is not about the line of sight misses the peer, one degree by 17.45 mrad.
    let missed = (14 - roll * roll) * pow(0.01 * 17.453_293, 2)
    #expect(abs(state.transmission / scenario.peakTransmission - exp(-2 * missed)) < 1e-6)
  }

  @Test func steadyTurn_andClockDrift_growWithTime() {
    var scenario = Scenario.bench
    scenario.rollDegrees.ratePerS = 10
    scenario.clockDriftNsPerS = 33
    scenario.resyncMs = 10
    var process = ChannelProcess(scenario, seed: 1)
    let states = (0..<1_001).map { _ in process.next() }
    #expect(abs(states[1_000].roll * 180 / .pi - 10) < 1e-9)
    // 33 ns/s is 33 ps after a millisecond; the clocks are aligned every 10 ms.
    #expect(states[0].arrivalPs == 0 && states[9].arrivalPs == 297 && states[10].arrivalPs == 0)
  }

  /// What the pages say of the new links, from the closed form over a minute: error rate and mean loss.
  @Test(arguments: [("ship", 0.018, 17.8), ("daylight", 0.032, 16.4), ("storm", 0.040, 21.0)])
  func scenario_keepsItsFigures(name: String, qber: Double, loss: Double) throws {
    let scenario = try #require(Scenario.named(name))
    var process = ChannelProcess(scenario, seed: 2)
    let efficiency = scenario.receiver.efficiencies.reduce(0, +) / 6
    let noise = (scenario.receiver.darkHz.reduce(0, +) + 6 * scenario.backgroundHz) * 2e-9
    var (errors, clicks, transmission) = (0.0, 0.0, 0.0)
    for _ in 0..<60_000 {
      let state = process.next()
      let signal = 0.4 * state.transmission * efficiency
      errors += signal * (1 - (1 - state.depolarisation) * (1 + 2 * cos(2 * state.roll)) / 3) / 2 + noise / 2
      clicks += signal + noise
      transmission += state.transmission / 60_000
    }
    #expect(abs(errors / clicks - qber) < 0.003, "qber \(errors / clicks)")
    #expect(abs(-10 * log10(transmission) - loss) < 0.4, "loss \(-10 * log10(transmission))")
  }
}
