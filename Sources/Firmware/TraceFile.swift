import CLinux
import Controller
import FixedStorage

/// The memory of the trace in a file, which outlives the program whatever ends it.
@safe
struct TraceFile {
  /// Nil without a file: the trace then stands in the program's own memory.
  let start: UnsafeMutableRawPointer?

  /// No file.
  init() { unsafe start = nil }

  init(_ path: Argument?) throws(StartFault) {
    guard let path else {
      unsafe start = nil
      return
    }
    var error: Int32 = 0
    let bytes = TraceRing.storageWords * MemoryLayout<UInt64>.stride
    // The path is zero-ended; the pages are shared with the file and stay mapped as long as the program runs.
    unsafe start = gimbal_map_shared(path.path, bytes, &error)
    guard unsafe start != nil else { throw StartFault("--trace", "cannot use the file", error) }
  }
}
