import CArena
import FixedStorage

/// The static blocks that have found their owner. A block lent twice would break the exclusive access of `Block`.
struct Arena: ~Copyable {
  private var taken: UInt64 = 0

  /// Hands a static block to its only owner.
  mutating func take<Element: BitwiseCopyable>(_ name: ArenaBlock, of element: Element.Type) -> Block<Element> {
    let number = name.rawValue
    precondition(taken & 1 << UInt64(number) == 0)
    precondition(gimbal_arena_stride(number) == MemoryLayout<Element>.stride)
    taken |= 1 << UInt64(number)
    let count = Int(gimbal_arena_bytes(number)) / MemoryLayout<Element>.stride
    guard let start = unsafe gimbal_arena_address(number) else { preconditionFailure() }
    // The memory is static, zeroed by the loader, aligned to 64 and `count` elements long; `taken` keeps it unshared.
    return unsafe Block(unsafeStart: start.bindMemory(to: element, capacity: count), count: count)
  }
}
