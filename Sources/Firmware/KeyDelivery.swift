import CLinux
import Console
import FixedStorage
import KeyStore
import Controller

/// The first consumer of keys: a file to which every finished key is appended, one line `BLOCK.INDEX HEX` a key.
///
/// BLOCK and INDEX are decimal and name the key on both modules; HEX is the key, 64 lower-case digits, first bit of the
/// key in the lowest bit of the last digit of each group of 16. A key is erased from the store before it is written: if
/// writing fails, up to `keysPerTick` keys are lost, and none is delivered twice.
struct KeyDelivery: ~Copyable {
  /// Keys in one tick, so that a long block does not hold up the control loop.
  static var keysPerTick: Int { 16 }

  private var descriptor: Int32 = -1

  /// Opens the file, created with mode 0600; throws the error number.
  init(_ path: Argument?) throws(DeliveryFault) {
    guard let path else { return }
    // The path is zero-ended and the result is written before the call returns.
    let error = unsafe gimbal_open_append(path.path, &descriptor)
    guard error == 0 else { throw .system(error) }
  }

  var isWanted: Bool { descriptor >= 0 }

  /// Appends a key and wipes it; false if it could not be written. After a failure nothing more is taken out of the
  /// store.
  mutating func append(_ id: KeyId, _ key: inout MutableSpan<UInt64>) -> Bool {
    guard isWanted else {
      wipe(&key)
      return false
    }
    var text = Line()
    text.append(decimal: UInt64(id.block))
    text.append(".")
    text.append(decimal: UInt64(id.index))
    text.append(" ")
    for i in key.indices { text.append(hexadecimal: key[i], digits: 16) }
    text.append("\n")
    wipe(&key)
    let descriptor = descriptor
    // The callee reads exactly the bytes of the line.
    let error = unsafe text.utf8.withUnsafeBytes { buffer in
      guard let start = buffer.baseAddress else { return Int32(0) }
      return unsafe gimbal_write(descriptor, start, buffer.count)
    }
    text.wipe()
    guard error != 0 else { return true }
    self.descriptor = -1
    var complaint = Line()
    complaint.append("error: deliver: cannot write, what was taken is lost, other keys stay in store errno=")
    complaint.append(decimal: UInt64(error))
    StandardStream.error.writeLine(complaint)
    return false
  }
}

enum DeliveryFault: Error { case system(Int32) }
