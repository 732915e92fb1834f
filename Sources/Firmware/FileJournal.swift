import CLinux
import Checksum
import FixedStorage
import Ports

/// The authentication index in a small file that is replaced as a whole: mark, index and CRC-32 of both, big-endian.
///
/// A file that is not there is a new module's; one that is there and does not check is never taken for new.
struct FileJournal: IndexJournal, ~Copyable {
  private static var mark: UInt32 { 0x4749_4458 }
  private static var bytes: Int { 16 }
  private static var noSuchFile: Int32 { 2 }

  private let path: Argument

  init(_ path: Argument) { self.path = path }

  mutating func recordedIndex() throws(JournalError) -> UInt64 {
    var bytes: [16 of UInt8] = .init(repeating: 0)
    var count = 0
    var span = bytes.mutableSpan
    // The callee writes at most 16 bytes, and the count.
    let error = unsafe span.withUnsafeMutableBytes { buffer in
      guard let start = buffer.baseAddress else { return Int32(0) }
      return unsafe gimbal_load(path.path, start, buffer.count, &count)
    }
    guard error != Self.noSuchFile else { return 0 }
    guard error == 0 else { throw .system(error) }
    let found = Self.encoded(Self.number(bytes.span.extracting(4..<12)))
    guard count == Self.bytes else { throw .corrupt }
    for i in 0..<Self.bytes where bytes[i] != found[i] { throw .corrupt }
    return Self.number(bytes.span.extracting(4..<12))
  }

  mutating func record(_ index: UInt64) throws(JournalError) {
    let bytes = Self.encoded(index)
    // The callee reads 16 bytes.
    let error = unsafe bytes.span.withUnsafeBytes { buffer in
      guard let start = buffer.baseAddress else { return Int32(0) }
      return unsafe gimbal_replace(path.path, start, buffer.count)
    }
    guard error == 0 else { throw .system(error) }
  }

  static func encoded(_ index: UInt64) -> [16 of UInt8] {
    var bytes: [16 of UInt8] = .init(repeating: 0)
    for i in 0..<4 { bytes[i] = UInt8(truncatingIfNeeded: mark >> UInt32(24 - 8 * i)) }
    for i in 0..<8 { bytes[4 + i] = UInt8(truncatingIfNeeded: index >> UInt64(56 - 8 * i)) }
    let crc = Checksum.crc32(bytes.span.extracting(0..<12))
    for i in 0..<4 { bytes[12 + i] = UInt8(truncatingIfNeeded: crc >> UInt32(24 - 8 * i)) }
    return bytes
  }

  private static func number(_ bytes: Span<UInt8>) -> UInt64 {
    var value: UInt64 = 0
    for i in bytes.indices { value = value << 8 | UInt64(bytes[i]) }
    return value
  }
}
