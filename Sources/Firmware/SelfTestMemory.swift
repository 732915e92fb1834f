import CLinux
import Controller
import FixedStorage
import Ports

/// Working memory of the self-test, which plays two modules where the arena has room for one: fresh pages from the
/// kernel that stay until the process ends.
struct MappedMemory: StorageSource, ~Copyable {
  mutating func block<Element: FixedWidthInteger & BitwiseCopyable>(
    _ name: StorageName, of element: Element.Type, count: Int
  ) -> Block<Element> {
    mappedBlock(of: element, count: count)
  }
}

func mappedBlock<Element: FixedWidthInteger & BitwiseCopyable>(
  of element: Element.Type, count: Int
) -> Block<Element> {
  guard let start = unsafe gimbal_map_zeroed(count * MemoryLayout<Element>.stride) else {
    preconditionFailure("the self-test needs 64 MiB")
  }
  // The pages are zeroed, page-aligned, `count` elements long, and nobody else knows where they are.
  return unsafe Block(unsafeStart: start.bindMemory(to: element, capacity: count), count: count)
}

/// One direction of a link inside the self-test.
struct MemoryPipe: ClassicalLink, ~Copyable {
  private var bytes: Block<UInt8>
  private var head = 0
  private var tail = 0

  init(_ bytes: consuming Block<UInt8>) { self.bytes = bytes }

  mutating func send(_ sent: Span<UInt8>) throws(LinkError) -> Int {
    if head == tail {
      head = 0
      tail = 0
    }
    let count = min(sent.count, bytes.count - tail)
    for i in 0..<count { bytes[tail + i] = sent[i] }
    tail += count
    return count
  }

  mutating func receive(into room: inout MutableSpan<UInt8>) throws(LinkError) -> Int {
    let count = min(room.count, tail - head)
    for i in 0..<count { room[i] = bytes[head + i] }
    head += count
    return count
  }
}

/// Repeatable bytes where the module takes random ones; it exists in the self-test only.
struct VectorEntropy: EntropySource, ~Copyable {
  private var random: VectorRandom

  init(seed: UInt64) { random = VectorRandom(seed: seed) }

  mutating func fill(_ bytes: inout MutableSpan<UInt8>) throws(EntropyError) {
    for i in bytes.indices { bytes[i] = UInt8(truncatingIfNeeded: random.next()) }
  }
}

/// A journal that forgets with the process.
struct VectorJournal: IndexJournal, ~Copyable {
  private(set) var index: UInt64 = 0

  mutating func recordedIndex() throws(JournalError) -> UInt64 { index }
  mutating func record(_ index: UInt64) throws(JournalError) { self.index = index }
}
