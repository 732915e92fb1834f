import Foundation
import Testing

@testable import Optics

@Suite struct ClockTests {
  /// Lines of milliseconds meet, and their rate is that of the oscillators and of the range, at every time.
  @Test(arguments: ["drone", "ship", "satellite", "storm", "daylight"], UInt64(0)..<3)
  func clock_isContinuousAndFollowsTheRange(name: String, seed: UInt64) throws {
    var scenario = try #require(Scenario.named(name))
    // What the orbit gives is foretold; here is what is left.
    scenario.pass = nil
    var process = ClockProcess(scenario, seed: seed)
    let (offset, rate) = (process.offset, process.rate)
    #expect(abs(offset) <= 1e5 && abs(rate) <= 2e-6)
    var before = process.next()
    #expect(before.start == 0 && before.offset == offset)
    var (speed, acceleration) = (0.0, 0.0)
    for millisecond in 1..<UInt64(60_000) {
      let state = process.next()
      #expect(state.start == 100_000 * millisecond)
      #expect(abs(before.ahead(at: state.start) - state.ahead(at: state.start)) < 1e-8)
      // A slot a slot is the speed of light.
      speed = max(speed, abs(state.growth - rate) * 299_792_458)
      acceleration = max(acceleration, abs(state.growth - before.growth) * 299_792_458 / 1e-3)
      before = state
    }
    // What the page of scenarios says of each, by other means than the page.
    let tones = scenario.rangeM.tones
    let fastest = tones.reduce(abs(scenario.rangeM.ratePerS)) { $0 + 2 * .pi * $1.amplitude * $1.hz }
    let hardest = tones.reduce(0) { $0 + pow(2 * .pi * $1.hz, 2) * $1.amplitude }
    #expect(speed <= fastest * 1.001 && speed > fastest * 0.8, "\(speed) of \(fastest) m/s")
    #expect(acceleration <= hardest * 1.01 + 1e-4, "\(acceleration) of \(hardest) m/s^2")
    #expect(fastest <= 30 && hardest <= 10)
  }

  /// Between clocks of their own a satellite is as many slots late as it is away, and comes nearer as the orbit says.
  @Test func orbit_isInTheArrival() throws {
    var scenario = Scenario.satellite
    scenario.rangeM = Motion()
    scenario.clockDoubtUs = 0
    scenario.clockDoubtPpm = 0
    let pass = try #require(scenario.pass)
    var process = ClockProcess(scenario, seed: 1)
    for second in 0..<5 {
      let state = process.next()
      let point = pass.point(at: pass.startSeconds + Double(second))
      #expect(abs(state.offset - point.rangeKm / 299_792.458 * 1e8) < 1e-3)
      #expect(abs(state.growth - point.rangeRateKmS / 299_792.458) < 1e-9)
      for _ in 1..<1000 { _ = process.next() }
    }
  }

  /// Offsets and rates fill what the scenario leaves open, evenly.
  @Test func doubt_isFilledEvenly() {
    var scenario = Scenario.bench
    scenario.clockDoubtUs = 40
    scenario.clockDoubtPpm = 1.5
    let processes = (0..<2_000).map { ClockProcess(scenario, seed: $0) }
    for values in [processes.map { $0.offset / 4_000 }, processes.map { $0.rate / 1.5e-6 }] {
      #expect(values.allSatisfy { abs($0) <= 1 })
      let mean = values.reduce(0, +) / 2_000
      let square = values.reduce(0) { $0 + $1 * $1 } / 2_000
      #expect(abs(mean) < 0.07 && abs(square - 1 / 3.0) < 0.035)
    }
  }

  /// Later pulses as the range grows: 30 m/s is 100 ns/s, ten slots.
  @Test func range_thatGrows_makesPulsesLate() {
    var scenario = Scenario.bench
    scenario.clockDoubtUs = 0
    scenario.clockDoubtPpm = 0
    scenario.rangeM.ratePerS = 29.979_245_8
    var process = ClockProcess(scenario, seed: 1)
    let states = (0...1_000).map { _ in process.next() }
    #expect(abs(states[1_000].offset - 10) < 1e-9 && abs(states[7].growth - 1e-7) < 1e-15)
  }

  /// The pattern as Documentation/Acquisition.md has it, slot by slot, without a table.
  @Test func pattern_ofSeedZero_isDark() {
    let dark = SyncLight(seed: 0)
    #expect(dark.litShare == 0 && (0..<UInt32(SyncLight.periodSlots)).allSatisfy { dark.laser(at: $0) == nil })
    #expect(SyncLight(seed: 3) != SyncLight(seed: 4))
  }

  /// The mean of a pattern's clicks by its slots, one by one.
  @Test func meanUnderAPattern_isThatOfItsSlots() {
    var experiment = Experiment(mean: 0.4)
    experiment.settings.pattern = SyncLight(seed: 77)
    experiment.channel.roll = 0.2
    experiment.receiver.darkHz = [100, 200, 300, 400, 500, 600]
    let table = experiment.table
    let choices = (0..<UInt64(SyncLight.periodSlots)).map { experiment.choice(at: $0) }
    for detector in 0..<6 {
      let sum = choices.reduce(0) { $0 + table.mean(state: $1.state, intensity: $1.intensity, detector: detector) }
      let mean = table.mean(of: detector, under: experiment.settings)
      #expect(abs(mean / (sum / Double(choices.count)) - 1) < 1e-9, "\(detector)")
    }
  }

  /// Free arrivals: every click of a slot, about the middle of the pulse, with darks all over the slot.
  @Test func arrivals_haveTheTimesOfTheirLaw() {
    var experiment = Experiment(mean: 0.3)
    experiment.settings.pulseDelayPs = 3_000
    experiment.receiver.darkHz = [Double](repeating: 50_000, count: 6)
    experiment.receiver.deadSlots = 100
    let timing = PulseTiming(pulses: experiment.settings, jitterPs: 300)
    // 500 ps of full width are 212 ps of sigma, with 300 ps of jitter 367.5 ps.
    #expect(abs(timing.centre - 0.325) < 1e-12 && abs(timing.spread - 0.036_75) < 1e-5)
    var sampler = DetectionSampler(choices: experiment.choices, deadSlots: 100)
    sampler.restart(at: 0, seed: 5)
    var found: [Arrival] = []
    let slots: UInt64 = 2_000_000
    sampler.collect(
      into: &found, before: slots, table: experiment.table, settings: experiment.settings, timing: timing)
    #expect(agrees(found.count, of: Int(slots), with: -expm1(-0.03 - 3e-3)))
    // Darks are a tenth of the light and even over the slot.
    let early = found.filter { $0.later < 0.1 }.count
    #expect(agrees(early, of: found.count, with: 0.1 / 11))
    let light = found.filter { abs($0.later - 0.325) < 0.15 }.map(\.later)
    let mean = light.reduce(0, +) / Double(light.count)
    let spread = (light.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(light.count)).squareRoot()
    #expect(abs(mean - 0.325) < 0.002 && abs(spread - 0.042) < 0.003, "\(mean) \(spread)")
  }
}
