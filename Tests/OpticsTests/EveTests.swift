import Foundation
import HostStorage
import Optics
import Testing
import Units

extension Experiment {
  func eveTable(_ attack: EveAttack) -> EveClickTable {
    EveClickTable(Eavesdropper(attack, seed: 5), channel: channel, settings: settings, receiver: receiver, gate: gate)
  }

  /// The detections of the slots 0 ..< `slots` when Eve acts.
  func detections(slots: UInt64, _ attack: EveAttack, stops: [UInt64] = []) -> [Detection] {
    var sampler = DetectionSampler(choices: choices, deadSlots: receiver.deadSlots)
    sampler.restart(at: 0, seed: seed &+ 77)
    let table = eveTable(attack)
    var found: [Detection] = []
    for end in stops + [slots] {
      while let next = sampler.next(
        before: end, table: table, settings: settings, enabled: enabled)
      {
        found.append(next)
      }
    }
    return found
  }
}

private let source = EveSource(seed: 5)

/// A channel with everything in it, three intensities and unequal detectors.
private var rough: Experiment {
  var experiment = Experiment(mean: 0.9)
  experiment.settings.decoyMean = 0.3
  experiment.settings.vacuumMean = 0.01
  experiment.settings.signalShare = 32_768
  experiment.settings.decoyShare = 16_384
  experiment.channel = ChannelState(transmission: 0.4, roll: 0.2, depolarisation: 0.1, backgroundHz: 1e5)
  experiment.receiver = Receiver(
    efficiencies: [0.9, 0.5, 0.7, 0.6, 0.8, 0.4], darkHz: [1e5, 2e5, 3e5, 1e5, 2e5, 3e5], deadSlots: 3, jitterPs: 100)
  return experiment
}

/// The first word of Eve's draw of a slot whose pulse of this mean has so many photons.
private func photons(_ number: Int, mean: Double) -> Double {
  var share = exp(-mean)
  var below = 0.0
  for k in 0..<number {
    below += share
    share *= mean / Double(k + 1)
  }
  return below + share / 2
}

/// The law of independent detectors, from the table of light without Eve.
private func product(_ table: ClickTable, _ mask: UInt8, state: Int, _ intensity: Intensity) -> Double {
  (0..<6).reduce(1.0) { p, d in
    let mean = table.mean(state: state, intensity: intensity, detector: d)
    return p * (mask >> UInt8(d) & 1 == 1 ? 1 - exp(-mean) : exp(-mean))
  }
}

private func poisson(_ number: Int, mean: Double) -> Double {
  exp(-mean) * (0..<number).reduce(1.0) { $0 * mean / Double($1 + 1) }
}

// MARK: Her randomness

