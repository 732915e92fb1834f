public import Ports

/// What a journal leaves on its medium; it outlives the `MemoryJournal`s that write it, as flash outlives a power loss.
public final class JournalMedium {
  public var index: UInt64 = 0
  public var isCorrupt = false

  public init() {}
}

/// An index journal in memory.
public struct MemoryJournal: IndexJournal, ~Copyable {
  private let medium: JournalMedium

  public init(_ medium: JournalMedium) { self.medium = medium }

  public mutating func recordedIndex() throws(JournalError) -> UInt64 {
    guard !medium.isCorrupt else { throw .corrupt }
    return medium.index
  }

  public mutating func record(_ index: UInt64) throws(JournalError) {
    guard !medium.isCorrupt else { throw .corrupt }
    medium.index = index
  }
}
