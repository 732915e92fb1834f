import Estimation
import Testing

private let groups: [3 of DecoyCounts] = [
  DecoyCounts(sifted: [124_172_861, 466_116, 733], errors: [2_483_457, 9400, 60], crossClicks: [24_834, 93, 0]),
  DecoyCounts(sifted: [124_000_000, 466_000, 740], errors: [6_200_000, 23_400, 70], crossClicks: [24_800, 93, 0]),
  DecoyCounts(sifted: [123_000_000, 460_000, 720], errors: [9_840_000, 36_900, 80], crossClicks: [24_600, 92, 0]),
]

private func plan(_ rule: GroupRule, block: Int, tag: Bool, streaming: Bool) -> GroupedKeyLengthPlan {
  var plan = try! GroupedKeyLengthPlan.checked(
    credit: PerBlock(), settings: Sample.settings10, block: block,
    tails: streaming ? .streaming(planned: groups) : .inversion, multiPhotonTag: tag ? .crossClicks() : .absent)
  try! plan.follow(rule)
  return plan
}

private func leak(_ groups: [3 of DecoyCounts], block: Int) -> UInt64 {
  var sum: UInt64 = 0
  for g in 0..<3 { sum += groups[g].modelledLeakBits(block: block, efficiency: 1.16) }
  return sum
}

/// Rows by `Tools/keylength_modes.py` with 40 digits: block length, tag, streaming, and the lengths under the rules.
@Test(arguments: [
  (1, false, false, 52_675_147, 53_778_625), (1, false, true, 52_619_428, 53_750_951),
  (1, true, false, 52_614_495, 53_728_694), (1, true, true, 52_558_580, 53_700_937),
  (2, false, false, 31_959_445, nil), (2, false, true, 31_933_148, nil), (2, true, false, 31_931_195, nil),
  (2, true, true, 31_904_814, nil),
])
func groupedLength_matchesTheSecondImplementation(
  block: Int, tag: Bool, streaming: Bool, grouped: UInt64, larger: UInt64?
) {
  let leak = leak(groups, block: block)
  #expect(leak == (block == 1 ? 119_399_987 : 6_053_915))
  for (rule, expected) in [(GroupRule.grouped, Optional(grouped)), (.larger, larger)] {
    guard let expected else { continue }
    let result = plan(rule, block: block, tag: tag, streaming: streaming).result(for: groups, leakBits: leak)
    #expect(result.length <= expected && result.length + 3 >= expected && result.refusal == nil)
    let isPooled = result.way == .pooled
    #expect(isPooled == (rule == .larger))
    #expect(result.overall.length == result.length && result.overall.singlePhotons > 0)
  }
}

/// 30 tails grouped, 40 for the larger of both, and 3 more for each set of tagged bounds.
@Test func groupedPlan_countsItsTails() {
  let target = SecurityTarget()
  #expect(plan(.grouped, block: 1, tag: false, streaming: false).nats == target.nats(tails: 30))
  #expect(plan(.larger, block: 1, tag: false, streaming: false).nats == target.nats(tails: 40))
  #expect(plan(.grouped, block: 1, tag: true, streaming: false).nats == target.nats(tails: 39))
  #expect(plan(.larger, block: 1, tag: true, streaming: false).nats == target.nats(tails: 52))
}

/// Only one of two permutations is carried out, so there is no larger of both to take.
@Test(arguments: 2...16) func largerWay_aboveBlockOne_isRefused(block: Int) {
  var plan = plan(.grouped, block: block, tag: false, streaming: false)
  #expect(throws: ParameterRefusal.largerOfTwoPermutations) { try plan.follow(.larger) }
  #expect(plan.nats == SecurityTarget().nats(tails: 30))
}

/// A rotation that one 3-cycle turns into errors and another does not: keeping the groups apart pays.
@Test func groups_thatDifferMuch_giveMoreApart() {
  let clean = DecoyCounts(sifted: groups[0].sifted, errors: [1_241_728, 4800, 60])
  let noisy = DecoyCounts(sifted: groups[0].sifted, errors: [21_109_386, 79_300, 160])
  let mixed: [3 of DecoyCounts] = [clean, noisy, noisy]
  let leak = leak(mixed, block: 1)
  let apart = plan(.larger, block: 1, tag: false, streaming: false).result(for: mixed, leakBits: leak / 8)
  #expect(apart.way == .grouped && apart.length > 0)
  let pooledBits = apart.pooled.secretBits
  #expect(apart.secretBits > pooledBits)
}

