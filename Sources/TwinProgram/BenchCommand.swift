import ArgumentParser
import Controller
import Foundation
import LinkControl
import Optics
import Twin
import TwinRun
import Units

/// Measures how fast a stage works on one core of this computer.
struct Bench: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      abstract: "Measure the speed of a stage on one core.",
      subcommands: [
        SiftBench.self, PermuteBench.self, CascadeBench.self, ReconcileBench.self, PrivacyBench.self,
        ConfirmBench.self, TagBench.self, ChainBench.self,
      ])
  }
}

/// The whole path of the detections without distillation: photons, registers over SPI, announcements, look-ups,
/// authentication and sifting, of both modules.
struct SiftBench: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "sift", abstract: "Detections a second from the photons to the sifted keys of both modules.")
  }

  @Option(help: "Detections to process, 1000...11000000: one block holds their sifted bits.")
  var detections: UInt64 = 8_000_000
  @Option(help: "Mean photon number of the signal, more than 0.01 and below 1; the decoy has 0.3 of it.")
  var mu = 0.06
  @Option(help: "Transmission from Alice's exit to the analyser's inputs, more than 0 and at most 1.")
  var transmission = 0.6
  @Option(help: "Everything random in the run follows from this number.")
  var seed: UInt64 = 1

  func run() throws {
    guard (1000...11_000_000).contains(detections) else { throw ValidationError("detections must be 1000...11000000") }
    guard mu > 0.01, mu < 1 else { throw ValidationError("mu must be more than 0.01 and below 1") }
    guard transmission > 0, transmission <= 1 else { throw ValidationError("transmission must be 0...1") }
    var link = LinkRun(plan)
    while link.alice.state != .idle || link.bob.state != .idle { link.step() }
    link.alice.start()
    while link.bob.totals.detections == 0 {
      link.step()
      guard link.tick < 10_000 else { throw ValidationError("nothing is detected at this transmission") }
    }
    link.measureWork()
    let first = link.bob.totals.detections
    let firstSifted = link.bob.totals.siftedNow
    let firstClicks = link.simulation.detections
    let firstTick = link.tick
    let began = ContinuousClock.now
    while link.bob.totals.detections - first < detections {
      link.step()
      guard case .exchanging = link.bob.state else { throw ValidationError("the exchange ended early") }
    }
    let wall = began.duration(to: .now)
    let seconds = Double(wall.components.seconds) + Double(wall.components.attoseconds) * 1e-18
    let count = link.bob.totals.detections - first
    let clicks = link.simulation.detections - firstClicks
    // `mdetections_s` counts what was announced and sifted, `mclicks_s` also what fell in the common dead time, both a
    // second of wall time; `simulated_mhz` are announced detections a second of simulated time.
    print(
      String(
        format: "bench stage=link n=%llu mdetections_s=%.3f mclicks_s=%.3f wall_s=%.3f simulated_mhz=%.3f", count,
        Double(count) * 1e-6 / seconds, Double(clicks) * 1e-6 / seconds, seconds,
        Double(count) * 1e-3 / Double(link.tick - firstTick)))
    // What each module works on a sifted bit: FIFO and choices over the SPI protocol, announcements, authentication.
    let bits = link.bob.totals.siftedNow - firstSifted
    print(
      String(
        format: "bench stage=sift n=%llu mbit_s=%.2f alice_mbit_s=%.2f bob_mbit_s=%.2f detections_bit=%.2f", bits,
        Double(bits) * 1e3 / Double(max(link.aliceWorkNs, link.bobWorkNs)),
        Double(bits) * 1e3 / Double(link.aliceWorkNs),
        Double(bits) * 1e3 / Double(link.bobWorkNs), Double(count) / Double(bits)))
  }

  private var plan: RunPlan {
    var scenario = Scenario.bench
    scenario.peakTransmission = transmission
    var configuration = LinkConfiguration()
    configuration.exchangeFrames = 1 << 20
    // No block fills, so nothing is distilled.
    configuration.blockBits = UInt32(SiftedBits.max) - LinkConfiguration.blockOverrunBits
    let signal = UInt32(mu * 1e6)
    configuration.means = [
      MeanPhotonNumber(millionths: signal), MeanPhotonNumber(millionths: signal * 3 / 10),
      MeanPhotonNumber(millionths: 200),
    ]
    return RunPlan(scenario: scenario, seconds: 10_000, seed: seed, alice: configuration, bob: configuration)
  }
}
