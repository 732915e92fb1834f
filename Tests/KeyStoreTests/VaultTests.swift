import FixedStorage
import HostStorage
import KeyStore
import Ports
import Testing
import Twin
import Units

/// Held and released keys come back, in their states, and what was handed out stays handed out.
@Test func restart_bringsHeldAndReleasedKeysBack() throws {
  let (aliceMedium, bobMedium) = (VaultMedium(), VaultMedium())
  let keys = [finalKey(keys: 6, seed: 1), finalKey(keys: 3, seed: 2)]
  var alice = try Store(.alice, aliceMedium)
  var bob = try Store(.bob, bobMedium)
  alice.hold(keys[0], block: 1)
  bob.hold(keys[0], block: 1)
  agree(alice, bob)
  alice.hold(keys[1], block: 2)
  bob.hold(keys[1], block: 2)
  alice.keep()
  bob.keep()
  let first = alice.next()
  #expect(first?.id == KeyId(1, 0))
  alice = try Store(.alice, aliceMedium)
  #expect(alice.ready == 5 && alice.count == 8 && alice.refusal(of: KeyId(2, 1)) == .held)
  bob = try Store(.bob, bobMedium)
  #expect(bob.ready == 6 && bob.count == 9)
  #expect(try bob.take(KeyId(1, 0)) == slice(keys[0], 0) && bob.refusal(of: KeyId(1, 0)) == .delivered)
  bob = try Store(.bob, bobMedium)
  #expect(bob.refusal(of: KeyId(1, 0)) == .delivered && bob.ready == 5)
  agree(alice, bob)
  #expect(alice.ready == 8 && bob.ready == 8)
  #expect(try alice.take(KeyId(2, 1)) == slice(keys[1], 1))
  let rest = alice.everything()
  #expect(Set(rest.map { "\($0)" }).count == 7 && alice.count == 0)
}

/// The peer lost its memory: nothing of what was only held leaves, and nothing stays on the medium.
@Test func restart_ofAPeerWithoutAVault_erasesWhatWasOnlyHeld() throws {
  let medium = VaultMedium()
  let key = finalKey(keys: 3, seed: 3)
  let before = try Store(.alice, medium)
  before.hold(key, block: 1)
  before.keep()
  #expect(medium.bytes.contains(bytes(of: slice(key, 2))))
  let alice = try Store(.alice, medium)
  let bob = try Store(.bob)
  agree(alice, bob)
  #expect(alice.count == 0 && alice.counts.unshared == 3)
  for index in UInt16(0)..<3 { #expect(!medium.bytes.contains(bytes(of: slice(key, index)))) }
  #expect(try Store(.alice, medium).count == 0)
}

/// A vault of the other role is none.
@Test func vault_ofTheOtherRole_countsAsEmpty() throws {
  let medium = VaultMedium()
  let alice = try Store(.alice, medium)
  alice.hold(finalKey(keys: 3, seed: 4), block: 1)
  alice.keep()
  #expect(try Store(.bob, medium).count == 0)
}

@Test func wipe_leavesNothingInTheVault() throws {
  let medium = VaultMedium()
  let alice = try Store(.alice, medium)
  alice.hold(finalKey(keys: 3, seed: 5), block: 1)
  alice.keep()
  alice.ring.wipe(&alice.vault)
  #expect(alice.count == 0 && medium.bytes.allSatisfy { $0 == 0 })
  #expect(try Store(.alice, medium).count == 0)
}

/// Nothing is told before all keys of the block are safe, however long the vault takes.
@Test func telling_waitsForTheVault() throws {
  let alice = try Store(.alice, VaultMedium())
  alice.hold(finalKey(keys: 2 * KeyRing.recordsPerCall + 1, seed: 6), block: 1)
  for _ in 0..<2 {
    alice.ring.keep(in: &alice.vault)
    #expect(alice.tellings().isEmpty)
  }
  alice.ring.keep(in: &alice.vault)
  #expect(alice.tellings().count == 1)
}

/// What a consumer was handed, over as many lives as it takes.
private struct Handed {
  var keys: [(id: KeyId, key: [UInt64])] = []

  mutating func take(from store: Store, _ ids: [KeyId]) {
    for _ in 0..<2 { if let next = store.next(.own) { keys.append(next) } }
    for id in ids { if let key = try? store.take(id) { keys.append((id, key)) } }
  }
}

/// KEY-002 Power is cut at every write and sync: no key is handed out twice, none is wrong, the next life starts.
@Test(arguments: 0..<60) func powerCut_atEveryWrite_neverHandsAKeyOutTwice(operations: Int) throws {
  for seed in UInt64(0)..<8 {
    let medium = VaultMedium()
    let keys = [finalKey(keys: 6, seed: 7), finalKey(keys: 4, seed: 8)]
    let ids = [KeyId(1, 1), KeyId(1, 3), KeyId(2, 1)]
    var handed = Handed()
    medium.cut = VaultMedium.Cut(operations: operations, seed: seed)
    let bobMedium = VaultMedium()
    var bob = try Store(.bob, bobMedium)
    if let alice = try? Store(.alice, medium) {
      for block in 0..<2 {
        alice.hold(keys[block], block: UInt32(block) + 1)
        bob.hold(keys[block], block: UInt32(block) + 1)
        if block == 0 { agree(alice, bob) }
        handed.take(from: alice, ids)
      }
      alice.ring.beginConnection()
      agree(alice, bob)
      handed.take(from: alice, ids)
    }
    medium.restorePower()
    let again = try Store(.alice, medium)
    bob = try Store(.bob, bobMedium)
    agree(again, bob)
    for _ in 0..<6 { handed.take(from: again, ids) }
    #expect(Set(handed.keys.map { "\($0.id)" }).count == handed.keys.count)
    for (id, key) in handed.keys { #expect(key == slice(keys[Int(id.block) - 1], id.index)) }
    // What Alice handed out Bob has too, unless Bob's block was not shared: then it was not handed out.
    for (id, key) in handed.keys where id.index & 1 == 0 { #expect(try bob.take(id) == key) }
    #expect(again.count == again.ready)
  }
}

/// Bent bytes on the medium: whatever is read, the ring's books agree with each other and no wrong key leaves.
@Test(arguments: fuzzSeeds(100)) func damagedVault_givesRightKeysOrNone(seed: UInt64) throws {
  var random = SeededRandom(seed: seed)
  let medium = VaultMedium()
  let key = finalKey(keys: 6, seed: 9)
  let before = try Store(.alice, medium)
  let bob = try Store(.bob)
  before.hold(key, block: 1)
  bob.hold(key, block: 1)
  agree(before, bob)
  medium.bend(with: &random)
  let alice = try Store(.alice, medium)
  #expect(alice.ready <= 6 && alice.count == alice.ready)
  var found = 0
  while let next = alice.next() {
    #expect(next.id.block == 1 && next.key == slice(key, next.id.index))
    found += 1
  }
  #expect(found < 6 && alice.count == 0)
}
