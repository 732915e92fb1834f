import FixedStorage
import HostStorage
import Sifting
import Testing
import Units

func store(pages: Int = 40) -> SiftedStore {
  SiftedStore(pages: .onHost(count: pages * SiftedStore.pageWords), links: .onHost(count: pages))
}

/// All bits of a block in class order.
func string(of store: borrowing SiftedStore, _ half: Half) -> [UInt8] {
  var reader = SiftedReader(half)
  var bits: [UInt8] = []
  while true {
    let (word, count) = store.read(&reader)
    guard count > 0 else { return bits }
    for i in 0..<count { bits.append(UInt8(word >> UInt64(i) & 1)) }
    #expect(count == 64 || word >> UInt64(count) == 0)
  }
}

/// Fills both halves at random and returns what class order should be.
private func fill(_ store: inout SiftedStore, bits: Int, seed: UInt64) -> [Half: [[UInt8]]] {
  var random = SeededRandom(seed: seed)
  var expected: [Half: [[UInt8]]] = [.first: [[], [], []], .second: [[], [], []]]
  for _ in 0..<bits {
    let half = Bool.random(using: &random) ? Half.first : .second
    let bit = UInt8.random(in: 0...1, using: &random)
    let draw = UInt8.random(in: 0..<20, using: &random)
    let intensity: Intensity = draw < 14 ? .signal : draw < 19 ? .decoy : .vacuum
    let taken = store.append(bit, intensity, to: half)
    #expect(taken)
    expected[half]![Int(intensity.rawValue)].append(bit)
  }
  return expected
}

@Test func store_keepsBitsInClassOrder() {
  var store = store()
  let expected = fill(&store, bits: 400_000, seed: 3)
  for half in [Half.first, .second] {
    let bits = string(of: store, half)
    #expect(bits == expected[half]!.flatMap { $0 })
    let counts = store.sifted(half)
    for level in [Intensity.signal, .decoy, .vacuum] {
      #expect(Int(counts[level]) == expected[half]![Int(level.rawValue)].count)
    }
  }
}

/// A drained page is free for the block that fills, and zero.
@Test func drain_givesPagesBackWhileItReads() {
  var store = store()
  let expected = fill(&store, bits: 600_000, seed: 4)
  let before = store.freePages
  let held = store.pages(of: .first)
  var reader = SiftedReader(.first)
  var bits: [UInt8] = []
  var freed = 0
  while true {
    let (word, count) = store.drain(&reader)
    guard count > 0 else { break }
    for i in 0..<count { bits.append(UInt8(word >> UInt64(i) & 1)) }
    freed = max(freed, store.freePages - before)
    // The pages that came free are taken at once by the other block.
    if count == 64, bits.count % 6400 == 0 { _ = store.append(1, .vacuum, to: .second) }
  }
  #expect(bits == expected[.first]!.flatMap { $0 })
  let left = store.pages(of: .first)
  let again = store.drain(&reader).bits
  let count = store.count(.first)
  #expect(left == 0 && freed >= held - 1 && again == 0 && count == bits.count)
  let other = string(of: store, .second)
  #expect(other.starts(with: expected[.second]![0] + expected[.second]![1] + expected[.second]![2]))
}

@Test func wipe_ofOneHalf_leavesTheOther() {
  var store = store()
  for _ in 0..<130 {
    _ = store.append(1, .vacuum, to: .first)
    _ = store.append(1, .decoy, to: .second)
  }
  let crossed = planes([(axis: .x, outcome: 0, isCross: true)], told: [announced(twirl: 0, .x, .signal)])!
  let counted = store.append(crossed, to: .first)
  let crossBefore = store.cross(.first).total
  store.wipe(.first)
  _ = store.append(0, .signal, to: .first)
  let first = string(of: store, .first)
  let second = string(of: store, .second)
  let cross = store.cross(.first).total
  #expect(first == [0] && second == [UInt8](repeating: 1, count: 130) && cross == 0)
  #expect(counted && crossBefore == 1)
}

@Test func append_withoutAFreePage_isRefused() {
  var store = store(pages: 7)
  var taken = 0
  while store.append(1, .signal, to: .second) { taken += 1 }
  let first = store.append(1, .signal, to: .first)
  #expect(taken == 7 * SiftedStore.pageBits && !first)
  store.wipe(.second)
  let free = store.freePages
  let again = store.append(1, .decoy, to: .first)
  #expect(free == 7 && again)
}

/// Room keeps a reserve, and more of it while the peer may hold the pages of the other block.
@Test func room_endsBeforeThePagesDo() {
  var store = store(pages: SiftedStore.sparePages + 40)
  var bits = 0
  while store.hasRoom(in: .first, peerHasDrained: false), store.append(1, .signal, to: .first) { bits += 1 }
  let spare = store.pages(of: .first)
  #expect(spare == SiftedStore.sparePages - SiftedStore.reservePages + 1)
  while store.hasRoom(in: .first, peerHasDrained: true), store.append(1, .signal, to: .first) { bits += 1 }
  let free = store.freePages
  #expect(free == SiftedStore.reservePages - 1 && bits > SiftedStore.sparePages << 15)
}
