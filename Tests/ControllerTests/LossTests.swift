import Alignment
import Foundation
import HostStorage
import LinkControl
import Optics
import RegisterMap
import Sifting
import Testing
import Twin
import TwinRun
import Units

@testable import Controller

/// A bright link that stands still, with detectors that are alike.
func brightPlan(
  _ decibels: Double, at end: Role = .bob, seed: UInt64 = 1, frames: UInt32 = 300
) -> LossTrialPlan {
  var scenario = Scenario.lab
  scenario.peakTransmission = 0.1
  scenario.depolarisation = 0.01
  var plan = LossTrialPlan(scenario: scenario, light: LinkConfiguration(), seed: seed)
  plan.decibels = decibels
  plan.end = end
  plan.frames = frames
  plan.hasKeySessions = false
  return plan
}

/// A link with the trial's element, rested so that darks are known.
func rested(_ trial: LossTrialPlan, _ adjust: (inout RunPlan) -> Void = { _ in }) -> LinkRun {
  var run = plan(frames: trial.frames, seed: trial.seed) { $0.blockBits = 1 << 16 }
  run.scenario = trial.scenario
  if trial.end == .alice {
    run.scenario.aliceDiattenuation = trial.vector
  } else {
    run.scenario.bobDiattenuation = trial.vector
  }
  adjust(&run)
  var link = LinkRun(run)
  link.run(ticksMax: 1600)
  return link
}

extension LinkRun {
  mutating func light() {
    alice.start()
    run(ticksMax: 2000) { $0.simulation.alice.isOpen && $0.simulation.bob.isOpen }
    run(ticksMax: 5)
  }

  fileprivate mutating func measure() {
    run(ticksMax: 30_000) { !$0.bob.isMeasuringLoss }
  }

  fileprivate var platesOfBob: [Double] { simulation.plates(of: .bob).angles }
}

