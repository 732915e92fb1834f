public import FixedStorage
import Foundation

extension Block where Element: FixedWidthInteger {
  /// A zeroed block from the heap of the development machine. It is never returned: a block outlives the program.
  /// What is not touched takes no memory.
  public static func onHost(count: Int) -> Block<Element> {
    guard let zeroed = unsafe calloc(max(1, count), MemoryLayout<Element>.stride) else {
      preconditionFailure("the development machine is out of memory")
    }
    return unsafe Block(unsafeStart: zeroed.bindMemory(to: Element.self, capacity: count), count: count)
  }
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
