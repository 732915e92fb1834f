import FixedStorage
public import Ports
public import Units

/// The second phase: what the two modules tell each other about the keys that they hold.
extension KeyRing {
  /// The next block that the peer is to be told of, nil when it knows all.
  public mutating func nextTelling() -> HeldNote? {
    let due = book.oldest { !$0.isTold && ($0.phase == .held || $0.phase == .erased) }
    guard let row = due else { return nil }
    book[row].isTold = true
    return note(row, isAnswer: false)
  }

  /// A new connection: what waits for the peer is told again.
  public mutating func beginConnection() {
    for row in 0..<book.rows where book.phase(row) == .held { book[row].isTold = false }
    early = .init(repeating: nil)
  }

  /// Takes in what the peer tells of a block; returns the answer, if it is due one. `isOpen`: the block is not finished
  /// here, so that the message waits.
  public mutating func hear(
    _ note: HeldNote, isOpen: Bool, in vault: inout some KeyVault & ~Copyable
  ) -> HeldNote? {
    let row = book.row(epoch: note.epoch, block: note.block)
    if let row {
      switch book.phase(row) {
      case .held: settle(row, note, in: &vault)
      case .writing:
        remember(note)
        return nil
      case .none, .released, .erased: break
      }
    } else if isOpen {
      remember(note)
      return nil
    }
    guard !note.isAnswer else { return nil }
    guard let row else {
      return HeldNote(epoch: note.epoch, block: note.block, count: 0, tag: 0, isAnswer: true)
    }
    return self.note(row, isAnswer: true)
  }

  /// The next of the early messages whose block is not `isOpen` any more; it is to be heard again.
  public mutating func nextEarly(isOpen: (UInt32) -> Bool) -> HeldNote? {
    for i in early.indices {
      guard let note = early[i], !isOpen(note.block) else { continue }
      if let row = book.row(epoch: note.epoch, block: note.block), book.phase(row) == .writing { continue }
      early[i] = nil
      return note
    }
    return nil
  }

  private mutating func remember(_ note: HeldNote) {
    var place = 0
    for i in early.indices.reversed() where early[i] == nil { place = i }
    for i in early.indices where early[i]?.block == note.block && early[i]?.epoch == note.epoch { place = i }
    early[place] = note
  }

  private func note(_ row: Int, isAnswer: Bool) -> HeldNote {
    let block = book[row]
    let isHere = block.phase == .held || block.phase == .released
    return HeldNote(
      epoch: block.epoch, block: block.block, count: isHere ? block.count : 0,
      tag: isHere && block.count > 0 ? block.ownTag : 0, isAnswer: isAnswer)
  }

  /// Releases a held block as far as the peer has it, or erases it.
  private mutating func settle(_ row: Int, _ note: HeldNote, in vault: inout some KeyVault & ~Copyable) {
    guard note.count > 0 else {
      counts.unshared += UInt64(eraseBlock(row, in: &vault))
      return
    }
    guard book.verifies(note, row) else {
      counts.blocksMismatched += 1
      counts.unshared += UInt64(eraseBlock(row, in: &vault))
      return
    }
    book.wipeSecrets(row)
    let shared = min(book[row].count, note.count)
    counts.unshared += UInt64(eraseKeys(of: row, from: shared, in: &vault))
    var block = book[row]
    block.phase = .released
    block.released = shared
    book[row] = block
    if readyCount == 0 { nextTaken = Int(block.firstPlace) }
    for place in 0..<Self.capacity {
      let name = PlaceName(places[place])
      guard name.isOf(row), name.content == .key else { continue }
      countReady(name.index, 1)
      counts.released += 1
    }
    // A release that does not reach the vault is agreed on again after a restart.
    _ = writeBlock(row, in: &vault) && sync(&vault)
  }

  /// Gives the keys of a block up; whoever asks is told that there are none. Returns how many there were.
  mutating func eraseBlock(_ row: Int, in vault: inout some KeyVault & ~Copyable) -> Int {
    let erased = eraseKeys(of: row, in: &vault)
    if book.phase(row) == .writing { writing -= 1 }
    book.wipeSecrets(row)
    book[row].phase = .erased
    book[row].isTold = false
    _ = write(KeyRecord(), at: Self.capacity + row, in: &vault) && sync(&vault)
    return erased
  }

  /// Erases what is older than the lifetime; looks once a second.
  public mutating func expire(at now: Instant, in vault: inout some KeyVault & ~Copyable) {
    guard lifetime.count > 0, now >= nextExpiry else { return }
    nextExpiry = now + Nanoseconds(milliseconds: 1000)
    for row in 0..<book.rows {
      let block = book[row]
      guard block.left > 0, now.ns >= block.storedNs, now.ns - block.storedNs >= lifetime.count else { continue }
      counts.expired += UInt64(eraseBlock(row, in: &vault))
    }
  }
}
