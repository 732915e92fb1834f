import Foundation
import HostStorage
import Optics
import Testing
import Units

/// At each intensity the share of slots with a click is 1 - exp(-mu eta efficiency - 6 dark).
@Test func gain_perIntensity_matchesTheClosedForm() {
  var experiment = Experiment(mean: 0.5)
  experiment.settings.decoyMean = 0.1
  experiment.settings.vacuumMean = 0.001
  experiment.settings.signalShare = 30_000
  experiment.settings.decoyShare = 20_000
  experiment.receiver.efficiencies = [0.5, 0.5, 0.5, 0.5, 0.5, 0.5]
  experiment.receiver.darkHz = [Double](repeating: 5_000, count: 6)
  experiment.channel.roll = 0.3
  experiment.channel.depolarisation = 0.05
  let slots: UInt64 = 2_000_000
  var sent = [0, 0, 0]
  for slot in 0..<slots { sent[Int(experiment.choice(at: slot).intensity.rawValue)] += 1 }
  var clicked = [0, 0, 0]
  for detection in experiment.detections(slots: slots) {
    clicked[Int(experiment.choice(at: detection.slot).intensity.rawValue)] += 1
  }
  for (i, mean) in [0.5, 0.1, 0.001].enumerated() {
    let expected = 1 - exp(-mean * 0.1 * 0.5 - 6 * 5_000 * 10e-9)
    #expect(agrees(clicked[i], of: sent[i], with: expected), "intensity \(i): \(clicked[i]) of \(sent[i])")
  }
}

/// Roll by 33.86 degrees: 20.70 % over all twirled rounds, sin^2 = 31.05 % on the axes Z and X alone, none on Y.
@Test func qber_ofRoll_matchesTheClosedForm() {
  var experiment = Experiment(mean: 0.02)
  experiment.channel.transmission = 1
  experiment.channel.roll = 33.86 * .pi / 180
  var errors = [0, 0, 0]
  var sifted = [0, 0, 0]
  for detection in experiment.detections(slots: 40_000_000) where detection.detectors.nonzeroBitCount == 1 {
    let state = experiment.choice(at: detection.slot).state
    let detector = detection.detectors.trailingZeroBitCount
    guard detector / 2 == state / 2 else { continue }
    sifted[state / 2] += 1
    if detector != state { errors[state / 2] += 1 }
  }
  let total = sifted.reduce(0, +)
  #expect(agrees(errors.reduce(0, +), of: total, with: 0.20698))
  #expect(agrees(errors[0], of: sifted[0], with: 0.31047) && agrees(errors[1], of: sifted[1], with: 0.31047))
  // Two photons of one pulse can leave a single click on each of no other axis only, so Y stays without errors.
  #expect(errors[2] == 0 && agrees(sifted[2], of: total, with: 1 / 3.0))
}

/// A bright H pulse: the joint law of all six detectors is a product.
@Test func doubleAndCrossClicks_matchIndependentDetectors() {
  var experiment = Experiment(mean: 3)
  experiment.channel.transmission = 0.5
  experiment.channel.depolarisation = 0.2
  let slots: UInt64 = 300_000
  var masks = [Int](repeating: 0, count: 64)
  var trials = 0
  for slot in 0..<slots where experiment.choice(at: slot).state == 0 { trials += 1 }
  for detection in experiment.detections(slots: slots) where experiment.choice(at: detection.slot).state == 0 {
    masks[Int(detection.detectors)] += 1
  }
  // mu eta (1 + r.n)/6 with r = (0, 0, 0.8).
  let means = [1.8, 0.2, 1, 1, 1, 1].map { 3 * 0.5 * $0 / 6 }
  for mask in 1..<64 {
    var p = 1.0
    for d in 0..<6 { p *= mask >> d & 1 == 1 ? 1 - exp(-means[d]) : exp(-means[d]) }
    #expect(agrees(masks[mask], of: trials, with: p), "mask \(mask)")
  }
}

