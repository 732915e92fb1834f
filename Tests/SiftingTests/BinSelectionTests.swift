import Foundation
import HostStorage
import Sifting
import Testing

/// One slot with clicks, as the simulated bins below make it: the photons that were sent, the axis of the click.
private struct SentEvent {
  let intensity: Int
  let photons: Int
  let axis: Int
}

/// Bins of fading light: phase-randomised pulses of two intensities, a passive choice of axis, detectors that differ.
private struct Bins {
  let means = [0.5, 0.1]
  let efficiencies = [1.0, 0.8, 0.6]
  var random = SeededRandom(seed: 1)

  mutating func unit() -> Double { Double.random(in: 0..<1, using: &random) }

  /// The events of a bin of `slots` slots under one transmission.
  mutating func draw(slots: Int, transmission: Double) -> [SentEvent] {
    var events: [SentEvent] = []
    for _ in 0..<slots {
      let intensity = unit() < 0.7 ? 0 : 1
      var photons = 0
      var share = exp(-means[intensity])
      var left = unit() - share
      while left >= 0, photons < 12 {
        photons += 1
        share *= means[intensity] / Double(photons)
        left -= share
      }
      for _ in 0..<photons where unit() < transmission {
        let axis = min(2, Int(unit() * 3))
        guard unit() < efficiencies[axis] else { continue }
        events.append(SentEvent(intensity: intensity, photons: photons, axis: axis))
        break
      }
    }
    return events
  }
}

@Suite struct BinSelectionTests {
  @Test func selection_comparesRates() {
    let selection = BinSelection(rateMinHz: 100_000)
    // 100 000 a second is one event in a thousand slots.
    #expect(selection.keeps(events: 1, slots: 1_000) && !selection.keeps(events: 1, slots: 1_001))
    #expect(selection.keeps(events: 512, slots: 512_000) && !selection.keeps(events: 511, slots: 512_000))
    #expect(BinSelection.all.keeps(events: 1, slots: .max))
    #expect(!BinSelection(rateMinHz: .max).keeps(events: 1, slots: 1_048_576))
    #expect(BinSelection(rateMinHz: 100_000_000).keeps(events: 512, slots: 512))
  }

  /// What the key length needs of a rule: in the bins that it keeps, photon number tells nothing new of the intensity
  /// and the axes have the shares of the receiver. Selection by rate leaves both; selection by one axis does not.
  @Test func selectionByRate_leavesIntensitiesAndAxes() {
    var bins = Bins()
    var kept = [Double](repeating: 0, count: 4)
    var biased = [Double](repeating: 0, count: 4)
    var bySingles = [[0.0, 0.0], [0.0, 0.0]]
    let selection = BinSelection(rateMinHz: 10_000_000)
    var binsKept = 0
    for _ in 0..<4_000 {
      let transmission = bins.unit() < 0.5 ? 0.1 : 0.6
      let events = bins.draw(slots: 100, transmission: transmission)
      if selection.keeps(events: events.count, slots: 100) {
        binsKept += 1
        for event in events {
          kept[event.axis] += 1
          kept[3] += 1
          if event.photons == 1 || event.photons == 2 { bySingles[event.photons - 1][event.intensity] += 1 }
        }
      }
      // A rule that looks at one detector's axis.
      if events.count(where: { $0.axis == 2 }) >= 4 {
        for event in events {
          biased[event.axis] += 1
          biased[3] += 1
        }
      }
    }
    #expect(binsKept > 1_000 && binsKept < 3_000)
    let shares = bins.efficiencies.map { $0 / 2.4 }
    for axis in 0..<3 {
      let spread = (shares[axis] * (1 - shares[axis]) / kept[3]).squareRoot()
      #expect(abs(kept[axis] / kept[3] - shares[axis]) < 5 * spread)
    }
    let spread = (shares[2] * (1 - shares[2]) / biased[3]).squareRoot()
    #expect(biased[2] / biased[3] - shares[2] > 10 * spread)
    // P(intensity | photons): 0.7 e^-0.5 0.5^n against 0.3 e^-0.1 0.1^n.
    for photons in 1...2 {
      let weights = [0.7 * exp(-0.5) * pow(0.5, Double(photons)), 0.3 * exp(-0.1) * pow(0.1, Double(photons))]
      let expected = weights[0] / (weights[0] + weights[1])
      let found = bySingles[photons - 1]
      let all = found[0] + found[1]
      #expect(abs(found[0] / all - expected) < 5 * (expected * (1 - expected) / all).squareRoot(), "\(photons)")
    }
  }
}
