import CLinux
import FixedStorage
import Health
import Ports

/// Random bytes from the kernel's pool, which the hardware source of the board feeds; small requests, which are the
/// secret ones, are also added to bytes that come from that source directly and are tested.
///
/// A source that fails its test ends the module's sessions. One that has no byte ready is not waited for: the kernel's
/// pool alone is full entropy once it is seeded, which `getrandom` waits for.
struct HardwareRandom {
  /// Of one request, what is taken from the source directly.
  private static var directBytesMax: Int { 64 }
  /// EAGAIN
  private static var nothingYet: Int32 { 11 }

  private let source: Int32
  private var health = RandomHealth()

  /// -1 for a board without a source of its own.
  init(_ source: Int32 = -1) { self.source = source }

  mutating func fill(_ bytes: inout MutableSpan<UInt8>) throws(EntropyError) {
    // The callee writes exactly the bytes of the span.
    let error = unsafe bytes.withUnsafeMutableBytes { buffer in
      guard let start = buffer.baseAddress else { return Int32(0) }
      return unsafe gimbal_random(start, buffer.count)
    }
    guard error == 0 else { throw .unavailable }
    guard source >= 0, bytes.count <= Self.directBytesMax else { return }
    try add(to: &bytes)
  }

  private mutating func add(to bytes: inout MutableSpan<UInt8>) throws(EntropyError) {
    var direct: [64 of UInt8] = .init(repeating: 0)
    var span = direct.mutableSpan
    var count = 0
    // The callee writes at most the bytes of the span, and the count.
    let error = unsafe span.withUnsafeMutableBytes { buffer in
      guard let start = buffer.baseAddress else { return Int32(0) }
      return unsafe gimbal_port_receive(source, start, min(buffer.count, bytes.count), &count)
    }
    guard error == 0 || error == Self.nothingYet else { throw .unavailable }
    health.take(span.span.extracting(first: count))
    for i in 0..<count { bytes[i] ^= span[i] }
    wipe(&span)
    guard !health.hasFailed else { throw .unavailable }
  }
}