/// A group that proves nothing gives nothing, and takes nothing from the others.
@Test func group_thatIsRefused_givesNothing() {
  let empty = DecoyCounts(sifted: [0, 0, 0], errors: [0, 0, 0])
  let plan = plan(.grouped, block: 2, tag: false, streaming: false)
  let two: [3 of DecoyCounts] = [groups[0], empty, groups[2]]
  let result = plan.result(for: two, leakBits: 1000)
  let refusal = result.groups[1].refusal
  #expect(refusal == .tooFewSinglePhotons && result.length > 0)
  let none = plan.result(for: [empty, empty, empty], leakBits: 0)
  #expect(none.length == 0 && none.refusal == .tooFewSinglePhotons)
  let spent = plan.result(for: two, leakBits: .max)
  #expect(spent.length == 0 && spent.refusal == .leavesNoLength)
  let wrong = DecoyCounts(sifted: [1, 1, 1], errors: [2, 0, 0])
  let refused = plan.result(for: [wrong, wrong, wrong], leakBits: 0)
  #expect(refused.length == 0 && refused.refusal == .countsInconsistent)
}

@Test func groupedLength_movesTheRightWay() {
  for rule in [GroupRule.grouped, .larger] {
    for (block, streaming) in [(1, false), (2, true)] where rule == .grouped || block == 1 {
      let plan = plan(rule, block: block, tag: true, streaming: streaming)
      let leak = leak(groups, block: block)
      func length(_ scale: (DecoyCounts) -> DecoyCounts, leak: UInt64) -> UInt64 {
        plan.result(for: [scale(groups[0]), scale(groups[1]), scale(groups[2])], leakBits: leak).length
      }
      let base = length({ $0 }, leak: leak)
      #expect(length({ $0.scaled(errors: 1.1) }, leak: leak) < base)
      #expect(length({ $0.scaled(crossClicks: 2) }, leak: leak) < base)
      #expect(length({ $0 }, leak: leak + leak / 20) < base)
      #expect(length({ $0.scaled(sifted: 1.2, errors: 1.2, crossClicks: 1.2) }, leak: leak + leak / 5) > base)
    }
  }
}

private let pairs: [3 of BasisPair] = [
  BasisPair(
    z: DecoyCounts(sifted: [60_000_000, 230_000, 360], errors: [600_000, 2400, 40]),
    x: DecoyCounts(sifted: [61_000_000, 231_000, 365], errors: [3_050_000, 11_600, 50])),
  BasisPair(
    z: DecoyCounts(sifted: [62_000_000, 232_000, 370], errors: [3_100_000, 11_700, 50]),
    x: DecoyCounts(sifted: [60_500_000, 229_000, 350], errors: [605_000, 2450, 40])),
  BasisPair(
    z: DecoyCounts(sifted: [61_500_000, 233_000, 360], errors: [1_230_000, 4700, 42]),
    x: DecoyCounts(sifted: [61_200_000, 231_500, 355], errors: [1_224_000, 4690, 41])),
]

@Test(arguments: [(1, 72_566_086, 122_956_671), (2, 2_245_030, 48_080_067)])
func splitLength_matchesTheSecondImplementation(block: Int, leak: UInt64, length: UInt64) throws {
  let plan = try SplitKeyLengthPlan.checked(settings: Sample.settings10, block: block)
  #expect(plan.nats == SecurityTarget().nats(tails: 120))
  var modelled: UInt64 = 0
  for g in 0..<3 {
    modelled += pairs[g].z.modelledLeakBits(block: block, efficiency: 1.16)
    modelled += pairs[g].x.modelledLeakBits(block: block, efficiency: 1.16)
  }
  #expect(modelled == leak)
  let result = plan.result(for: pairs, leakBits: leak)
  #expect(result.length <= length && result.length + 3 >= length)
  let spent = plan.result(for: pairs, leakBits: .max)
  #expect(spent.length == 0 && spent.refusal == .leavesNoLength)
}
