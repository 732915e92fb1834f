import Estimation
import Foundation
import HostStorage
import Testing

/// A plausible link: what each intensity, counted `rounds` rounds a pulse, gives on average.
private struct Channel {
  let signal: Double
  let decoy: Double
  let vacuumShare: Double
  let decoyShare: Double
  let transmission: Double
  let block: Int
  var pulses: Double
  var qber: Double
  var darks = 2e-6
  var leak = 1.0

  init(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    signal = .random(in: 0.1...0.5, using: &random)
    decoy = signal * .random(in: 0.15...0.3, using: &random)
    vacuumShare = .random(in: 0.02...0.08, using: &random)
    decoyShare = .random(in: 0.15...0.35, using: &random)
    transmission = pow(10, .random(in: -1.7 ... -0.7, using: &random))
    pulses = pow(10, .random(in: 10.5...11.7, using: &random))
    qber = .random(in: 0.005...0.03, using: &random)
    block = .random(in: 1...2, using: &random)
  }

  var means: [3 of Double] { [signal, decoy, 2e-4] }
  var shares: [3 of Double] { [1 - decoyShare - vacuumShare, decoyShare, vacuumShare] }

  /// A share of the sifted rounds, with `tilt` times the error rate.
  func counts(_ share: Double, tilt: Double = 1) -> DecoyCounts {
    var sifted: [3 of UInt64] = [0, 0, 0]
    var errors: [3 of UInt64] = [0, 0, 0]
    for k in 0..<3 {
      let rounds = pulses * shares[k] * share
      let seen = -expm1(-means[k] * transmission)
      sifted[k] = UInt64(rounds * (seen + 2 * darks))
      errors[k] = UInt64(rounds * (seen * qber * tilt + darks))
    }
    return DecoyCounts(sifted: sifted, errors: errors)
  }

  func with(_ change: (inout Channel) -> Void) -> Channel {
    var other = self
    change(&other)
    return other
  }

  /// What reconciliation would send for these counts.
  func cost(_ counts: DecoyCounts...) -> UInt64 {
    UInt64(Double(counts.map { $0.modelledLeakBits(block: block, efficiency: 1.1) }.reduce(0, +)) * leak)
  }
}

/// Every way to a key length. Streaming plans are fixed by an undisturbed link, as before the first pulse.
private enum Model: CaseIterable {
  case sixState, four, sixStateOneDecoy, fourOneDecoy, grouped, larger, split, fourTested, sixStateTested

  /// Length, secret bits from bounds and single photons.
  func result(_ c: Channel, planned: Channel, streaming: Bool) -> KeyLengthResult {
    switch self {
    case .sixState: pooled(PerPulse(), c, planned, streaming)
    case .four: pooled(PerBlock(), c, planned, streaming)
    case .sixStateOneDecoy: oneDecoy(PerPulse(), c, planned, streaming)
    case .fourOneDecoy: oneDecoy(PerBlock(), c, planned, streaming)
    case .grouped, .larger: grouped(c, planned, streaming)
    case .split: split(c)
    case .fourTested: fourTested(c, planned, streaming)
    case .sixStateTested: sixStateTested(c, planned, streaming)
    }
  }

  /// The larger of two ways exists at block length 1 only; key of split rounds is not announced on the way.
  func exists(block: Int, streaming: Bool) -> Bool {
    switch self {
    case .larger: block == 1
    case .split: !streaming
    default: true
    }
  }

  private func settings(_ c: Channel) -> DecoySettings { DecoySettings(means: c.means, shares: c.shares)! }

  private func pooled(
    _ credit: some SecurityCredit, _ c: Channel, _ planned: Channel, _ streaming: Bool
  ) -> KeyLengthResult {
    let plan = KeyLengthPlan(
      credit: credit, settings: settings(c), block: c.block,
      tails: streaming ? .streaming(planned: planned.counts(1)) : .inversion, multiPhotonTag: .absent)
    return plan.result(for: c.counts(1), leakBits: c.cost(c.counts(1)))
  }

  private func oneDecoy(
    _ credit: some SecurityCredit, _ c: Channel, _ planned: Channel, _ streaming: Bool
  ) -> KeyLengthResult {
    func pair(_ counts: DecoyCounts) -> OneDecoyCounts {
      OneDecoyCounts(
        sifted: [counts.sifted[0], counts.sifted[1]], errors: [counts.errors[0], counts.errors[1]])
    }
    let all = c.decoyShare + c.shares[0]
    let plan = try! OneDecoyKeyLengthPlan.checked(
      credit: credit,
      settings: .checked(means: [c.signal, c.decoy], shares: [c.shares[0] / all, c.decoyShare / all]), block: c.block,
      tails: streaming ? .streaming(planned: pair(planned.counts(1))) : .inversion, multiPhotonTag: .absent)
    let counts = pair(c.counts(1))
    return plan.result(for: counts, leakBits: c.cost(counts.padded))
  }

  private func triples(_ c: Channel) -> [3 of DecoyCounts] {
    [c.counts(0.33, tilt: 0.5), c.counts(0.33), c.counts(0.34, tilt: 1.5)]
  }

