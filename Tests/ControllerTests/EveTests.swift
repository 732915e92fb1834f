import AdvantageDistillation
import Controller
import FixedStorage
import Foundation
import HostStorage
import Optics
import Testing
import TwinRun
import Units
import Wire

private func run(
  frames: UInt32, seed: UInt64, adBlock: UInt8 = 1, attack: EveAttack? = nil, relay: RelayAttack? = nil,
  target: StrikeTarget? = nil
) -> (result: RunResult, recorder: Recorder, relay: ManInTheMiddle?) {
  var plan = plan(frames: frames, seed: seed) { $0.adBlock = adBlock }
  plan.attack = attack
  plan.relay = relay
  plan.relayTarget = target
  // Sifted keys are kept for runs with a folder; nothing is written to it here.
  plan.records = URL(fileURLWithPath: "unused")
  var link = LinkRun(plan)
  let result = link.run { _ in }
  return (result, link.recorder, link.relay)
}

/// Sifted bits of the first block that differ between the modules.
private func siftedErrors(_ recorder: Recorder) -> (errors: Int, bits: Int) {
  guard let block = recorder.blocks[0], let alice = block.siftedKeys[.alice], let bob = block.siftedKeys[.bob] else {
    return (0, 0)
  }
  return (zip(alice, bob).reduce(0) { $0 + ($1.0 ^ $1.1).nonzeroBitCount }, block.siftedBits)
}

private func agrees(_ count: Int, of trials: Int, with p: Double) -> Bool {
  abs(Double(count) - Double(trials) * p) < 5 * (Double(trials) * p * (1 - p)).squareRoot()
}

/// Intercepting everything makes a third of the bits wrong, and the block is refused.
@Test(arguments: UInt64(1)...6) func intercept_ofEverything_isRefused(seed: UInt64) throws {
  let (result, recorder, _) = run(frames: 30, seed: seed, attack: .intercept(share: 1))
  let (errors, bits) = siftedErrors(recorder)
  // The bench itself has 1 %: 1/3 + 0.01 (1 - 2/3).
  #expect(bits > 20_000 && agrees(errors, of: bits, with: 0.3367), "\(errors) of \(bits)")
  #expect(!result.isGood && result.bob.blocksOk == 0 && result.alice.blocksOk == 0)
  #expect(["not_reconciled", "qber_too_high"].contains(result.alarm))
  let eve = try #require(result.eve)
  #expect(eve.siftedBits == Int(result.bob.siftedBits) && agrees(eve.knownBits, of: eve.siftedBits, with: 0.332))
}

/// Intercepting a tenth of the pulses leaves no key, or one that her record allows for.
@Test(arguments: UInt64(1)...6) func intercept_ofATenth_shortensTheKeyOrIsRefused(seed: UInt64) throws {
  let (result, _, _) = run(frames: 60, seed: seed, attack: .intercept(share: 0.1))
  let eve = try #require(result.eve)
  #expect(eve.siftedBits == Int(result.bob.siftedBits) && agrees(eve.knownBits, of: eve.siftedBits, with: 0.0332))
  #expect(eve.boundHolds && (result.bob.blocksOk == 1 || result.alarm != nil))
}

/// Intercepting a few pulses costs key: less than without Eve, and less than her record leaves.
@Test(arguments: UInt64(1)...6) func intercept_ofAFew_leavesAShorterKey(seed: UInt64) throws {
  let honest = run(frames: 80, seed: seed).result
  let (result, _, _) = run(frames: 80, seed: seed, attack: .intercept(share: 0.03))
  let eve = try #require(result.eve)
  let block = try #require(eve.finished.first)
  #expect(result.isGood && result.alarm == nil && eve.finished.count == 1)
  #expect(block.heard.knownBits > 500 && block.allowsForEve && block.finalBits == Int(result.bob.finalBits))
  #expect(block.heard.leakBits == Int(result.bob.disclosedBits))
  #expect(result.bob.finalBits < honest.bob.finalBits)
}

