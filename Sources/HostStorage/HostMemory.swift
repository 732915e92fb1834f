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
    let memory = unsafe zeroedMemory(of: element, count: count)
    unsafe pages.append(memory)
    // Fresh memory of `count` elements with no other user.
    return unsafe Block(unsafeStart: memory, count: count)
  }

  deinit {
    for i in unsafe pages.indices { unsafe free(pages[i]) }
  }
}
