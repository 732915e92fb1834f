import CLinux
import FixedStorage
import Ports

/// The saved configuration in a file that is replaced as a whole: after a power cut it is the old one or the new one.
struct ConfigurationFile: ConfigurationStore, ~Copyable {
  private static var noSuchFile: Int32 { 2 }

  /// Nil if the program was started without one.
  private let path: Argument?

  init(_ path: Argument?) { self.path = path }

  mutating func save(_ text: Span<UInt8>) throws(StoreError) {
    guard let path else { throw .absent }
    // The callee reads exactly the bytes of the span.
    let error = unsafe text.withUnsafeBytes { buffer in
      guard let start = buffer.baseAddress else { return Int32(0) }
      return unsafe gimbal_replace(path.path, start, buffer.count)
    }
    guard error == 0 else { throw .system(error) }
  }

  mutating func load(into bytes: inout MutableSpan<UInt8>) throws(StoreError) -> Int {
    guard let path else { throw .absent }
    var count = 0
    // The callee writes at most the bytes of the span, and the count.
    let error = unsafe bytes.withUnsafeMutableBytes { buffer in
      guard let start = buffer.baseAddress else { return Int32(0) }
      return unsafe gimbal_load(path.path, start, buffer.count, &count)
    }
    guard error != Self.noSuchFile else { throw .empty }
    guard error == 0 else { throw .system(error) }
    return count
  }
}
