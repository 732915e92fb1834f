import FixedStorage
public import Ports
public import Units

/// Keys over a restart. Without a vault everything here does nothing and succeeds.
extension KeyRing {
  /// Records that are written in one call of `keep`, which comes once a tick.
  public static var recordsPerCall: Int { 256 }

  /// Goes on writing the keys of finished blocks; the peer is told of a block only when all of them are durable.
  public mutating func keep(in vault: inout some KeyVault & ~Copyable) {
    guard writing > 0, let row = book.oldest(where: { $0.phase == .writing }) else { return }
    var block = book[row]
    let end = hasVault ? min(block.count, block.written + UInt16(Self.recordsPerCall)) : block.count
    while hasVault, block.written < end {
      guard writeKey(row, block.written, in: &vault) else { return giveUp(row, &vault) }
      block.written += 1
    }
    block.written = end
    book[row] = block
    guard end == block.count else { return }
    // Keys before the row that names them: a row without keys cannot be, keys without a row are erased at the start.
    guard sync(&vault), writeBlock(row, in: &vault), sync(&vault) else { return giveUp(row, &vault) }
    book[row].phase = block.count == 0 ? .erased : .held
    writing -= 1
  }

  /// Reads the vault at power-up. A record that is torn counts as not there.
  public mutating func load(
    from vault: inout some KeyVault & ~Copyable, at now: Instant
  ) throws(StoreError) {
    do throws(StoreError) {
      for row in 0..<Self.blocksMax { try loadBlock(row, from: &vault, at: now) }
    } catch {
      guard error == .absent else { throw error }
      return
    }
    hasVault = true
    var row: Int?
    for place in 0..<Self.capacity { try loadKey(place, &row, from: &vault) }
    // A block that lost keys to a power cut must not tell the peer that it has all of them.
    for row in 0..<Self.blocksMax where book[row].phase == .held && book[row].left < book[row].count {
      counts.lost += UInt64(eraseBlock(row, in: &vault))
    }
    try vault.syncKeyRecords()
  }

  /// Forgets everything, in the vault too.
  public mutating func wipe(_ vault: inout some KeyVault & ~Copyable) {
    keys.wipe()
    places.wipe()
    book.wipe()
    early = .init(repeating: nil)
    count = 0
    ready = (0, 0)
    writing = 0
    guard hasVault else { return }
    do throws(StoreError) { try vault.wipeKeyRecords() } catch { vaultFailed = true }
  }

  private mutating func giveUp(_ row: Int, _ vault: inout some KeyVault & ~Copyable) {
    counts.lost += UInt64(eraseBlock(row, in: &vault))
  }

  mutating func write(_ record: consuming KeyRecord, at place: Int, in vault: inout some KeyVault & ~Copyable) -> Bool {
    guard hasVault else {
      record.wipe()
      return true
    }
    var isWritten = true
    do throws(StoreError) { try vault.writeKeyRecord(place, record.span) } catch {
      vaultFailed = true
      isWritten = false
    }
    record.wipe()
    return isWritten
  }

  mutating func sync(_ vault: inout some KeyVault & ~Copyable) -> Bool {
    guard hasVault else { return true }
    do throws(StoreError) { try vault.syncKeyRecords() } catch {
      vaultFailed = true
      return false
    }
    return true
  }

  private mutating func writeKey(_ row: Int, _ index: UInt16, in vault: inout some KeyVault & ~Copyable) -> Bool {
    guard let place = place(row, index) else { preconditionFailure("a block that is written has all of its keys") }
    let block = book[row]
    var record = KeyRecord(.key, role: role, index: index, block: block.block, epoch: block.epoch)
    for i in 0..<Self.keyWords { record.setWord(i, to: keys[place * Self.keyWords + i]) }
    record.seal()
    return write(record, at: place, in: &vault)
  }

  mutating func writeBlock(_ row: Int, in vault: inout some KeyVault & ~Copyable) -> Bool {
    let block = book[row]
    var record = KeyRecord(.block, role: role, index: block.count, block: block.block, epoch: block.epoch)
    let isReleased = block.phase == .released
    let phase = isReleased ? BlockPhase.released : .held
    record.setWord(0, to: UInt64(block.released) << 48 | UInt64(phase.rawValue) << 40 | UInt64(block.age))
    record.setWord(1, to: block.ownTag)
    record.setWord(2, to: book.point(row))
    record.setWord(3, to: book.peerPad(row))
    record.seal()
    return write(record, at: Self.capacity + row, in: &vault)
  }

  private mutating func loadBlock(
    _ row: Int, from vault: inout some KeyVault & ~Copyable, at now: Instant
  ) throws(StoreError) {
    var record = KeyRecord()
    var span = record.mutableSpan
    try vault.readKeyRecord(Self.capacity + row, into: &span)
    guard record.kind(role: role) == .block else { return }
    let phase = BlockPhase(rawValue: UInt8(truncatingIfNeeded: record.word(0) >> 40))
    guard let phase, phase == .held || phase == .released else { return }
    var block = KeyBlock()
    block.epoch = record.epoch
    block.block = record.block
    block.phase = phase
    block.count = record.index
    block.released = UInt16(truncatingIfNeeded: record.word(0) >> 48)
    block.written = block.count
    block.age = UInt32(truncatingIfNeeded: record.word(0))
    block.storedNs = now.ns
    block.ownTag = record.word(1)
    book[row] = block
    book.setSecrets(row, point: record.word(2), peerPad: record.word(3))
    record.wipe()
    nextAge = max(nextAge, block.age &+ 1)
  }

  /// `row` is that of the last key, which is mostly that of the next one.
  private mutating func loadKey(
    _ place: Int, _ row: inout Int?, from vault: inout some KeyVault & ~Copyable
  ) throws(StoreError) {
    var record = KeyRecord()
    var span = record.mutableSpan
    try vault.readKeyRecord(place, into: &span)
    guard let kind = record.kind(role: role) else { return record.wipe() }
    if row.map({ book[$0].epoch == record.epoch && book[$0].block == record.block }) != true {
      row = book.row(epoch: record.epoch, block: record.block)
    }
    guard let row, isWanted(record, row) else {
      // A key whose block is not known, or that the peer does not have.
      record.wipe()
      return try vault.writeKeyRecord(place, KeyRecord().span)
    }
    var block = book[row]
    if block.left == 0, kind == .key || block.firstPlace == 0 {
      block.firstPlace = UInt16((place + Self.capacity - Int(record.index)) % Self.capacity)
    }
    places[place] =
      PlaceName(row: row, index: record.index, content: kind == .key ? .key : .delivered).word
    if kind == .key {
      for i in 0..<Self.keyWords { keys[place * Self.keyWords + i] = record.word(i) }
      if block.phase == .released { countReady(record.index, 1) }
      block.left += 1
      count += 1
    }
    book[row] = block
    record.wipe()
  }

  private func isWanted(_ record: borrowing KeyRecord, _ row: Int) -> Bool {
    let block = book[row]
    switch record.kind(role: role) {
    case .key, .delivered: return record.index < (block.phase == .released ? block.released : block.count)
    case .block, nil: return false
    }
  }
}
