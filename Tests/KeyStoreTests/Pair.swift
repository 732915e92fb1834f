import FixedStorage
import HostStorage
import KeyStore
import Ports
import Testing
import Twin
import Units

/// A final key of so many whole keys and some bits more.
func finalKey(keys: Int, seed: UInt64) -> [UInt64] {
  var random = SeededRandom(seed: seed)
  return (0..<(KeyLayout.firstKeyWord + KeyRing.keyWords * keys + 1)).map { _ in random.next() }
}

/// What the ring should hand out under an index of a final key.
func slice(_ key: [UInt64], _ index: UInt16) -> [UInt64] {
  let first = KeyLayout.firstKeyWord + KeyRing.keyWords * Int(index)
  return Array(key[first..<(first + KeyRing.keyWords)])
}

/// The key store of one module with its vault.
final class Store {
  var ring: KeyRing
  var vault: MemoryVault
  var now = Instant(ns: 0)

  init(_ role: Role, _ medium: VaultMedium? = nil) throws {
    ring = KeyRing(storage: Block.onHost(count: KeyRing.storageWords), role: role)
    vault = MemoryVault(medium)
    try ring.load(from: &vault, at: now)
  }

  func hold(_ key: [UInt64], block: UInt32, epoch: UInt64 = 77) {
    ring.hold(key.span, as: KeyId(epoch: epoch, block: block, index: 0), at: now, in: &vault)
  }

  /// Lets the vault catch up.
  func keep() {
    for _ in 0..<200 { ring.keep(in: &vault) }
  }

  func hear(_ note: HeldNote, isOpen: Bool = false) -> HeldNote? {
    ring.hear(note, isOpen: isOpen, in: &vault)
  }

  /// What is told now, all of it.
  func tellings() -> [HeldNote] {
    var notes: [HeldNote] = []
    while let note = ring.nextTelling() { notes.append(note) }
    return notes
  }

  func next(_ share: KeyShare = .all) -> (id: KeyId, key: [UInt64])? {
    var key = [UInt64](repeating: 0, count: 4)
    var span = key.mutableSpan
    do throws(DeliveryRefusal) {
      let id = try ring.takeNext(share, into: &span, in: &vault)
      try ring.seal(&vault)
      return (id, key)
    } catch {
      return nil
    }
  }

  func take(_ id: KeyId) throws(DeliveryRefusal) -> [UInt64] {
    var key = [UInt64](repeating: 0, count: 4)
    var span = key.mutableSpan
    try ring.take(id, into: &span, in: &vault)
    try ring.seal(&vault)
    return key
  }

  func refusal(of id: KeyId) -> DeliveryRefusal? {
    do throws(DeliveryRefusal) { _ = try take(id) } catch { return error }
    return nil
  }

  var ready: Int { ring.readyCount }
  var count: Int { ring.count }
  var counts: KeyCounts { ring.counts }

  /// The next of the early messages whose block is not `open`.
  func nextEarly(open: UInt32? = nil) -> HeldNote? { ring.nextEarly { $0 == open } }

  func everything(_ share: KeyShare = .all) -> [KeyId] {
    var ids: [KeyId] = []
    while let next = next(share) { ids.append(next.id) }
    return ids
  }
}

/// Carries everything that both have to tell, and the answers, until nothing is left.
func agree(_ alice: Store, _ bob: Store) {
  alice.keep()
  bob.keep()
  for note in alice.tellings() {
    if let answer = bob.hear(note) { _ = alice.hear(answer) }
  }
  for note in bob.tellings() {
    if let answer = alice.hear(note) { _ = bob.hear(answer) }
  }
}

extension KeyId {
  /// A name of the tests' one session.
  init(_ block: UInt32, _ index: UInt16) { self.init(epoch: 77, block: block, index: index) }
}
