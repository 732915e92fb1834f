public import FixedStorage
import Foundation

extension Block where Element: FixedWidthInteger {
  /// A zeroed block from the heap of the development machine. It is never returned: a block outlives the program.
  public static func onHost(count: Int) -> Block<Element> {
    // Fresh memory of `count` elements with no other user.
    unsafe Block(unsafeStart: zeroedMemory(of: Element.self, count: count), count: count)
  }
}

/// Memory of `count` elements that are zero. The system gives zeroed pages and fills them when they are first touched:
/// most of a large block never is.
@unsafe
func zeroedMemory<Element: FixedWidthInteger & BitwiseCopyable>(
  of element: Element.Type, count: Int
) -> UnsafeMutablePointer<Element> {
  guard let memory = unsafe calloc(max(1, count), MemoryLayout<Element>.stride) else {
    preconditionFailure("out of memory")
  }
  // Zero bytes are the value zero.
  return unsafe memory.bindMemory(to: element, capacity: count)
}

/// SplitMix64 (Steele, Lea and Flood, 2014). One seed reproduces a whole run; no secret may come from it.
public struct SeededRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z &>> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z &>> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z &>> 31)
  }
}
