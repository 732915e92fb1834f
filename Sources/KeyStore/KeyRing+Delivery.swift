import FixedStorage
public import Ports

/// How keys leave. Every one is taken first and handed out only after `seal`; whoever fails in between wipes it and
/// says so with `lose`.
extension KeyRing {
  /// Moves the next released key out of the ring, from where the last one was on. A block
  /// leaves in order, and so do blocks that were stored one behind the other.
  public mutating func takeNext(
    _ share: KeyShare, into key: inout MutableSpan<UInt64>, in vault: inout some KeyVault & ~Copyable
  ) throws(DeliveryRefusal) -> KeyId {
    guard share == .own ? ready.own > 0 : readyCount > 0 else { throw .empty }
    for distance in 0..<Self.capacity {
      let place = (nextTaken + distance) % Self.capacity
      let name = PlaceName(places[place])
      guard name.content == .key, book[name.row].phase == .released else { continue }
      guard share == .all || isOwn(name.index) else { continue }
      let id = try take(place, into: &key, in: &vault)
      // A key of the other parity that was passed over is found when the search comes round again.
      nextTaken = place
      return id
    }
    preconditionFailure("released keys are counted")
  }

  /// Moves a key out that is asked for by name: one that the peer's module hands out without.
  public mutating func take(
    _ id: KeyId, into key: inout MutableSpan<UInt64>, in vault: inout some KeyVault & ~Copyable
  ) throws(DeliveryRefusal) {
    guard let row = book.row(epoch: id.epoch, block: id.block) else { throw .unknown }
    let block = book[row]
    guard id.index < block.count else { throw .unknown }
    switch block.phase {
    case .none, .erased: throw .unknown
    case .writing, .held: throw .held
    case .released: break
    }
    guard id.index < block.released else { throw .unknown }
    guard !isOwn(id.index) else { throw .ownParity }
    guard let place = place(row, id.index) else { throw .delivered }
    switch PlaceName(places[place]).content {
    case .key: _ = try take(place, into: &key, in: &vault)
    case .delivered: throw .delivered
    case .erased, .nothing: throw .unknown
    }
  }

  /// Makes the removal of everything that was taken durable. If that fails nothing of it may be handed out.
  public mutating func seal(_ vault: inout some KeyVault & ~Copyable) throws(DeliveryRefusal) {
    guard sync(&vault) else { throw .vault }
  }

  /// Keys that were taken and could not be handed out.
  public mutating func lose(_ count: Int) {
    counts.lost += UInt64(count)
    counts.delivered -= UInt64(count)
  }

  private mutating func take(
    _ place: Int, into key: inout MutableSpan<UInt64>, in vault: inout some KeyVault & ~Copyable
  ) throws(DeliveryRefusal) -> KeyId {
    precondition(key.count == Self.keyWords)
    let name = PlaceName(places[place])
    var block = book[name.row]
    let id = KeyId(epoch: block.epoch, block: block.block, index: name.index)
    var record = KeyRecord(.delivered, role: role, index: id.index, block: id.block, epoch: id.epoch)
    record.seal()
    guard write(record, at: place, in: &vault) else { throw .vault }
    for i in 0..<Self.keyWords { key[i] = keys[place * Self.keyWords + i] }
    keys.wipe((place * Self.keyWords)..<((place + 1) * Self.keyWords))
    places[place] = PlaceName(row: name.row, index: name.index, content: .delivered).word
    block.left -= 1
    book[name.row] = block
    countReady(name.index, -1)
    count -= 1
    counts.delivered += 1
    return id
  }

  /// Name of the key `offset` places behind the oldest and whether it is released, for the console.
  public func listing(_ offset: Int) -> (id: KeyId, isReleased: Bool)? {
    var left = offset
    for distance in 0..<Self.capacity {
      let name = PlaceName(places[(nextTaken + distance) % Self.capacity])
      guard name.content == .key else { continue }
      if left == 0 {
        let block = book[name.row]
        return (KeyId(epoch: block.epoch, block: block.block, index: name.index), block.phase == .released)
      }
      left -= 1
    }
    return nil
  }
}