@Test func darkness_givesDarkCountsOnly() {
  var experiment = Experiment(mean: 0)
  experiment.receiver.darkHz = [1_000, 2_000, 3_000, 4_000, 5_000, 6_000]
  experiment.channel.backgroundHz = 500
  experiment.gate.widthPs = 2_000
  let slots = 1_000_000_000
  let found = experiment.detections(slots: UInt64(slots))
  for d in 0..<6 {
    let count = found.filter { $0.detectors >> UInt8(d) & 1 == 1 }.count
    #expect(agrees(count, of: slots, with: (Double(d + 1) * 1_000 + 500) * 2e-9), "detector \(d)")
  }
  #expect(found.allSatisfy { (6...9).contains($0.phase) })
}

/// Without dead time a slot clicks with p; with dead time D a detector clicks once per 1/p + D slots.
@Test func deadTime_losesTheRenewalShare() {
  var experiment = Experiment(mean: 0)
  experiment.receiver.darkHz = [1e7, 0, 0, 0, 0, 0]
  experiment.receiver.deadSlots = 8
  let slots = 4_000_000
  let found = experiment.detections(slots: UInt64(slots))
  let p = 1 - exp(-1e7 * 10e-9)
  #expect(zip(found, found.dropFirst()).allSatisfy { $1.slot - $0.slot > 8 })
  // The variance of a renewal count is below that of a Bernoulli process of the same mean.
  #expect(agrees(found.count, of: slots, with: p / (1 + 8 * p)))
}

@Test func disabledDetectors_staySilentAndDarkLasersFireNothing() {
  var experiment = Experiment(mean: 1)
  experiment.enabled = 0b00_1111
  experiment.settings.vcsels = 0b11_1110
  let found = experiment.detections(slots: 200_000)
  #expect(!found.isEmpty && found.allSatisfy { $0.detectors & 0b11_0000 == 0 })
  #expect(found.allSatisfy { experiment.choice(at: $0.slot).state != 0 })
}

/// The skip over empty slots against a loop over every slot and every detector, with dead time and unequal detectors.
@Test func sampling_equalsSlotBySlotSimulation_inDistribution() {
  var experiment = Experiment(mean: 1.2)
  experiment.settings.decoyMean = 0.4
  experiment.settings.signalShare = 32_768
  experiment.settings.decoyShare = 16_384
  experiment.channel = ChannelState(transmission: 0.4, roll: 0.2, depolarisation: 0.1, backgroundHz: 1e5)
  experiment.receiver = Receiver(
    efficiencies: [0.9, 0.5, 0.7, 0.6, 0.8, 0.4], darkHz: [1e5, 2e5, 3e5, 1e5, 2e5, 3e5], deadSlots: 3, jitterPs: 100)
  let slots: UInt64 = 1_000_000
  let sampled = experiment.detections(slots: slots)
  let brute = bruteForce(experiment, slots: slots, seed: 99)
  // Classes: mask and the state sent; mask alone; the gap to the previous detection.
  #expect(twoSampleAgrees(sampled, brute) { Int($0.detectors) * 6 + experiment.choice(at: $0.slot).state })
  var previous: UInt64 = 0
  #expect(
    twoSampleAgrees(sampled, brute) { detection in
      defer { previous = detection.slot }
      return Int(min(detection.slot &- previous, 60))
    })
}

private func bruteForce(_ experiment: Experiment, slots: UInt64, seed: UInt64) -> [Detection] {
  var random = SeededRandom(seed: seed)
  var sensitiveFrom = [UInt64](repeating: 0, count: 6)
  let table = experiment.table
  var found: [Detection] = []
  for slot in 0..<slots {
    let choice = experiment.choice(at: slot)
    var mask: UInt8 = 0
    for d in 0..<6 {
      let p = 1 - exp(-table.mean(state: choice.state, intensity: choice.intensity, detector: d))
      guard Double.random(in: 0..<1, using: &random) < p, slot >= sensitiveFrom[d] else { continue }
      mask |= 1 << UInt8(d)
      sensitiveFrom[d] = slot + experiment.receiver.deadSlots + 1
    }
    if mask != 0 { found.append(Detection(slot: slot, detectors: mask, phase: 0)) }
  }
  return found
}

