import Estimation
import Testing

private struct Link {
  let settings: OneDecoySettings
  let sifted: [2 of UInt64]
  let errors: [2 of UInt64]
  let crossClicks: [2 of UInt64]
  let block: Int

  static let six = Link(
    settings: try! .checked(means: [0.6, 0.1], shares: [0.95, 0.05]), sifted: [600_000_000, 5_300_000],
    errors: [12_000_000, 111_300], crossClicks: [120_000, 60], block: 1)
  static let four = Link(
    settings: try! .checked(means: [0.2, 0.05], shares: [0.8, 0.2]), sifted: [300_000_000, 19_000_000],
    errors: [10_000_000, 839_000], crossClicks: [15_000, 400], block: 2)

  func counts(sifted a: Double = 1, errors b: Double = 1, cross c: Double = 1) -> OneDecoyCounts {
    func times(_ counts: [2 of UInt64], _ factor: Double) -> [2 of UInt64] {
      [UInt64(Double(counts[0]) * factor), UInt64(Double(counts[1]) * factor)]
    }
    return OneDecoyCounts(sifted: times(sifted, a), errors: times(errors, b), crossClicks: times(crossClicks, c))
  }

  func result<Credit: SecurityCredit>(
    _ credit: Credit, _ counts: OneDecoyCounts, tag: Bool, streaming: Bool, leak: Double = 1
  ) -> KeyLengthResult {
    let plan = try! OneDecoyKeyLengthPlan.checked(
      credit: credit, settings: settings, block: block,
      tails: streaming ? .streaming(planned: self.counts()) : .inversion,
      multiPhotonTag: tag ? .crossClicks() : .absent)
    let modelled = self.counts().padded.modelledLeakBits(block: block, efficiency: 1.16)
    return plan.result(for: counts, leakBits: UInt64(Double(modelled) * leak))
  }
}

private func near(_ result: KeyLengthResult, _ expected: [Double], _ length: UInt64) -> Bool {
  let found = [
    result.singlePhotons, result.singlePhotonErrors, result.errorPatterns, result.phaseErrorBefore,
    result.goodBlocks, result.phaseErrorAfter,
  ]
  return zip(found, expected).allSatisfy { abs($0 - $1) <= 5e-9 * $1 } && result.length <= length
    && result.length + 3 >= length
}

/// Rows by `Tools/keylength_modes.py` with 40 digits.
@Test(arguments: [
  (false, false, [303567632.9, 12111300, 18197217.42, 0.02088106085, 291456332.9, 0.02088106085], 149_452_163),
  (false, true, [303511307.2, 12111300, 18197217.5, 0.02088509727, 291400007.2, 0.02088509727], 149_397_552),
  (true, false, [303497771.0, 12111300, 18197296.32, 0.02088633799, 291386471.0, 0.02088633799], 149_383_990),
  (true, true, [303441297.6, 12111300, 18197296.39, 0.020890387, 291329997.6, 0.020890387], 149_329_236),
])
func oneDecoySixStateLength_matchesTheSecondImplementation(
  tag: Bool, streaming: Bool, row: [Double], length: UInt64
) {
  let result = Link.six.result(PerPulse(), Link.six.counts(), tag: tag, streaming: streaming)
  #expect(near(result, row, length), "\(result)")
}

@Test(arguments: [
  (false, false, [234671307.9, 10226378.97, 20498175.65, 0.04576533197, 78895162.41, 0.08769166725], 42_699_756),
  (false, true, [234584745.5, 10260974.25, 20567442.99, 0.04594461249, 78809940.96, 0.08801812259], 42_564_212),
  (true, false, [234659127.6, 10226524.05, 20498584.52, 0.04576902067, 78886325.76, 0.08769916063], 42_692_711),
  (true, true, [234572337.1, 10261209.57, 20568032.75, 0.04594878235, 78800885.17, 0.08802649098], 42_556_824),
])
func oneDecoyBB84Length_matchesTheSecondImplementation(tag: Bool, streaming: Bool, row: [Double], length: UInt64) {
  let result = Link.four.result(PerBlock(), Link.four.counts(), tag: tag, streaming: streaming)
  #expect(near(result, row, length), "\(result)")
}

@Test(arguments: [false, true], [false, true])
func oneDecoyLength_movesTheRightWay(tag: Bool, streaming: Bool) {
  for link in [Link.six, .four] {
    func length(_ counts: OneDecoyCounts, leak: Double = 1) -> UInt64 {
      link.result(PerBlock(), counts, tag: tag, streaming: streaming, leak: leak).length
    }
    let base = link.result(PerBlock(), link.counts(), tag: tag, streaming: streaming)
    #expect(Double(base.length) <= base.singlePhotons && base.length > 0)
    #expect(length(link.counts(errors: 1.1)) < base.length)
    #expect(length(link.counts(), leak: 1.05) < base.length)
    #expect(length(link.counts(sifted: 1.2, errors: 1.2, cross: 1.2), leak: 1.2) > base.length)
    if tag { #expect(length(link.counts(cross: 2)) < base.length) }
    let none = link.result(PerBlock(), link.counts(errors: 20), tag: tag, streaming: streaming)
    #expect(none.length == 0 && none.refusal != nil)
  }
}

@Test func oneDecoyPlan_countsItsTails() throws {
  let settings = try OneDecoySettings.checked(means: [0.5, 0.1], shares: [0.9, 0.1])
  let plain = try OneDecoyKeyLengthPlan.checked(
    credit: PerPulse(), settings: settings, block: 1, tails: .inversion, multiPhotonTag: .absent)
  let tagged = try OneDecoyKeyLengthPlan.checked(
    credit: PerPulse(), settings: settings, block: 1, tails: .inversion, multiPhotonTag: .crossClicks())
  #expect(plain.nats == SecurityTarget().nats(tails: 10) && tagged.nats == SecurityTarget().nats(tails: 13))
}