@Test func draws_areAPureFunctionOfTheSlot_andUniform() {
  let again = EveSource(seed: 5)
  var axes: [Axis: Int] = [:]
  var acted = 0
  var numbers = [Int](repeating: 0, count: 5)
  let slots = 300_000
  for slot in 0..<UInt64(slots) {
    let draw = source.draw(slot: slot)
    guard draw == again.draw(slot: slot) else { Issue.record("slot \(slot)"); return }
    axes[draw.axis, default: 0] += 1
    if draw.action < 0.2 { acted += 1 }
    numbers[min(4, draw.photonNumber(mean: 0.5))] += 1
  }
  #expect(axes.values.allSatisfy { agrees($0, of: slots, with: 1 / 3.0) } && axes.count == 3)
  #expect(agrees(acted, of: slots, with: 0.2))
  for number in 0..<4 { #expect(agrees(numbers[number], of: slots, with: poisson(number, mean: 0.5))) }
  #expect(EveSource(seed: 6).draw(slot: 0) != source.draw(slot: 0))
}

@Test func photonNumber_isTheInverseOfThePoissonDistribution() {
  for mean in [0.0002, 0.15, 0.5, 1.04] {
    // Two photons of a vacuum pulse have 2e-8, three would be near the grid of the draw.
    for number in 0..<(mean < 0.01 ? 3 : 6) {
      let draw = EveDraw(photons: photons(number, mean: mean), action: 0, axis: .x)
      #expect(draw.photonNumber(mean: mean) == number)
    }
  }
  #expect(EveDraw(photons: 0, action: 0, axis: .x).photonNumber(mean: 0) == 0)
  #expect(EveDraw(photons: 1 - 0x1p-53, action: 0, axis: .x).photonNumber(mean: 1) <= EveDraw.photonsMax)
}

// MARK: Her tables

/// Empty and other pulses together are the pulse of independent detectors; so are those that Eve did not disturb.
@Test func interceptRows_averagedOverThePhotons_areCoherentLight() {
  let experiment = rough
  let table = experiment.eveTable(.intercept(share: 0.5))
  for slot in 0..<UInt64(60) {
    let choice = experiment.choice(at: slot)
    let mean = experiment.settings.mean(of: choice.intensity)
    for mask in UInt8(0)..<64 {
      let expected = product(experiment.table, mask, state: choice.state, choice.intensity)
      for (action, axis) in [(0.9, Axis.x), (0.9, .y), (0.1, choice.physicalAxis)] {
        let empty = EveDraw(photons: 0, action: action, axis: axis)
        let some = EveDraw(photons: photons(1, mean: mean), action: action, axis: axis)
        let found =
          exp(-mean) * table.probability(of: mask, choice, empty)
          + (1 - exp(-mean)) * table.probability(of: mask, choice, some)
        #expect(abs(found - expected) < 1e-12)
      }
    }
  }
}

/// Poisson numbers of forwarded photons are coherent light without loss.
@Test func splitRows_averagedOverThePhotons_areCoherentLight() {
  var experiment = rough
  let table = experiment.eveTable(.split)
  experiment.channel.transmission = 1
  let lossless = experiment.table
  let mean = experiment.settings.signalMean
  for slot in 0..<UInt64(60) where experiment.choice(at: slot).intensity == .signal {
    let choice = experiment.choice(at: slot)
    for mask in UInt8(0)..<64 {
      // One photon of n stays with Eve, and a pulse of one photon with it.
      var found = 0.0
      for forwarded in 0..<14 {
        let number = forwarded == 0 ? 0 : forwarded + 1
        let draw = EveDraw(photons: photons(number, mean: mean), action: 0, axis: .x)
        found += poisson(forwarded, mean: mean) * table.probability(of: mask, choice, draw)
      }
      #expect(abs(found - product(lossless, mask, state: choice.state, .signal)) < 1e-12)
    }
  }
}

// MARK: Her sampling

/// The sampler against a loop over slots, photons and detectors that knows no table.
@Test(arguments: [EveAttack.intercept(share: 0.4), .split]) func sampling_withEve_equalsPhotonByPhoton(
  attack: EveAttack
) {
  let experiment = rough
  let slots: UInt64 = 600_000
  let sampled = experiment.detections(slots: slots, attack)
  let brute = photonByPhoton(experiment, attack, slots: slots)
  let eve = Eavesdropper(experiment, attack)
  var classes: [Int: (Double, Double)] = [:]
  for (list, isSampled) in [(sampled, true), (brute, false)] {
    for detection in list {
      let choice = experiment.choice(at: detection.slot)
      let known = eve.knows(slot: detection.slot, choice) ? 1 : 0
      let number = (Int(detection.detectors) * 6 + choice.state) * 2 + known
      if isSampled { classes[number, default: (0, 0)].0 += 1 } else { classes[number, default: (0, 0)].1 += 1 }
    }
  }
  let (n, m) = (Double(sampled.count), Double(brute.count))
  var chiSquare = 0.0
  var freedom = -1
  for (x, y) in classes.values where x + y >= 10 {
    let difference = x * (m / n).squareRoot() - y * (n / m).squareRoot()
    chiSquare += difference * difference / (x + y)
    freedom += 1
  }
  #expect(isPlausible(chiSquare: chiSquare, freedom: freedom), "\(chiSquare) for \(freedom)")
  #expect(n > 50_000 && abs(n - m) < 5 * (n + m).squareRoot(), "\(n) and \(m)")
}

extension Eavesdropper {
  /// Eve as she watched a whole experiment.
  fileprivate init(_ experiment: Experiment, _ attack: EveAttack) {
    self.init(attack, seed: 5)
    let passes = experiment.eveTable(attack).passes
    note(from: 0, settings: experiment.settings, passes: passes)
  }
}

private func photonByPhoton(_ experiment: Experiment, _ attack: EveAttack, slots: UInt64) -> [Detection] {
  var random = SeededRandom(seed: 42)
  var sensitiveFrom = [UInt64](repeating: 0, count: 6)
  let passes = experiment.eveTable(attack).passes
  var found: [Detection] = []
  func happens(_ p: Double) -> Bool { Double.random(in: 0..<1, using: &random) < p }
  for slot in 0..<slots {
    let choice = experiment.choice(at: slot)
    let draw = source.draw(slot: slot)
    let number = draw.photonNumber(mean: experiment.settings.mean(of: choice.intensity))
    var states = [BlochVector](repeating: Analyser.direction(ofDetector: choice.state), count: number)
    var transmission = experiment.channel.transmission
    switch attack {
    case .intercept(let share):
      guard draw.action < share else { break }
      let axis = draw.axis.unitVector
      states = states.map { happens((1 + ($0 * axis).sum()) / 2) ? axis : -1 * axis }
    case .split:
      transmission = 1
      if number == 1, draw.action >= passes.single { states = [] }
      if number > 1 { states = draw.action < passes.multiple ? Array(states.dropLast()) : [] }
    case .axisLoss: break
    }
    var mask: UInt8 = 0
    for state in states where happens(transmission * experiment.gate.captured) {
      let pair = Int.random(in: 0..<3, using: &random) * 2
      let along = (experiment.channel.received(state).stokes * Analyser.direction(ofDetector: pair)).sum()
      let detector = happens((1 + along) / 2) ? pair : pair + 1
      if happens(experiment.receiver.efficiencies[detector]) { mask |= 1 << UInt8(detector) }
    }
    for d in 0..<6 {
      let noise = (experiment.receiver.darkHz[d] + experiment.channel.backgroundHz) * 10e-9
      if happens(1 - exp(-noise)) { mask |= 1 << UInt8(d) }
    }
    for d in 0..<6 where mask >> UInt8(d) & 1 == 1 {
      if slot < sensitiveFrom[d] { mask &= ~(1 << UInt8(d)) } else { sensitiveFrom[d] = slot + 4 }
    }
    if mask != 0 { found.append(Detection(slot: slot, detectors: mask, phase: 0)) }
  }
  return found
}

@Test(arguments: [EveAttack.intercept(share: 0.4), .split]) func sampling_withEve_doesNotDependOnWhereItIsCut(
  attack: EveAttack
) {
  let experiment = rough
  let whole = experiment.detections(slots: 200_000, attack)
  let cut = experiment.detections(slots: 200_000, attack, stops: [1, 2, 1_000, 77_777, 77_778])
  #expect(whole == cut && whole.count > 1_000)
}

// MARK: What she does to Bob and what she knows

/// Single clicks on Alice's axis: errors and Eve's knowledge per physical axis.
private func sift(
  _ experiment: Experiment, _ attack: EveAttack, slots: UInt64
) -> (sifted: [Int], errors: [Int], known: Int, knownErrors: Int) {
  let eve = Eavesdropper(experiment, attack)
  var result = (sifted: [0, 0, 0], errors: [0, 0, 0], known: 0, knownErrors: 0)
  for detection in experiment.detections(slots: slots, attack)
  where detection.detectors.nonzeroBitCount == 1 {
    let choice = experiment.choice(at: detection.slot)
    let detector = detection.detectors.trailingZeroBitCount
    guard detector / 2 == choice.state / 2 else { continue }
    let isError = detector != choice.state
    result.sifted[detector / 2] += 1
    if isError { result.errors[detector / 2] += 1 }
    guard eve.knows(slot: detection.slot, choice) else { continue }
    result.known += 1
    if isError { result.knownErrors += 1 }
  }
  return result
}

/// Six-state intercept-resend: a third of the intercepted rounds is wrong, on every axis; a third is known.
@Test(arguments: [1.0, 0.3]) func interceptResend_makesAThirdWrong_andKnowsAThird(share: Double) {
  var experiment = Experiment(mean: 0.5)
  experiment.channel.transmission = 0.1
  let found = sift(experiment, .intercept(share: share), slots: 6_000_000)
  let total = found.sifted.reduce(0, +)
  for axis in 0..<3 { #expect(agrees(found.errors[axis], of: found.sifted[axis], with: share / 3)) }
  #expect(total > 50_000 && agrees(found.known, of: total, with: share / 3))
  // Without noise the bits that she knows are Bob's as well.
  #expect(found.knownErrors == 0)
}

/// Splitting at 20 dB: Bob's signal rate is as it was, no single photon passes, and nearly all bits are known.
@Test func split_keepsTheSignalRate_andKnowsEverything() {
  var experiment = Experiment(mean: 0.5)
  experiment.channel.transmission = 0.02
  experiment.receiver.darkHz = [Double](repeating: 250, count: 6)
  let passes = experiment.eveTable(.split).passes
  let slots: UInt64 = 6_000_000
  let honest = (0..<6).reduce(0.0) { $0 + experiment.table.click(state: $1, intensity: .signal) / 6 }
  let clicks = experiment.detections(slots: slots, .split).count
  #expect(agrees(clicks, of: Int(slots), with: honest), "\(clicks)")
  #expect(passes.single == 0 && passes.multiple > 0 && passes.multiple < 1)
  let found = sift(experiment, .split, slots: slots)
  let total = found.sifted.reduce(0, +)
  #expect(found.errors.reduce(0, +) < total / 100 && found.known > total * 99 / 100)
}

/// With less loss she must let single photons pass; with hardly any she cannot replace the one that she keeps.
@Test func split_atLowLoss_passesSinglePhotons() {
  var experiment = Experiment(mean: 0.5)
  experiment.receiver.efficiencies = [Double](repeating: 0.5, count: 6)
  experiment.channel.transmission = 0.5
  let some = experiment.eveTable(.split).passes
  let honest = (0..<6).reduce(0.0) { $0 + experiment.table.click(state: $1, intensity: .signal) / 6 }
  let clicks = experiment.detections(slots: 400_000, .split).count
  #expect(some.multiple == 1 && some.single > 0.1 && some.single < 1)
  #expect(agrees(clicks, of: 400_000, with: honest), "\(clicks)")
  experiment.channel.transmission = 1
  let all = experiment.eveTable(.split).passes
  #expect(all == SplitShares(single: 1, multiple: 1))
}

/// Three decibels on one axis take half of its clicks and no other; noise stays.
@Test func axisLoss_attenuatesOneAxisOnly() {
  let receiver = Receiver.silicon
  let attacked = EveAttack.axisLoss(decibels: 3.0103).receiver(receiver)
  let ratios = zip(attacked.efficiencies, receiver.efficiencies).map { $0 / $1 }
  #expect(ratios[0..<4].allSatisfy { $0 == 1 } && ratios[4...].allSatisfy { abs($0 - 0.5) < 1e-6 })
  #expect(attacked.darkHz == receiver.darkHz)
  #expect(EveAttack.split.receiver(receiver) == receiver)
}

/// Nothing is known before the first note, and every note holds until the next.
@Test func record_knowsWhichRulesHeld() {
  let experiment = Experiment(mean: 0.5)
  var eve = Eavesdropper(.split, seed: 5)
  eve.note(from: 1_000, settings: experiment.settings, passes: SplitShares(single: 0, multiple: 1))
  eve.note(from: 2_000, settings: experiment.settings, passes: SplitShares(single: 1, multiple: 1))
  var known = [0, 0, 0]
  var expected = [0, 0, 0]
  for slot in UInt64(0)..<3_000 {
    let number = source.draw(slot: slot).photonNumber(mean: 0.5)
    let stretch = Int(slot / 1_000)
    if stretch == 1 && number > 0 || stretch == 2 && number > 1 { expected[stretch] += 1 }
    if eve.knows(slot: slot, experiment.choice(at: slot)) { known[stretch] += 1 }
  }
  #expect(known == expected && known[1] > known[2] && known[2] > 0)
}