/// Chi-square of two samples over classes with at least ten members.
private func twoSampleAgrees(_ a: [Detection], _ b: [Detection], by classOf: (Detection) -> Int) -> Bool {
  var counts: [Int: (Double, Double)] = [:]
  for detection in a { counts[classOf(detection), default: (0, 0)].0 += 1 }
  for detection in b { counts[classOf(detection), default: (0, 0)].1 += 1 }
  let (n, m) = (Double(a.count), Double(b.count))
  var chiSquare = 0.0
  var freedom = -1
  for (x, y) in counts.values where x + y >= 10 {
    let difference = x * (m / n).squareRoot() - y * (n / m).squareRoot()
    chiSquare += difference * difference / (x + y)
    freedom += 1
  }
  return isPlausible(chiSquare: chiSquare, freedom: freedom) && abs(n - m) < 5 * (n + m).squareRoot()
}

@Test func sampling_doesNotDependOnWhereItIsCut() {
  var experiment = Experiment(mean: 0.3)
  experiment.receiver.deadSlots = 8
  let whole = experiment.detections(slots: 500_000)
  let cut = experiment.detections(slots: 500_000, stops: [1, 2, 1_000, 77_777, 77_778, 400_000])
  #expect(whole == cut && whole.count > 1_000)
}

@Test func gate_capturesTheGaussianPart() {
  let centred = GateWindow(widthPs: 1_000, centrePs: 5_000, offsetPs: 0, spreadPs: 250)
  let shifted = GateWindow(widthPs: 1_000, centrePs: 5_000, offsetPs: 500, spreadPs: 250)
  let closed = GateWindow(widthPs: 0, centrePs: 5_000, offsetPs: 0, spreadPs: 250)
  // Normal probabilities of two sigma and of zero to four sigma.
  #expect(abs(centred.captured - 0.954_499_736) < 1e-9)
  #expect(abs(shifted.captured - 0.499_968_329) < 1e-9)
  #expect(closed.captured == 0)
}

@Test func phase_followsTheArrivalOfTheLight() {
  var experiment = Experiment(mean: 0.5)
  experiment.gate = GateWindow(widthPs: 4_000, centrePs: 7_000, offsetPs: 900, spreadPs: 300)
  let found = experiment.detections(slots: 500_000)
  let mean = found.reduce(0.0) { $0 + Double($1.phase) + 0.5 } / Double(found.count)
  // 7.9 ns in units of 0.625 ns; the cut at 9 ns moves the mean by less than 0.02.
  #expect(abs(mean - 12.64) < 0.05, "mean phase \(mean)")
}

/// Each sixteenth gets its part of the Gaussian within the gate, or of the gate for darks.
@Test(arguments: [0.5, 0]) func phase_histogram_matchesTheClosedForm(mean: Double) {
  var experiment = Experiment(mean: mean)
  experiment.gate = GateWindow(widthPs: 3_000, centrePs: 6_100, offsetPs: 700, spreadPs: 500)
  if mean == 0 { experiment.receiver.darkHz = [Double](repeating: 1e6, count: 6) }
  let found = experiment.detections(slots: 1_000_000)
  let (open, close, pulse) = (4_600.0, 7_600.0, 6_800.0)
  func below(_ time: Double) -> Double {
    let inside = max(open, min(close, time))
    return mean == 0 ? inside / 3_000 : erf((inside - pulse) / 500 / 2.0.squareRoot()) / 2
  }
  for sixteenth in 0..<16 {
    let part = below(Double(sixteenth + 1) * 625) - below(Double(sixteenth) * 625)
    let count = found.filter { Int($0.phase) == sixteenth }.count
    let share = part / (below(close) - below(open))
    #expect(agrees(count, of: found.count, with: share), "sixteenth \(sixteenth): \(count) of \(found.count)")
  }
}