  private func grouped(_ c: Channel, _ planned: Channel, _ streaming: Bool) -> KeyLengthResult {
    var plan = try! GroupedKeyLengthPlan.checked(
      credit: PerBlock(), settings: settings(c), block: c.block,
      tails: streaming ? .streaming(planned: triples(planned)) : .inversion, multiPhotonTag: .absent)
    if self == .larger { try! plan.follow(.larger) }
    let groups = triples(c)
    return plan.result(for: groups, leakBits: c.cost(groups[0], groups[1], groups[2])).overall
  }

  private func split(_ c: Channel) -> KeyLengthResult {
    let plan = try! SplitKeyLengthPlan.checked(settings: settings(c), block: c.block)
    let z = c.counts(1.0 / 6)
    let x = c.counts(1.0 / 6, tilt: 1.4)
    let pair = BasisPair(z: z, x: x)
    return plan.result(for: [pair, pair, pair], leakBits: c.cost(z, z, z, x, x, x))
  }

  private func fourTested(_ c: Channel, _ planned: Channel, _ streaming: Bool) -> KeyLengthResult {
    let plan = try! TestedKeyLengthPlan<BB84Tested>.checked(
      settings: settings(c), block: c.block,
      tails: streaming
        ? .streaming(plannedKey: planned.counts(0.8), plannedTests: planned.counts(0.2), keyShareMax: 0.8) : .inversion)
    return plan.result(for: c.counts(0.8), tests: c.counts(0.2), leakBits: c.cost(c.counts(0.8)))
  }

  private func sixStateTested(_ c: Channel, _ planned: Channel, _ streaming: Bool) -> KeyLengthResult {
    func tests(_ c: Channel) -> SixStateTested.Tests { SixStateTested.Tests(x: c.counts(0.1), y: c.counts(0.1)) }
    let plan = try! TestedKeyLengthPlan<SixStateTested>.checked(
      settings: settings(c), block: c.block,
      tails: streaming
        ? .streaming(plannedKey: planned.counts(0.8), plannedTests: tests(planned), keyShareMax: 0.89) : .inversion)
    return plan.result(for: c.counts(0.8), tests: tests(c), leakBits: c.cost(c.counts(0.8)))
  }
}

/// The length falls with every kind of harm and grows with light; it stays below the single photons that are certain,
/// and a refusal is the same as zero. So far as there is key: a random channel without any says nothing.
@Test(arguments: Model.allCases, [false, true])
private func length_ofEveryModel_movesTheRightWay(model: Model, streaming: Bool) {
  var keys = 0
  for seed in 0..<UInt64(30) {
    let channel = Channel(seed: seed)
    guard model.exists(block: channel.block, streaming: streaming) else { continue }
    func result(_ change: (inout Channel) -> Void = { _ in }) -> KeyLengthResult {
      model.result(channel.with(change), planned: channel, streaming: streaming)
    }
    let base = result()
    #expect((base.length == 0) == (base.refusal != nil))
    #expect(Double(base.length) <= base.singlePhotons && Double(base.length) <= base.secretBits)
    #expect(base.secretBits <= base.goodBlocks && base.goodBlocks <= base.singlePhotons)
    #expect(base.singlePhotons <= Double(channel.counts(1).bits))
    guard base.length > 0 else { continue }
    keys += 1
    #expect(result { $0.qber *= 1.2 }.length < base.length)
    #expect(result { $0.darks *= 4 }.length < base.length)
    #expect(result { $0.leak = 1.03 }.length < base.length)
    #expect(result { $0.pulses *= 1.3 }.length > base.length)
    let none = result { $0.qber = 0.3 }
    #expect(none.length == 0 && none.refusal != nil)
    let dark = result { $0.darks = 0.3 }
    #expect(dark.length == 0 && dark.refusal != nil)
  }
  #expect(keys >= (model.exists(block: 1, streaming: streaming) ? 10 : 0), "\(keys)")
}

/// A group gives no more than the single photons it is certain of, and all groups together no more than theirs.
@Test(arguments: 0..<UInt64(30)) func groupedLength_staysBelowTheSinglePhotonsOfEachGroup(seed: UInt64) throws {
  let channel = Channel(seed: seed)
  let settings = DecoySettings(means: channel.means, shares: channel.shares)!
  let plan = try GroupedKeyLengthPlan.checked(
    credit: PerBlock(), settings: settings, block: channel.block, tails: .inversion, multiPhotonTag: .absent)
  let groups: [3 of DecoyCounts] = [channel.counts(0.4), channel.counts(0.3), channel.counts(0.3, tilt: 8)]
  let result = plan.result(for: groups, leakBits: 0)
  var singles = 0.0
  for g in 0..<3 {
    let part = result.groups[g]
    #expect(part.secretBits <= part.singlePhotons / Double(channel.block) && part.length == 0)
    #expect(part.singlePhotons <= Double(groups[g].bits))
    singles += part.singlePhotons
  }
  #expect(Double(result.length) <= singles / Double(channel.block))
  #expect(result.overall.singlePhotons == singles)
}
