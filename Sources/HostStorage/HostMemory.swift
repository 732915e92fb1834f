public import FixedStorage
import Foundation

/// Memory that goes back to the development machine with its owner, behind everything that uses it: a run of many
/// links would otherwise keep what each of them ever touched.
@safe
public final class HostMemory {
  private var pages: [UnsafeMutableRawPointer] = unsafe []

  public init() {}

  /// A zeroed block that must not outlive this object.
  public func block<Element: FixedWidthInteger & BitwiseCopyable>(
    of element: Element.Type, count: Int
  ) -> Block<Element> {
    guard let memory = unsafe calloc(max(1, count), MemoryLayout<Element>.stride) else {
      preconditionFailure("out of memory")
    }
    unsafe pages.append(memory)
    // Fresh memory of `count` elements with no other user; zero bytes are the value zero.
    return unsafe Block(unsafeStart: memory.bindMemory(to: element, capacity: count), count: count)
  }

  deinit {
    for i in unsafe pages.indices { unsafe free(pages[i]) }
  }
}
