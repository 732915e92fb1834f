import FixedStorage
import Foundation
import HostStorage
import KeyStore
import Ports
import Testing
import Twin
import Units

/// As words lie in a record.
func bytes(of words: [UInt64]) -> [UInt8] {
  words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) } }
}

/// KEY-001 Nothing leaves before the peer has told the right tag, and then the same keys leave at both ends, once.
@Test func keys_ofOneBlock_areReleasedByTheTagsAndLeaveOnce() throws {
  let key = finalKey(keys: 5, seed: 1)
  let alice = try Store(.alice)
  let bob = try Store(.bob)
  alice.hold(key, block: 9)
  bob.hold(key, block: 9)
  alice.keep()
  #expect(alice.count == 5 && alice.ring.heldCount == 5 && alice.next() == nil)
  #expect(alice.refusal(of: KeyId(9, 1)) == .held)
  agree(alice, bob)
  #expect(alice.ready == 5 && bob.ready == 5 && alice.ring.heldCount == 0)
  for index in UInt16(0)..<5 {
    let (one, other) = (try #require(alice.next()), try #require(bob.next()))
    #expect(one.id == KeyId(9, index) && other.id == one.id)
    #expect(one.key == slice(key, index) && other.key == one.key)
  }
  #expect(alice.next() == nil && bob.next() == nil && alice.count == 0 && alice.counts.delivered == 5)
}

/// Two consumers never get one key as their own; what one got, the other finds by its name.
@Test func parity_saysWhoHandsOutAKeyWithoutAName() throws {
  let key = finalKey(keys: 6, seed: 2)
  let alice = try Store(.alice)
  let bob = try Store(.bob)
  alice.hold(key, block: 1)
  bob.hold(key, block: 1)
  agree(alice, bob)
  #expect(alice.refusal(of: KeyId(1, 0)) == .ownParity && bob.refusal(of: KeyId(1, 1)) == .ownParity)
  let fromAlice = alice.everything(.own)
  let fromBob = bob.everything(.own)
  #expect(fromAlice.map(\.index) == [0, 2, 4] && fromBob.map(\.index) == [1, 3, 5])
  for id in fromAlice {
    let found = try bob.take(id)
    #expect(found == slice(key, id.index) && bob.refusal(of: id) == .delivered)
  }
  for id in fromBob {
    let found = try alice.take(id)
    #expect(found == slice(key, id.index) && alice.refusal(of: id) == .delivered)
  }
  #expect(alice.count == 0 && bob.count == 0)
  #expect(alice.refusal(of: KeyId(1, 6)) == .unknown && alice.refusal(of: KeyId(2, 0)) == .unknown)
  #expect(alice.refusal(of: KeyId(epoch: 78, block: 1, index: 1)) == .unknown)
}

/// KEY-001 Every single wrong bit of what the peer tells, tag or count, costs the block and gives no key.
@Test func wrongTag_erasesTheBlockAndIsCounted() throws {
  let key = finalKey(keys: 4, seed: 3)
  let told = try Store(.alice)
  told.hold(key, block: 3)
  told.keep()
  let real = try #require(told.tellings().first)
  for bit in 0..<80 {
    var forged = real
    if bit < 64 { forged.tag ^= 1 << UInt64(bit) } else { forged.count ^= 1 << UInt16(bit - 64) }
    // A count of zero needs no tag: it says that there is nothing.
    guard forged.count > 0 else { continue }
    let bob = try Store(.bob)
    bob.hold(key, block: 3)
    bob.keep()
    let answer = bob.hear(forged)
    #expect(bob.count == 0 && bob.counts.blocksMismatched == 1 && bob.counts.unshared == 4)
    #expect(answer?.count == 0 && bob.next() == nil && bob.refusal(of: KeyId(3, 0)) == .unknown)
    // The right tag comes too late.
    _ = bob.hear(real)
    #expect(bob.next() == nil)
  }
}

/// The tag of one direction is none in the other, and that of another block is none either.
@Test func tag_ofAnotherDirectionOrBlock_isWrong() throws {
  let key = finalKey(keys: 4, seed: 4)
  let alice = try Store(.alice)
  for block in UInt32(1)...2 {
    alice.hold(block == 1 ? key : finalKey(keys: 4, seed: 5), block: block)
    alice.keep()
  }
  let notes = alice.tellings()
  var mirrored = notes[0]
  mirrored.isAnswer = true
  _ = alice.hear(mirrored)
  #expect(alice.counts.blocksMismatched == 1)
  let bob = try Store(.bob)
  bob.hold(key, block: 1)
  bob.keep()
  var moved = notes[1]
  moved.block = 1
  _ = bob.hear(moved)
  #expect(bob.counts.blocksMismatched == 1 && bob.next() == nil)
}

@Test func peerWithoutTheBlock_makesItErased() throws {
  let alice = try Store(.alice)
  let bob = try Store(.bob)
  alice.hold(finalKey(keys: 3, seed: 6), block: 4)
  agree(alice, bob)
  #expect(alice.count == 0 && alice.counts.unshared == 3 && alice.next() == nil)
  #expect(alice.counts.blocksMismatched == 0)
}

/// A message that comes before the own block is finished waits for it, and an answer is never answered.
@Test func earlyMessage_waitsForTheBlock() throws {
  let key = finalKey(keys: 2, seed: 7)
  let alice = try Store(.alice)
  let bob = try Store(.bob)
  alice.hold(key, block: 5)
  alice.keep()
  let note = try #require(alice.tellings().first)
  #expect(bob.hear(note, isOpen: true) == nil)
  #expect(bob.nextEarly(open: 5) == nil)
  bob.hold(key, block: 5)
  // While the vault is written it goes on waiting.
  #expect(bob.nextEarly() == nil)
  bob.keep()
  let heard = try #require(bob.nextEarly())
  let answer = try #require(bob.hear(heard))
  #expect(answer.isAnswer && bob.ready == 2)
  #expect(alice.hear(answer) == nil && alice.ready == 2)
  #expect(bob.nextEarly() == nil)
}

/// A block that came to nothing here is answered with nothing once it is closed.
@Test func earlyMessage_ofABlockThatWasRefused_isAnsweredWithNothing() throws {
  let alice = try Store(.alice)
  let bob = try Store(.bob)
  alice.hold(finalKey(keys: 2, seed: 8), block: 6)
  alice.keep()
  _ = bob.hear(try #require(alice.tellings().first), isOpen: true)
  let heard = try #require(bob.nextEarly())
  let answer = try #require(bob.hear(heard))
  #expect(answer.count == 0 && answer.isAnswer)
  _ = alice.hear(answer)
  #expect(alice.count == 0)
}

/// Whichever of the two messages and answers is lost: the next connection settles it, at both ends alike.
@Test(arguments: 0..<16) func lostMessages_areMadeUpForByTheNextConnection(lost: Int) throws {
  let key = finalKey(keys: 4, seed: 9)
  let alice = try Store(.alice)
  let bob = try Store(.bob)
  alice.hold(key, block: 1)
  bob.hold(key, block: 1)
  alice.keep()
  bob.keep()
  let (fromAlice, fromBob) = (alice.tellings(), bob.tellings())
  #expect(fromAlice.count == 1 && fromBob.count == 1 && alice.tellings().isEmpty)
  if lost & 1 == 0, let answer = bob.hear(fromAlice[0]), lost & 2 == 0 { _ = alice.hear(answer) }
  if lost & 4 == 0, let answer = alice.hear(fromBob[0]), lost & 8 == 0 { _ = bob.hear(answer) }
  alice.ring.beginConnection()
  bob.ring.beginConnection()
  agree(alice, bob)
  let ids = alice.everything()
  #expect(ids.count == 4 && bob.everything() == ids)
}

@Test func lifetime_erasesWhatIsOlderAndNothingElse() throws {
  for medium in [nil, VaultMedium()] {
    let alice = try Store(.alice, medium)
    let bob = try Store(.bob)
    let key = finalKey(keys: 3, seed: 10)
    alice.hold(key, block: 1)
    bob.hold(key, block: 1)
    agree(alice, bob)
    alice.now = Instant(ns: 3_600_000_000_000)
    alice.hold(finalKey(keys: 2, seed: 11), block: 2)
    alice.keep()
    let day: UInt64 = 86_400_000_000_000
    alice.ring.expire(at: Instant(ns: day - 1), in: &alice.vault)
    #expect(alice.count == 5)
    alice.ring.expire(at: Instant(ns: day + 1_000_000_000), in: &alice.vault)
    #expect(alice.count == 2 && alice.counts.expired == 3 && alice.ready == 0)
    #expect(alice.refusal(of: KeyId(1, 1)) == .unknown)
    #expect(medium?.bytes.contains(bytes(of: slice(key, 0))) != true)
    #expect(medium?.bytes.contains(bytes(of: slice(finalKey(keys: 2, seed: 11), 1))) != false)
    alice.ring.lifetime = Nanoseconds(0)
    alice.ring.expire(at: Instant(ns: 100 * day), in: &alice.vault)
    #expect(alice.count == 2)
  }
}

/// New keys that do not fit are dropped, the peer learns how many are held, and both release the same.
@Test func fullRing_dropsNewKeysAndBothReleaseTheSmallerCount() throws {
  let alice = try Store(.alice)
  let bob = try Store(.bob)
  let large = finalKey(keys: KeyRing.capacity - 2, seed: 12)
  alice.hold(large, block: 1)
  agree(alice, bob)
  #expect(alice.count == 0)
  bob.hold(large, block: 2)
  alice.hold(large, block: 2)
  let small = finalKey(keys: 5, seed: 13)
  alice.hold(small, block: 3)
  #expect(alice.count == KeyRing.capacity && alice.counts.dropped == 3)
  agree(alice, bob)
  bob.hold(small, block: 3)
  agree(alice, bob)
  #expect(alice.ready == KeyRing.capacity - 2 && alice.counts.unshared == UInt64(KeyRing.capacity))
  alice.hold(small, block: 4)
  bob.hold(finalKey(keys: 1, seed: 14), block: 9)
  bob.hold(small, block: 4)
  agree(alice, bob)
  let ids = alice.everything()
  #expect(ids == bob.everything() && ids.filter { $0.block == 4 }.count == 1)
}

/// Blocks beyond the book push out those without keys, then those that the peer never answered for.
@Test func book_thatIsFull_forgetsEmptyBlocksThenUnansweredOnes() throws {
  let alice = try Store(.alice)
  let bob = try Store(.bob)
  for block in 0..<UInt32(KeyRing.blocksMax) {
    let key = finalKey(keys: 1, seed: UInt64(block))
    alice.hold(key, block: block)
    if block != 3 { bob.hold(key, block: block) }
    alice.keep()
    // What is told of block 3 is lost on the way.
    if block == 3 { _ = alice.tellings() } else { agree(alice, bob) }
  }
  #expect(alice.next()?.id == KeyId(0, 0))
  #expect(alice.refusal(of: KeyId(0, 0)) == .ownParity && alice.refusal(of: KeyId(3, 0)) == .held)
  alice.hold(finalKey(keys: 1, seed: 1000), block: 1000)
  #expect(alice.refusal(of: KeyId(0, 0)) == .unknown && alice.refusal(of: KeyId(3, 0)) == .held)
  alice.keep()
  _ = alice.tellings()
  alice.hold(finalKey(keys: 1, seed: 1001), block: 1001)
  #expect(alice.refusal(of: KeyId(3, 0)) == .unknown && alice.counts.unshared == 1)
  #expect(alice.refusal(of: KeyId(1000, 0)) == .held && alice.counts.dropped == 0)
  #expect(alice.count == KeyRing.blocksMax)
}

/// Every key of a session is a run of the final key behind the pool's bytes and the words of the tags.
@Test func layout_keepsKeysApartFromPoolAndTags() throws {
  #expect(KeyLayout.poolWords == 8 && KeyLayout.firstKeyWord == 11)
  for bits in 0..<4000 {
    let count = KeyLayout.keyCount(finalBits: bits)
    let needed = 512 + 192 + 256 * count
    #expect(count == 0 ? bits < 512 + 192 + 256 : needed <= bits && needed + 256 > bits / 64 * 64)
  }
  let key = finalKey(keys: 20, seed: 15)
  let alice = try Store(.alice)
  let bob = try Store(.bob)
  alice.hold(key, block: 1)
  bob.hold(key, block: 1)
  agree(alice, bob)
  let reserved = Set(key[..<11])
  while let next = alice.next() { #expect(reserved.isDisjoint(with: next.key)) }
  #expect(alice.counts.delivered == 20)
}

@Test func key_tooShort_isNoKeyAtBothEnds() throws {
  let alice = try Store(.alice)
  alice.hold(Array(finalKey(keys: 1, seed: 1)[..<14]), block: 1)
  alice.keep()
  #expect(alice.count == 0 && alice.tellings().isEmpty)
}

/// The tag by long division.
@Test(arguments: fuzzSeeds(50)) func releaseTag_isThatOfANaiveField(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  let (point, pad) = (random.next(), random.next())
  let count = UInt16.random(in: 0...(.max), using: &random)
  var product: (high: UInt64, low: UInt64) = (0, 0)
  for bit in 0..<16 where count >> UInt16(bit) & 1 == 1 {
    product.low ^= point << UInt64(bit)
    product.high ^= bit == 0 ? 0 : point >> UInt64(64 - bit)
  }
  for bit in (0..<64).reversed() where product.high >> UInt64(bit) & 1 == 1 {
    // x^(64 + bit) times the polynomial x^64 + x^4 + x^3 + x + 1.
    product.high ^= bit >= 60 ? 0x1b >> UInt64(64 - bit) : 0
    product.low ^= 0x1b << UInt64(bit)
  }
  #expect(ReleaseTag.tag(of: count, point: point, pad: pad) == product.low ^ pad)
}
