import Foundation
import Optics
import Testing

@Test func channel_repeatsForItsSeedOnly() {
  func history(_ seed: UInt64) -> [ChannelState] {
    var process = ChannelProcess(.drone, seed: seed)
    return (0..<50).map { _ in process.next() }
  }
  #expect(history(1) == history(1) && history(1) != history(2))
}

/// Gaussian pointing jitter gives P(transmission < x peak) = x^g with g = w^2 / (4 sigma^2), sigma in beam radii.
@Test func fading_ofGaussianPointing_isBetaDistributed() {
  var scenario = Scenario.bench
  scenario.pointing.noiseRms = 0.35
  // Nearly independent from one millisecond to the next.
  scenario.pointing.noiseMs = 0.1
  var process = ChannelProcess(scenario, seed: 4)
  let trials = 100_000
  let values = (0..<trials).map { _ in process.next().transmission / scenario.peakTransmission }
  let exponent = 1 / (4 * 0.35 * 0.35)
  for x in [0.2, 0.5, 0.8, 0.95] {
    #expect(agrees(values.filter { $0 < x }.count, of: trials, with: pow(x, exponent)))
  }
  let mean = values.reduce(0, +) / Double(trials)
  // 1.73 dB at sigma / w = 0.35.
  #expect(abs(-10 * log10(mean) - 1.73) < 0.02)
}

@Test func scintillation_isLogNormalWithMeanOne() {
  var scenario = Scenario.bench
  scenario.scintillationIndex = 0.3
  scenario.scintillationMs = 0.1
  var process = ChannelProcess(scenario, seed: 6)
  let trials = 200_000
  let values = (0..<trials).map { _ in process.next().transmission / scenario.peakTransmission }
  let mean = values.reduce(0, +) / Double(trials)
  let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(trials)
  #expect(abs(mean - 1) < 5 * (0.3 / Double(trials)).squareRoot())
  #expect(abs(variance - 0.3) < 0.02)
}

@Test func motionNoise_forgetsInItsCorrelationTime() {
  var scenario = Scenario.bench
  scenario.rollDegrees.noiseRms = 2
  scenario.rollDegrees.noiseMs = 10
  var process = ChannelProcess(scenario, seed: 8)
  let values = (0..<400_000).map { _ in process.next().roll * 180 / .pi }
  func correlation(_ lag: Int) -> Double {
    var sum = 0.0
    for i in lag..<values.count { sum += values[i] * values[i - lag] }
    return sum / Double(values.count - lag)
  }
  // About 20 000 independent stretches, so one standard deviation is 0.01 of the variance.
  #expect(abs(correlation(0) - 4) < 0.2)
  #expect(abs(correlation(10) / 4 - exp(-1)) < 0.05)
}

/// The figures that the scenarios promise, from the closed form of the twirled error rate over sixty seconds.
@Test(arguments: [("drone", 0.025, 0.0025), ("bench", 0.010, 0.0005)])
func scenario_keepsItsMeanFigures(name: String, qber: Double, tolerance: Double) throws {
  let scenario = try #require(Scenario.named(name))
  var process = ChannelProcess(scenario, seed: 2)
  let efficiency = scenario.receiver.efficiencies.reduce(0, +) / 6
  // Noise in a gate of 2 ns, at 0.5 photons a pulse.
  let noise = (scenario.receiver.darkHz.reduce(0, +) + 6 * scenario.backgroundHz) * 2e-9
  var errors = 0.0
  var clicks = 0.0
  var transmission = 0.0
  let count = 60_000
  for _ in 0..<count {
    let state = process.next()
    let signal = 0.5 * state.transmission * efficiency
    let twirled = (1 - (1 - state.depolarisation) * (1 + 2 * cos(2 * state.roll)) / 3) / 2
    errors += signal * twirled + noise / 2
    clicks += signal + noise
    transmission += state.transmission / Double(count)
  }
  #expect(abs(errors / clicks - qber) < tolerance, "qber \(errors / clicks)")
  #expect(abs(transmission * efficiency - 0.01) < 0.0007, "efficiency \(transmission * efficiency)")
}
