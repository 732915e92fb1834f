import FixedStorage
import HostStorage
import KeyStore
import Ports
import Testing

/// A journal that can be told to fail and remembers what it was told.
private struct TestJournal: IndexJournal, ~Copyable {
  var index: UInt64 = 0
  var fails = false

  mutating func recordedIndex() throws(JournalError) -> UInt64 { index }
  mutating func record(_ index: UInt64) throws(JournalError) {
    if fails { throw .system(5) }
    self.index = index
  }
}

private func pool(bytes: Int, journal: inout TestJournal) throws -> AuthenticationPool {
  var pool = AuthenticationPool(storage: Block.onHost(count: AuthenticationPool.capacityBytes))
  let secret = (0..<bytes).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 / 64) }
  try pool.load(secret.span, journal: &journal)
  return pool
}

/// Takes a block's words through an array, for the tests.
private func take(
  _ block: UInt32, from pool: inout AuthenticationPool, _ journal: inout TestJournal
) throws(PoolFault) -> [UInt64] {
  var words = [UInt64](repeating: 0, count: 8)
  var span = words.mutableSpan
  try pool.take(block: block, into: &span, journal: &journal)
  return words
}

@Test func pool_givesEveryBlockItsOwnBytesOnce() throws {
  var journal = TestJournal()
  var pool = try pool(bytes: 256, journal: &journal)
  let words = try take(0, from: &pool, &journal)
  #expect(words[0] == 0x0007_0e15_1c23_2a31)
  #expect(journal.index == 1 && pool.unusedBytes == 192)
  do throws(PoolFault) {
    _ = try take(0, from: &pool, &journal)
    Issue.record("bytes given out twice")
  } catch {
    #expect(error == .spent(block: 0, next: 1))
  }
}

@Test func pool_skipsWhatTheJournalSaysIsSpent() throws {
  var journal = TestJournal()
  journal.index = 3
  var pool = try pool(bytes: 256, journal: &journal)
  let usable = pool.nextUsableBlock()
  #expect(usable == 3 && pool.unusedBytes == 64)
  do throws(PoolFault) {
    _ = try take(2, from: &pool, &journal)
    Issue.record("bytes given out twice")
  } catch {
    #expect(error == .spent(block: 2, next: 3))
  }
  _ = try take(3, from: &pool, &journal)
  do throws(PoolFault) {
    _ = try take(4, from: &pool, &journal)
    Issue.record("bytes from nowhere")
  } catch {
    #expect(error == .exhausted(block: 4))
  }
}

@Test func pool_givesNothingWhenTheJournalFails() throws {
  var journal = TestJournal()
  var pool = try pool(bytes: 256, journal: &journal)
  journal.fails = true
  do throws(PoolFault) {
    _ = try take(0, from: &pool, &journal)
    Issue.record("bytes without a record")
  } catch {
    #expect(error == .journal(.system(5)))
  }
  let usable = pool.nextUsableBlock()
  #expect(usable == 0)
}

/// What a block replenishes has a place of its own, wherever the ring wraps.
@Test func pool_isReplenishedAcrossTheWrap() throws {
  var journal = TestJournal()
  var pool = try pool(bytes: AuthenticationPool.capacityBytes, journal: &journal)
  let blocks = UInt32(AuthenticationPool.places)
  let fresh = [UInt8](repeating: 0xab, count: 64)
  let early = pool.replenish(fresh.span, from: 5)
  #expect(!early)
  _ = try take(5, from: &pool, &journal)
  let taken = pool.replenish(fresh.span, from: 5)
  #expect(taken)
  let words = try take(blocks + 5, from: &pool, &journal)
  #expect(words == [UInt64](repeating: 0xabab_abab_abab_abab, count: 8) && pool.unusedBytes == 0)
}

/// Two modules of which one misses a block agree again at the next: the hole moves nothing.
@Test func pool_staysAlignedWhenOneSideMissesABlock() throws {
  var aliceJournal = TestJournal()
  var bobJournal = TestJournal()
  var alice = try pool(bytes: 128, journal: &aliceJournal)
  var bob = try pool(bytes: 128, journal: &bobJournal)
  for block in UInt32(0)..<2 {
    _ = try take(block, from: &alice, &aliceJournal)
    _ = try take(block, from: &bob, &bobJournal)
    let fresh = [UInt8](repeating: UInt8(block) + 1, count: 64)
    if block != 0 { _ = alice.replenish(fresh.span, from: block) }
    _ = bob.replenish(fresh.span, from: block)
  }
  let usable = [alice.nextUsableBlock(), bob.nextUsableBlock()]
  #expect(usable == [3, 2])
  let aliceWords = try take(3, from: &alice, &aliceJournal)
  let bobWords = try take(3, from: &bob, &bobJournal)
  #expect(aliceWords == bobWords)
}