/// Bob's rate is as it was and his errors are few, yet no single photon is certain.
@Test(arguments: UInt64(1)...6) func split_isSeenByTheDecoys(seed: UInt64) throws {
  let honest = run(frames: 20, seed: seed).result
  let (result, recorder, _) = run(frames: 20, seed: seed, attack: .split)
  let (errors, bits) = siftedErrors(recorder)
  #expect(bits > 10_000 && errors < bits / 50)
  // All intensities together; that of the signal is held exactly, and decoys lose.
  #expect(Double(result.detections) > 0.9 * Double(honest.detections))
  #expect(result.alarm == "decoy" && result.bob.blocksOk == 0)
  let eve = try #require(result.eve)
  #expect(eve.siftedBits == bits && eve.knownShare > 0.99)
}

@Test(arguments: UInt64(1)...6) func axisLoss_isSeenByTheAxisCounts(seed: UInt64) {
  let (result, _, _) = run(frames: 30, seed: seed, attack: .axisLoss(decibels: 3))
  #expect(result.alarm == "axis_biased" && result.bob.blocksOk == 0 && result.alice.blocksOk == 0)
}

/// Eve who only listens hears what Bob counts, and a run with her is the run without her.
@Test func listening_changesNothing() throws {
  let honest = run(frames: 40, seed: 4)
  let heard = run(frames: 40, seed: 4, attack: .axisLoss(decibels: 0))
  #expect(honest.recorder.blocks[0]?.secretKeys == heard.recorder.blocks[0]?.secretKeys && heard.result.isGood)
  #expect(honest.result.eve == nil && honest.result.alarm == nil && heard.result.alarm == nil)
  let eve = try #require(heard.result.eve)
  #expect(eve.siftedBits == Int(heard.result.bob.siftedBits) && eve.knownBits == 0)
}

/// Pairs whose key is refused for what Eve did to the light.
@Test func attacks_onPairs_areRefused() throws {
  let intercepted = run(frames: 40, seed: 1, adBlock: 2, attack: .intercept(share: 1)).result
  let split = run(frames: 30, seed: 1, adBlock: 2, attack: .split).result
  let lossy = run(frames: 30, seed: 1, adBlock: 2, attack: .axisLoss(decibels: 3)).result
  let results = [intercepted, split, lossy]
  #expect(results.allSatisfy { $0.bob.blocksOk == 0 && $0.alice.blocksOk == 0 && !$0.isGood })
  let alarms = results.map(\.alarm)
  #expect(alarms == ["qber_too_high", "decoy", "axis_biased"])
}

/// The kept bits that Eve knows, by another way than hers: the recorder has the sifted keys of both modules, and the
/// permutation is that of the modules.
@Test func intercept_ofAFewPairs_leavesAShorterKey() throws {
  let (result, recorder, _) = run(frames: 120, seed: 1, adBlock: 2, attack: .intercept(share: 0.02))
  let eve = try #require(result.eve)
  let block = try #require(eve.finished.first)
  let record = try #require(recorder.blocks[block.number])
  #expect(result.isGood && result.alarm == nil && block.keptBits == record.keptBits)
  #expect(block.heard.leakBits == Int(result.bob.disclosedBits) && block.allowsForEve)
  let known = try keptPairs(of: record, known: block.heard.known)
  #expect(known.count == block.keptBits && known.count { $0 } == block.knownKeptBits)
  // A pair is known by either bit; where she measured on another axis, half of the bits are wrong and their pairs go.
  let share = 0.02 * 0.332
  #expect(block.knownKeptBits > 0 && agrees(block.knownKeptBits, of: block.keptBits, with: 2 * share - share * share))
}

/// Whether Eve knows a bit of it, for each pair that is accepted.
private func keptPairs(of record: Recorder.Block, known: [[Bool]]) throws -> [Bool] {
  let flat = known.flatMap { $0 }
  var mask = [UInt64](repeating: 0, count: (flat.count + 63) / 64)
  for (place, isKnown) in flat.enumerated() where isKnown { mask[place / 64] |= 1 << UInt64(place % 64) }
  let alice = try #require(record.siftedKeys[.alice])
  let bob = try #require(record.siftedKeys[.bob])
  let sizes: [3 of Int] = [known[0].count, known[1].count, known[2].count]
  let permuted = [alice, bob, mask].map { bits(of: $0, permutedBy: record.permutationSeed, sizes: sizes) }
  return stride(from: 0, to: flat.count - 1, by: 2).compactMap { first in
    let pair = permuted.map { $0[first..<first + 2] }
    return zip(pair[0], pair[1]).allSatisfy(==) || zip(pair[0], pair[1]).allSatisfy(!=) ? pair[2].contains(1) : nil
  }
}

