import CArena
import CLinux
import FixedStorage

/// The program of the module: reads its arguments, takes its memory and does what it is told.
@main
struct Main {
  static func main() {
    guard argument(1, is: "--selftest") else { return print("gimbal 0.1.0\n") }
    gimbal_exit(selfTest() ? 0 : 1)
  }

  /// Sees that a static block starts zeroed and keeps what is written to its ends.
  private static func selfTest() -> Bool {
    var arena = Arena()
    var bits = arena.take(.siftedKey, of: UInt64.self)
    let startsZeroed = bits[0] == 0 && bits[bits.count - 1] == 0
    bits[bits.count - 1] = 0x5a
    let keeps = bits[bits.count - 1] == 0x5a
    bits.wipe()
    let passed = startsZeroed && keeps && bits[bits.count - 1] == 0
    print(passed ? "selftest: passed\n" : "selftest: failed\n")
    return passed
  }

  private static func argument(_ index: Int32, is text: StaticString) -> Bool {
    guard let start = unsafe gimbal_argument(index) else { return false }
    var length = 0
    // Arguments end with a zero byte and live as long as the process.
    while unsafe start[length] != 0 { length += 1 }
    guard length == text.utf8CodeUnitCount else { return false }
    for i in 0..<length where unsafe UInt8(bitPattern: start[i]) != text.utf8Start[i] { return false }
    return true
  }

  private static func print(_ text: StaticString) {
    // A literal outlives the call; an output that is gone cannot be reported anywhere.
    _ = unsafe gimbal_write(1, text.utf8Start, text.utf8CodeUnitCount)
  }
}
