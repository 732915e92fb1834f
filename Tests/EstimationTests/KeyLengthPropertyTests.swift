import Estimation
import Foundation
import HostStorage
import Testing

/// A plausible link and the counts it gives on average.
private struct Link {
  let settings: DecoySettings
  let counts: DecoyCounts
  let block: Int

  init(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let signal = Double.random(in: 0.06...0.6, using: &random)
    let means = [signal, signal * .random(in: 0.1...0.3, using: &random), 2e-4]
    let vacuumShare = Double.random(in: 0.01...0.05, using: &random)
    let decoyShare = Double.random(in: 0.05...0.3, using: &random)
    let shares = [1 - decoyShare - vacuumShare, decoyShare, vacuumShare]
    let pulses = pow(10, Double.random(in: 9.5...11.5, using: &random))
    let transmission = pow(10, Double.random(in: -2 ... -0.5, using: &random))
    let qber = Double.random(in: 0.01...0.08, using: &random)
    var sifted: [3 of UInt64] = [0, 0, 0]
    var errors: [3 of UInt64] = [0, 0, 0]
    var cross: [3 of UInt64] = [0, 0, 0]
    for k in 0..<3 {
      let seen = -expm1(-means[k] * transmission)
      sifted[k] = UInt64(pulses * shares[k] * (seen + 6e-6) / 3)
      errors[k] = UInt64(pulses * shares[k] * (seen * qber + 3e-6) / 3)
      cross[k] = UInt64(pulses * shares[k] * seen * seen / 9)
    }
    settings = DecoySettings(means: [means[0], means[1], means[2]], shares: [shares[0], shares[1], shares[2]])!
    counts = DecoyCounts(sifted: sifted, errors: errors, crossClicks: cross)
    block = Int.random(in: 1...3, using: &random)
  }

  func result<Credit: SecurityCredit>(
    _ credit: Credit, _ form: Form, _ counts: DecoyCounts, leak: Double = 1
  ) -> KeyLengthResult {
    let plan = form.plan(credit, settings, block: block, planned: self.counts)
    let bits = Double(self.counts.modelledLeakBits(block: block, efficiency: 1.1)) * leak
    return plan.result(for: counts, leakBits: UInt64(bits))
  }
}

private func checkMonotone<Credit: SecurityCredit>(_ credit: Credit, _ link: Link) {
  for form in Form.allCases {
    let base = link.result(credit, form, link.counts)
    let sifted = link.counts.sifted[0] + link.counts.sifted[1] + link.counts.sifted[2]
    #expect(Double(base.length) <= base.singlePhotons && base.singlePhotons <= Double(sifted))
    #expect((base.length == 0) == (base.refusal != nil))
    #expect(link.result(credit, form, link.counts.scaled(errors: 1.1)).length <= base.length)
    #expect(link.result(credit, form, link.counts, leak: 1.05).length <= base.length)
    #expect(link.result(credit, form, link.counts.scaled(crossClicks: 1.5)).length <= base.length)
    let larger = link.counts.scaled(sifted: 1.2, errors: 1.2, crossClicks: 1.2)
    #expect(link.result(credit, form, larger, leak: 1.2).length >= base.length)
  }
}

@Test(arguments: 0..<UInt64(60))
func length_movesTheRightWayWithEveryInput(seed: UInt64) {
  let link = Link(seed: seed)
  checkMonotone(PerPulse(), link)
  checkMonotone(PerBlock(), link)
}

@Test(arguments: 0..<UInt64(60))
func length_orderOfTheForms(seed: UInt64) {
  let link = Link(seed: seed)
  for (end, way) in [(Form.inversion, Form.streaming), (.inversionTagged, .streamingTagged)] {
    let inverted = link.result(PerPulse(), end, link.counts)
    let streamed = link.result(PerPulse(), way, link.counts)
    #expect(streamed.length <= inverted.length && streamed.singlePhotons <= inverted.singlePhotons)
    #expect(streamed.singlePhotonErrors >= inverted.singlePhotonErrors)
    #expect(link.result(PerBlock(), end, link.counts).length <= inverted.length)
    #expect(link.result(PerPulse(axisShareMax: 0.35)!, end, link.counts).length <= inverted.length)
  }
  let tagged = link.result(PerPulse(), .streamingTagged, link.counts)
  #expect(tagged.length <= link.result(PerPulse(), .streaming, link.counts).length)
}

@Test func length_overSeedsIsMostlyPositive() {
  let positive = (0..<UInt64(60)).count { seed in
    let link = Link(seed: seed)
    return link.result(PerPulse(), .streamingTagged, link.counts).length > 0
  }
  #expect(positive >= 20, "the properties above would mean little on refusals: \(positive)")
}
