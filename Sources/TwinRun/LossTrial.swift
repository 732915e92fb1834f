package import Alignment
package import Controller
import Foundation
import LinkControl
package import Optics
import Twin
package import Units

/// A link with an element that loses one polarisation more, and what the modules make of it.
package struct LossTrialPlan: Sendable {
  package var scenario: Scenario
  package var light: LinkConfiguration
  package var seed: UInt64
  package var decibels = 3.0
  /// The module that the element belongs to.
  package var end = Role.bob
  /// The linear polarisation that is passed best, degrees from the horizontal.
  package var bestDegrees = 0.0
  /// The module whose plates undo it.
  package var correctedAt = Role.bob
  /// Frames of each session.
  package var frames: UInt32 = 600
  /// Sessions without and with the correction beside the one that measures.
  package var hasKeySessions = true

  package init(scenario: Scenario, light: LinkConfiguration, seed: UInt64) {
    self.scenario = scenario
    self.light = light
    self.seed = seed
  }

  /// The vector of the element.
  package var vector: BlochVector {
    let tau = pow(10, -decibels / 10)
    let turn = 2 * bestDegrees * .pi / 180
    return (1 - tau) / (1 + tau) * BlochVector(sin(turn), 0, cos(turn))
  }
}

/// Key of one session and what the optics model expects of its settings.
package struct LossStage: Sendable {
  /// Of confirmed blocks; nil without a session.
  package var ranQber: Double?
  package var ranSecretBits: UInt64?
  package var expectedQber: Double
  package var expectedSecretBits: UInt64
}

package struct LossTrial: Sendable {
  /// Nil if the measurement found too little light.
  package let finding: LossFinding?
  /// What was set at the module that corrects.
  package let settings: LossSettings
  package let before: LossStage
  package let after: LossStage
  /// The same link with so much common loss in place of the element, as a correction without fault would leave it.
  package let theory: LossStage
  /// Seconds of light that the measurement took.
  package let seconds: Double
  /// Sessions in which Bob measured before the one that counts.
  package let measuringSessions: Int

  package init(_ plan: LossTrialPlan) {
    var link = LinkRun(Self.runPlan(plan))
    link.rest(ticks: 1500)
    var before = Self.expected(link, plan)
    if plan.hasKeySessions { link.runSession(into: &before) }
    link.startLight()
    let started = link.tick
    _ = link.bob.measureLoss(corrects: plan.correctedAt == .bob)
    while link.bob.isMeasuringLoss, link.tick < started + 60_000 { link.step() }
    seconds = Double(link.tick - started) / 1000
    link.endSession()
    finding = link.bob.lossFinding
    if plan.correctedAt == .alice, let found = finding?.settings { link.alice.correctLoss(by: found) }
    link.rest(ticks: 300)
    var after = Self.expected(link, plan)
    var extra = 0
    // What white noise of the analyser hid is found by the watch. Once it has nothing to do, a session without its
    // hidden seconds counts, as the plain loss has none.
    while plan.hasKeySessions, link.runSession(into: &after), extra < 3 { extra += 1 }
    if plan.hasKeySessions {
      after = Self.expected(link, plan)
      link.bob.watchLoss(false)
      link.runSession(into: &after)
    }
    measuringSessions = 1 + extra
    self.before = before
    self.after = after
    settings = plan.correctedAt == .bob ? link.bob.settings.loss : link.alice.settings.loss
    var theory = Self.stage(Self.theoretical(plan), plan)
    if plan.hasKeySessions {
      var plain = Self.runPlan(plan)
      plain.scenario = Self.plainScenario(plan)
      var reference = LinkRun(plain)
      reference.rest(ticks: 1500)
      reference.runSession(into: &theory)
    }
    self.theory = theory
  }

  private static func runPlan(_ plan: LossTrialPlan) -> RunPlan {
    var light = plan.light
    light.exchangeFrames = plan.frames
    // What the operator expects of the link is what it gives once the loss is corrected.
    let expected = theoretical(plan)
    light.plannedSifted = UInt32(max(1000, expected.siftedPerSlot * slots(plan)))
    light.plannedQber = PartsPerMillion(UInt32(min(0.45, expected.qber) * 1e6))
    var scenario = plan.scenario
    if plan.end == .alice { scenario.aliceDiattenuation = plan.vector } else { scenario.bobDiattenuation = plan.vector }
    return RunPlan(
      scenario: scenario, seconds: 3 * Double(plan.frames) * Double(TimeBase.frameNs) * 1e-9, seed: plan.seed,
      alice: light, bob: light)
  }

  private static func expected(_ link: borrowing LinkRun, _ plan: LossTrialPlan) -> LossStage {
    stage(
      ExpectedLink(
        link.simulation.channel, receiver: plan.scenario.receiver, light: plan.light, keeping: link.bob.settings.loss),
      plan)
  }

  private static func plainScenario(_ plan: LossTrialPlan) -> Scenario {
    var scenario = plan.scenario
    scenario.peakTransmission *= pow(10, -plan.decibels / 10)
    return scenario
  }

  private static func theoretical(_ plan: LossTrialPlan) -> ExpectedLink {
    var process = ChannelProcess(plainScenario(plan), seed: 0)
    return ExpectedLink(process.next(), receiver: plan.scenario.receiver, light: plan.light)
  }

  private static func stage(_ link: ExpectedLink, _ plan: LossTrialPlan) -> LossStage {
    LossStage(expectedQber: link.qber, expectedSecretBits: link.secretBits(slots: slots(plan)))
  }

  private static func slots(_ plan: LossTrialPlan) -> Double { Double(plan.frames) * Double(TimeBase.slotsPerFrame) }
}

extension LinkRun {
  fileprivate mutating func rest(ticks: Int) { for _ in 0..<ticks { step() } }

  fileprivate mutating func startLight() {
    alice.start()
    for _ in 0..<2000 where !(simulation.alice.isOpen && simulation.bob.isOpen) { step() }
    // The gateware is seen open in the tick behind.
    rest(ticks: 2)
  }

  /// Lets the exchange end by itself and its blocks be distilled; whether Bob measured in it.
  @discardableResult
  fileprivate mutating func endSession() -> Bool {
    var hasMeasured = false
    for _ in 0..<60_000 where !(alice.state == .idle && bob.state == .idle) {
      step()
      hasMeasured = hasMeasured || bob.isMeasuringLoss
    }
    rest(ticks: 200)
    return hasMeasured
  }

  @discardableResult
  fileprivate mutating func runSession(into stage: inout LossStage) -> Bool {
    let past = bob.totals
    startLight()
    let hasMeasured = endSession()
    let bits = bob.totals.confirmedBits - past.confirmedBits
    stage.ranQber = bits > 0 ? Double(bob.totals.confirmedErrors - past.confirmedErrors) / Double(bits) : nil
    stage.ranSecretBits = bob.totals.finalBits - past.finalBits
    return hasMeasured
  }
}
