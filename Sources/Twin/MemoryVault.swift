public import HostStorage
public import Ports

/// What a vault leaves on its medium; it outlives the `MemoryVault`s that write it, as flash outlives a power loss.
public final class VaultMedium {
  /// How power is lost: after so many writes and syncs, with a seed that says what of the unsynced survives.
  public struct Cut {
    public var operations: Int
    public var seed: UInt64

    public init(operations: Int, seed: UInt64) {
      self.operations = operations
      self.seed = seed
    }
  }

  static let recordBytes = 64

  /// Records that would be found after a power loss, by place.
  fileprivate(set) var durable: [Int: [UInt8]] = [:]
  /// What was written since the last sync, in order.
  private var pending: [(place: Int, record: [UInt8])] = []
  /// Writes and syncs so far.
  public private(set) var operations = 0
  public var cut: Cut?
  public private(set) var isDead = false

  public init() {}

  /// Bytes of the records that would be found now, in no order.
  public var bytes: [UInt8] { durable.values.flatMap { $0 } }

  /// Power comes back: what survived stays, and the next cut is not planned.
  public func restorePower() {
    isDead = false
    cut = nil
    operations = 0
    pending = []
  }

  /// Damages one record.
  public func bend(with random: inout SeededRandom) {
    guard let place = durable.keys.sorted().randomElement(using: &random), let record = durable[place] else { return }
    var bent = record
    while bent == record {
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bent[Int.random(in: 0..<Self.recordBytes, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
    }
    durable[place] = bent
  }

  func read(_ place: Int) -> [UInt8] {
    if let written = pending.last(where: { $0.place == place }) { return written.record }
    return durable[place] ?? [UInt8](repeating: 0, count: Self.recordBytes)
  }

  func write(_ place: Int, _ record: [UInt8]) throws(StoreError) {
    try count()
    pending.append((place, record))
  }

  func sync() throws(StoreError) {
    try count()
    for written in pending { durable[written.place] = written.record }
    pending = []
  }

  func wipe() throws(StoreError) {
    try count()
    pending = []
    durable = [:]
  }

  private func count() throws(StoreError) {
    guard !isDead else { throw .system(5) }
    operations += 1
    guard let cut, operations > cut.operations else { return }
    isDead = true
    var random = SeededRandom(seed: cut.seed)
    // Of what was not synced some is there, some is not, and one record may be torn.
    for written in pending {
      switch Int.random(in: 0..<5, using: &random) {
      case 0...1: durable[written.place] = written.record
      case 2:
        let old = durable[written.place] ?? [UInt8](repeating: 0, count: Self.recordBytes)
        let bytes = Int.random(in: 1..<Self.recordBytes, using: &random)
        durable[written.place] = Array(written.record[..<bytes] + old[bytes...])
      default: break
      }
    }
    pending = []
    throw .system(5)
  }
}

/// A key vault in memory; without a medium the module has none.
public struct MemoryVault: KeyVault, ~Copyable {
  private let medium: VaultMedium?

  public init(_ medium: VaultMedium?) { self.medium = medium }

  public mutating func readKeyRecord(_ place: Int, into record: inout MutableSpan<UInt8>) throws(StoreError) {
    guard let medium else { throw .absent }
    let bytes = medium.read(place)
    for i in bytes.indices { record[i] = bytes[i] }
  }

  public mutating func writeKeyRecord(_ place: Int, _ record: Span<UInt8>) throws(StoreError) {
    guard let medium else { throw .absent }
    precondition(record.count == VaultMedium.recordBytes)
    try medium.write(place, record.indices.map { record[$0] })
  }

  public mutating func syncKeyRecords() throws(StoreError) {
    guard let medium else { throw .absent }
    try medium.sync()
  }

  public mutating func wipeKeyRecords() throws(StoreError) {
    guard let medium else { throw .absent }
    try medium.wipe()
  }
}
