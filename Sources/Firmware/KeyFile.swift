import CLinux
import FixedStorage
import KeyStore
import Ports

/// Keys over a restart in a file of fixed size, mode 0600: one record a place, rewritten where it stands.
///
/// The file holds keys as they are. Whoever can read it or its medium has them.
struct KeyFile: KeyVault, ~Copyable {
  private static var recordBytes: Int { 64 }

  private var descriptor: Int32 = -1

  /// Opens the file, or no file for nil; throws the error number.
  init(_ path: Argument?) throws(StoreError) {
    guard let path else { return }
    let bytes = KeyRing.vaultRecords * Self.recordBytes
    // The path is zero-ended and the result is written before the call returns.
    let error = unsafe gimbal_open_records(path.path, bytes, &descriptor)
    guard error == 0 else { throw .system(error) }
  }

  mutating func readKeyRecord(_ place: Int, into record: inout MutableSpan<UInt8>) throws(StoreError) {
    let offset = try offset(place, record.count)
    let descriptor = descriptor
    // The callee writes exactly the bytes of the span.
    let error = unsafe record.withUnsafeMutableBytes { buffer in
      guard let start = buffer.baseAddress else { return Int32(0) }
      return unsafe gimbal_read_at(descriptor, offset, start, buffer.count)
    }
    guard error == 0 else { throw .system(error) }
  }

  mutating func writeKeyRecord(_ place: Int, _ record: Span<UInt8>) throws(StoreError) {
    let offset = try offset(place, record.count)
    // The callee reads exactly the bytes of the span.
    let error = unsafe record.withUnsafeBytes { buffer in
      guard let start = buffer.baseAddress else { return Int32(0) }
      return unsafe gimbal_write_at(descriptor, offset, start, buffer.count)
    }
    guard error == 0 else { throw .system(error) }
  }

  mutating func syncKeyRecords() throws(StoreError) {
    guard descriptor >= 0 else { throw .absent }
    let error = gimbal_sync(descriptor)
    guard error == 0 else { throw .system(error) }
  }

  mutating func wipeKeyRecords() throws(StoreError) {
    guard descriptor >= 0 else { throw .absent }
    let zeros: [64 of UInt8] = .init(repeating: 0)
    var fault: StoreError?
    // Blocks stand behind the keys and go first: keys without their block are erased at the next start. One record that
    // cannot be written does not save the others.
    for place in stride(from: KeyRing.vaultRecords - 1, through: 0, by: -1) {
      do throws(StoreError) { try writeKeyRecord(place, zeros.span) } catch { fault = error }
    }
    try syncKeyRecords()
    if let fault { throw fault }
  }

  private func offset(_ place: Int, _ bytes: Int) throws(StoreError) -> Int {
    guard descriptor >= 0 else { throw .absent }
    precondition(place >= 0 && place < KeyRing.vaultRecords && bytes == Self.recordBytes)
    return place * Self.recordBytes
  }
}
