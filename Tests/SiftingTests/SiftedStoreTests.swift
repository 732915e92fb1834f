import FixedStorage
import HostStorage
import Sifting
import Testing
import Units

private func store() -> SiftedStore {
  SiftedStore(
    key: Block.onHost(count: SiftedStore.words), labelLow: Block.onHost(count: SiftedStore.words),
    labelHigh: Block.onHost(count: SiftedStore.words))
}

private func words(of store: borrowing SiftedStore, _ half: Half) -> [UInt64] {
  let span = store.key(half)
  return span.indices.map { span[$0] }
}

@Test func store_keepsBitsLabelsAndCountsOfBothHalves() {
  var store = store()
  var random = SeededRandom(seed: 3)
  var bits: [[UInt8]] = [[], []]
  var labels: [[Intensity]] = [[], []]
  for _ in 0..<1000 {
    let half = Bool.random(using: &random) ? Half.first : .second
    let bit = UInt8.random(in: 0...1, using: &random)
    let intensity = Intensity(rawValue: UInt8.random(in: 0...2, using: &random))!
    let taken = store.append(bit, intensity, to: half)
    #expect(taken)
    bits[Int(half.rawValue)].append(bit)
    labels[Int(half.rawValue)].append(intensity)
  }
  for half in [Half.first, .second] {
    let expected = bits[Int(half.rawValue)]
    let key = words(of: store, half)
    let stored = (0..<expected.count).map { UInt8(key[$0 / 64] >> UInt64($0 % 64) & 1) }
    #expect(stored == expected && key.count == (expected.count + 63) / 64)
    let counts = store.sifted(half)
    for level in [Intensity.signal, .decoy, .vacuum] {
      #expect(counts[level] == UInt64(labels[Int(half.rawValue)].count { $0 == level }))
    }
    for i in expected.indices { #expect(store.intensity(of: i, in: half) == labels[Int(half.rawValue)][i]) }
  }
}

@Test func store_wipesOneHalfAndLeavesTheOther() {
  var store = store()
  for _ in 0..<130 {
    _ = store.append(1, .vacuum, to: .first)
    _ = store.append(1, .decoy, to: .second)
  }
  store.countCross(.signal, in: .first)
  store.wipe(.first)
  _ = store.append(0, .signal, to: .first)
  let first = words(of: store, .first)
  let second = words(of: store, .second)
  #expect(first == [0] && second == [.max, .max, 3])
  #expect(store.cross(.first).total == 0 && store.intensity(of: 0, in: .first) == .signal)
}

@Test func store_refusesTheBitBehindTheLast() {
  var store = store()
  var taken = 0
  for _ in 0...SiftedStore.bitsMax where store.append(1, .signal, to: .second) { taken += 1 }
  #expect(taken == SiftedStore.bitsMax)
  let first = words(of: store, .first)
  #expect(first.isEmpty)
}

@Test func replace_putsCorrectedWordsIntoTheRightHalf() {
  var store = store()
  for _ in 0..<128 { _ = store.append(0, .signal, to: .second) }
  store.replace([5].span, at: 1, in: .second)
  let key = words(of: store, .second)
  #expect(key == [0, 5])
}