private func bits(of words: [UInt64], permutedBy seedBytes: [UInt8], sizes: [3 of Int]) -> [UInt64] {
  var permutation = BlockPermutation(
    bins: .onHost(count: BlockPermutation.binWords), labels: .onHost(count: BlockPermutation.labelBytes))
  var seed: [32 of UInt8] = .init(repeating: 0)
  for i in seed.indices { seed[i] = seedBytes[i] }
  permutation.begin(classSizes: sizes, seed: seed)
  while !permutation.count(limit: 1 << 20) {}
  let count = sizes[0] + sizes[1] + sizes[2]
  var string = Block<UInt64>.onHost(count: words.count + 1)
  for i in 0..<(count + 63) / 64 { permutation.scatter(words[i], count: min(64, count - 64 * i), into: &string) }
  for bin in 0..<permutation.binCount { permutation.shuffle(bin, of: &string) }
  return (0..<count).map { string.bit($0) }
}

/// Whatever Eve does to a message: no block that she changed becomes a key, and no two keys differ.
@Test(arguments: RelayAttack.allCases, UInt64(1)...6) func relay_neverLeavesAKeyThatItTouched(
  attack: RelayAttack, seed: UInt64
) throws {
  try expectNoTouchedKey(run(frames: 30, seed: seed, relay: attack))
}

@Test(arguments: RelayAttack.allCases, UInt64(1)...2) func relay_ofPairs_neverLeavesAKeyThatItTouched(
  attack: RelayAttack, seed: UInt64
) throws {
  try expectNoTouchedKey(run(frames: 100, seed: seed, adBlock: 2, relay: attack))
}

private func expectNoTouchedKey(
  _ run: (result: RunResult, recorder: Recorder, relay: ManInTheMiddle?)
) throws {
  let (result, recorder, relay) = run
  let man = try #require(relay)
  let story = "changes \(man.changes) in \(man.changedBlocks), alarm \(result.alarm ?? "none")"
  for (number, block) in recorder.blocks where !block.secretKeys.isEmpty {
    #expect(!man.changedBlocks.contains(number), "\(story)")
    if let alice = block.secretKeys[.alice], let bob = block.secretKeys[.bob] { #expect(alice == bob, "\(story)") }
    // Alice knows that Bob accepted; Bob alone may be left with a key.
    #expect(block.secretKeys[.bob] != nil, "\(story)")
  }
  // A strike can come to nothing: late in place of moved, or at the very end. Then the run is as any other.
  #expect(man.changes > 0 || result.isGood, "\(story)")
  #expect(result.keysMatch || result.alarm != nil, "\(story)")
}

/// What the modules say to one forged message of each kind.
@Test(arguments: [
  (MessageType.detections, Role.bob, "tag_wrong"), (.choices, .alice, "counts_differ"),
  (.sifted, .bob, "counts_differ"), (.close, .bob, "counts_differ"), (.closed, .alice, "counts_differ"),
  (.permutation, .alice, "not_reconciled"),
  (.parities, .alice, "tag_wrong"), (.accepted, .bob, "unexpected_message"), (.rejected, .alice, "unexpected_message"),
  (.confirm, .alice, "tag_wrong"), (.counts, .bob, "accounts_differ"),
  (.length, .alice, "tag_wrong"), (.seed, .alice, "tag_wrong"), (.tag, .alice, "tag_wrong"), (.tag, .bob, "tag_wrong"),
]) func forgery_ofAKind_raisesItsAlarm(type: MessageType, sender: Role, alarm: String) throws {
  let (result, recorder, relay) = run(
    frames: 100, seed: 1, adBlock: 2, relay: .forge, target: StrikeTarget(type, by: sender))
  let changes = try #require(relay).changes
  #expect(changes == 1 && result.alarm == alarm, "\(type) of \(sender): \(result.alarm ?? "none")")
  // A tag that Bob sent and nobody else could have sent is what Alice stores a key on.
  #expect(recorder.blocks.values.allSatisfy { $0.secretKeys[.alice] == nil })
  let bobHasKey = recorder.blocks.values.contains { $0.secretKeys[.bob] != nil }
  #expect(bobHasKey == (type == .tag && sender == .bob))
}