/// 0 to 6 dB at either end, seeds and directions: the vector within its bars; with what was set, less than 0.05 % of
/// errors that a link of the same plain loss has not, and its key within 3 %. Expected counts are those of the optics
/// model under the twin's plates as the converter drives them, so that no chance is in the comparison.
@Suite struct LossOnTheLinkTests {
  @Test(arguments: [0, 0.5, 1, 2, 3, 4.5, 6], [Role.alice, .bob])
  func run_findsAndCorrects(decibels: Double, end: Role) throws {
    for seed in 1...UInt64(2) {
      var plan = brightPlan(decibels, at: end, seed: seed)
      plan.bestDegrees = Double(seed * 37) + 10 * decibels
      let trial = LossTrial(plan)
      let finding = try #require(trial.finding)
      // White noise of the analyser shortens what is seen.
      let truth = (1 - plan.scenario.depolarisation) * plan.vector
      let (seen, bars) = (finding.seen.vector, finding.seen.variances)
      for (component, true_, variance) in [
        (seen.x, truth.x, bars.x), (seen.y, truth.y, bars.y), (seen.z, truth.z, bars.z),
      ] {
        #expect(abs(component - true_) < 4.5 * variance.squareRoot(), "\(component) \(true_)")
      }
      let added = trial.after.expectedQber - trial.theory.expectedQber
      #expect(added < 5e-4, "\(decibels) dB: \(added)")
      let key = Double(trial.after.expectedSecretBits) / Double(trial.theory.expectedSecretBits)
      #expect(key > 0.97 && key < 1.03, "\(decibels) dB: \(key)")
      if decibels >= 1 {
        #expect(trial.before.expectedQber > trial.theory.expectedQber + 1e-3)
        #expect(finding.seen.isSignificant)
      }
      if decibels >= 4.5 { #expect(2 * trial.before.expectedSecretBits < trial.theory.expectedSecretBits) }
      if decibels == 0 { #expect(trial.settings.isNeutral && trial.seconds < 20) }
    }
  }

  /// The plates of the end where the element is do as well, from what Bob measured.
  @Test(arguments: [1.0, 6]) func elementOfAlice_isUndoneByHerPlates(decibels: Double) {
    var plan = brightPlan(decibels, at: .alice)
    plan.correctedAt = .alice
    plan.bestDegrees = 75
    let trial = LossTrial(plan)
    #expect(trial.after.expectedQber - trial.theory.expectedQber < 5e-4)
    #expect(trial.settings.tiltCentidegrees > 1000 && trial.settings.keepPpm[0] == 1_000_000)
  }

  /// Real sessions: the key that was lost is back, beside a session of the plain loss with other chances.
  @Test func sessions_haveTheKeyOfThePlainLoss() throws {
    var plan = brightPlan(4.5, frames: 500)
    plan.hasKeySessions = true
    let trial = LossTrial(plan)
    let (before, after) = (try #require(trial.before.ranSecretBits), try #require(trial.after.ranSecretBits))
    let (qber, plain) = (try #require(trial.after.ranQber), try #require(trial.theory.ranSecretBits))
    #expect(abs(qber - trial.theory.expectedQber) < 5e-4, "\(qber)")
    #expect(abs(Double(after) / Double(plain) - 1) < 0.03, "\(after) \(plain)")
    #expect(2 * before < after, "\(before) \(after)")
  }

  /// Detectors that differ are not taken for loss, and are made alike in software, whatever the loss is.
  @Test(arguments: [0.0, 3], 1...UInt64(3))
  func detectorsThatDiffer_areMadeAlike(decibels: Double, seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var plan = brightPlan(decibels, seed: seed)
    let efficiencies = (0..<6).map { _ in Double.random(in: 0.4...0.5, using: &random) }
    plan.scenario.receiver.efficiencies = efficiencies
    let trial = LossTrial(plan)
    let keep = trial.settings.keepPpm
    let kept = (0..<6).map { efficiencies[$0] * Double(keep[$0]) }
    #expect(kept.max()! / kept.min()! < 1.02, "\(kept)")
    #expect((trial.settings.tiltCentidegrees > 0) == (decibels > 0))
    let contrast = try #require(trial.finding).seen.mismatch.z
    #expect(abs(contrast - (efficiencies[0] - efficiencies[1]) / (efficiencies[0] + efficiencies[1])) < 0.01)
    #expect(trial.after.expectedQber - trial.theory.expectedQber < 5e-4)
  }

  /// Bits that were sifted while the plates were away never reach a block: keys are equal, and errors as without.
  @Test func sessionThatMeasures_goesOn() {
    var link = rested(brightPlan(0, frames: 500))
    link.light()
    link.run(ticksMax: 300)
    let begun = link.bob.measureLoss(corrects: true)
    var turned = false
    while link.bob.isMeasuringLoss {
      link.step()
      turned = turned || link.platesOfBob.contains { $0 != 0 }
    }
    let isBack = link.platesOfBob == [0, 0, 0]
    _ = link.runUntilIdle()
    let (totals, masked, keys) = (link.bob.totals, link.bob.eventsMasked, link.deliverKeys())
    #expect(begun && turned && isBack && masked > 1000)
    #expect(totals.qberPpm < 8_000 && totals.blocksOk > 2 && totals.blocksAborted <= 1, "\(totals.qberPpm)")
    #expect(keys[0] == keys[1] && !keys[0].isEmpty)
  }

  /// Key with keep-probabilities in force is equal at both ends.
  @Test func thinnedSession_makesEqualKeys() {
    var link = rested(brightPlan(0, frames: 150)) { run in
      run.scenario.receiver.efficiencies[0] = 0.4
      var loss = LossSettings()
      for i in 1..<6 { loss.keepPpm[i] = 800_000 }
      run.bobSettings.loss = loss
    }
    link.light()
    _ = link.runUntilIdle()
    let keys = link.deliverKeys()
    #expect(keys[0] == keys[1] && !keys[0].isEmpty && link.bob.totals.blocksAborted <= 1)
  }
}

@Suite struct LossConsoleTests {
  @Test func pdl_runShowUndo() {
    var link = rested(brightPlan(3))
    let dark = answer("pdl run", of: &link.bob)
    link.light()
    let before = answer("pdl", of: &link.bob)
    let begun = answer("pdl run", of: &link.bob)
    let twice = answer("pdl run", of: &link.bob)
    link.run(ticksMax: 100)
    let during = answer("pdl show", of: &link.bob)
    let aligned = answer("align run", of: &link.bob)
    link.measure()
    let waiting = answer("pdl", of: &link.bob)
    let tiltInSession = link.simulation.channel.bobTilt
    _ = link.runUntilIdle()
    link.run(ticksMax: 10)
    let after = answer("pdl", of: &link.bob)
    let (tilt, setting) = (link.simulation.channel.bobTilt, link.bob.settings[.tiltCdeg])
    let undone = answer("pdl undo", of: &link.bob)
    link.run(ticksMax: 10)
    let (tiltUndone, restored) = (link.simulation.channel.bobTilt, link.bob.settings)
    #expect(dark.hasPrefix("error: pdl: needs light") && before.contains("found    not measured"))
    #expect(begun.hasPrefix("measuring: ") && twice.hasPrefix("error: pdl: a measurement"))
    #expect(during.contains("measuring, round 1") && aligned.hasPrefix("error: align: loss is being measured"))
    #expect(waiting.contains("in force nothing  another setting waits") && tiltInSession == nil)
    #expect(after.contains("loss     2.9") || after.contains("loss     3.0"), "\(after)")
    #expect(after.contains("in force tilt 4") && after.contains("watch    on"), "\(after)")
    #expect(after.contains("costs 1.7") && after.contains("dB of light"), "\(after)")
    #expect(tilt != nil && setting > 4000)
    #expect(undone == "undone\r\n" && tiltUndone == nil && restored == ModuleSettings())
    let last = answer("pdl", of: &link.bob)
    #expect(last.contains("in force nothing") && last.contains("watch    off") && last.contains("not measured"))
  }

  /// What is measured without a wish to correct is told and not done.
  @Test func pdl_measure_changesNothing() {
    var link = rested(brightPlan(3))
    link.light()
    _ = answer("pdl measure", of: &link.bob)
    link.measure()
    _ = link.runUntilIdle()
    link.run(ticksMax: 10)
    let told = answer("pdl", of: &link.bob)
    #expect(told.contains("would    tilt 4") && told.contains("in force nothing") && told.contains("watch    off"))
    #expect(link.bob.settings == ModuleSettings() && link.simulation.channel.bobTilt == nil)
  }

  @Test func pdl_ofAlice_hasPlatesAndNoCounters() {
    var link = rested(brightPlan(0))
    let refused = answer("pdl run", of: &link.alice)
    _ = answer("set tilt_cdeg 4500", of: &link.alice)
    _ = answer("set tilt_axis_cdeg 9000", of: &link.alice)
    let applied = answer("apply", of: &link.alice)
    link.run(ticksMax: 10)
    let (tilt, told) = (link.simulation.channel.aliceTilt, answer("pdl", of: &link.alice))
    _ = answer("pdl undo", of: &link.alice)
    link.run(ticksMax: 10)
    #expect(refused.hasPrefix("error: pdl: alice has no detectors") && applied == "applied\r\n")
    #expect(told.contains("in force tilt 45.00 deg about 90.00"))
    // Tilted about the vertical: p is horizontal. Four plates of 0.647 dB.
    #expect((tilt?.vector.z ?? 0) > 0.28 && abs(tilt?.vector.x ?? 1) < 0.001)
    #expect(link.simulation.channel.aliceTilt == nil)
  }

  /// Settings outlive the program with the saved configuration: the plates stand before the first session.
  @Test func savedLoss_isInForceFromTheStart() {
    let link = rested(brightPlan(3)) { run in
      var loss = LossSettings()
      loss.tiltCentidegrees = 5000
      run.bobSettings.loss = loss
    }
    #expect((link.simulation.channel.bobTilt?.vector.z ?? 0) < -0.3)
  }

  /// A session without a rest before it knows no darks.
  @Test func pdl_withoutDarks_isRefused() {
    var link = LinkRun(plan(frames: 100))
    _ = link.startExchange()
    link.run(ticksMax: 5)
    let refused = answer("pdl run", of: &link.bob)
    #expect(refused.hasPrefix("error: pdl: darks are not known"))
  }

  @Test func pdl_inPerBlock_isRefused() {
    var link = rested(brightPlan(0)) { run in
      run.alice.variant = .perBlock
      run.bob.variant = .perBlock
    }
    link.light()
    let refused = answer("pdl run", of: &link.bob)
    #expect(refused.hasPrefix("error: pdl: the plates of perBlock"))
  }

  /// A session that ends first, however it does: nothing is set, the plates go back, and no session begins before.
  @Test(arguments: [0, 1]) func sessionThatEndsFirst_leavesPlatesAtRest(ending: Int) {
    var link = rested(brightPlan(3, frames: ending == 0 ? 60 : 300))
    link.light()
    _ = answer("pdl run", of: &link.bob)
    link.run(ticksMax: 2000) { $0.platesOfBob.contains { $0 != 0 } }
    if ending == 1 { _ = answer("abort now", of: &link.bob) }
    link.run(ticksMax: 3000) { $0.bob.state == .idle }
    link.run(ticksMax: 500)
    let told = answer("pdl", of: &link.bob)
    #expect(told.contains("found    nothing: the light ended first"), "\(told)")
    #expect(link.platesOfBob == [0, 0, 0] && !link.bob.isMeasuringLoss && link.bob.settings == ModuleSettings())
  }

  /// Plates that stay where they were turned end the session with a fault, and nothing sifted behind them is key.
  @Test func plateThatSticks_isAFault() {
    var link = rested(brightPlan(0)) { $0.bobFaults = FaultPlan([.stuckPlate(1, from: Instant(ns: 2_300_000_000))]) }
    link.light()
    _ = answer("pdl run", of: &link.bob)
    let isFaulted = link.run(ticksMax: 3000) {
      if case .faulted(let cause) = $0.bob.state { return cause.kind == .wavePlates }
      return false
    }
    #expect(isFaulted && link.bob.settings == ModuleSettings())
  }

  /// Plates that somebody moves by hand show as contrast: the module measures again in that session and corrects behind
  /// it, once.
  @Test func watch_correctsAgain() {
    var link = rested(brightPlan(3))
    link.light()
    _ = answer("pdl run", of: &link.bob)
    link.measure()
    _ = link.runUntilIdle()
    link.run(ticksMax: 10)
    let first = link.bob.settings[.tiltCdeg]
    _ = answer("set tilt_cdeg 2000", of: &link.bob)
    _ = answer("apply", of: &link.bob)
    link.light()
    let measuresAgain = link.run(ticksMax: 3000) { $0.bob.isMeasuringLoss }
    link.measure()
    _ = link.runUntilIdle()
    link.run(ticksMax: 10)
    let second = link.bob.settings[.tiltCdeg]
    #expect(first > 4000 && measuresAgain && second > 4000)
    // What is right now is left alone.
    link.light()
    let third = link.run(ticksMax: 2800) { $0.bob.isMeasuringLoss }
    #expect(!third)
  }

  /// No means and no share change with the correction: intensities are those before the element.
  @Test func correction_leavesIntensitiesAlone() {
    var link = rested(brightPlan(3, at: .alice))
    func registers(_ link: inout LinkRun) -> String {
      let names = ["MEAN_SIGNAL", "MEAN_DECOY", "MEAN_VACUUM", "SHARE_SIGNAL"]
      return names.map { answer("peek \($0)", of: &link.alice) }.joined()
    }
    let before = registers(&link)
    let hash = link.alice.configuration.hash
    link.light()
    _ = answer("pdl run", of: &link.bob)
    link.measure()
    _ = link.runUntilIdle()
    link.run(ticksMax: 10)
    let after = registers(&link)
    #expect(link.bob.settings[.tiltCdeg] > 4000 && before == after && before.contains("500000"), "\(before)")
    #expect(link.alice.configuration.hash == hash)
  }
}

@Suite struct KeepingTests {
  private func word(_ clicks: UInt32) -> UInt32 { FpgaMap.Fifo.detectors.insert(clicks, into: 0) }

  /// A single click is kept with the probability of its detector; several clicks and markers always are.
  @Test func keeping_isBySingleClicks() {
    var settings = LossSettings()
    let ppm: [UInt32] = [1_000_000, 900_000, 800_000, 500_000, 250_000, 100_000]
    for i in 0..<6 { settings.keepPpm[i] = ppm[i] }
    let keeping = Keeping(settings)
    for clicks in UInt32(0)..<64 {
      var kept = 0
      for draw in UInt32(0)..<65_536 { kept += keeping.keeps(word(clicks), draw: draw) }
      let wanted = clicks.nonzeroBitCount == 1 ? Double(ppm[clicks.trailingZeroBitCount]) / 1e6 : 1
      #expect(abs(Double(kept) / 65_536 - wanted) < 1e-5, "\(clicks)")
    }
    #expect(!keeping.isNeutral && Keeping(LossSettings()).isNeutral)
  }
}
