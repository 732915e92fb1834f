import CLinux
import FixedStorage

/// One argument of the process, which lives as long as the process. As a path it goes to Linux as it is.
@safe
struct Argument {
  let path: UnsafePointer<CChar>
  let count: Int

  /// Nil behind the last argument.
  init?(_ index: Int) {
    guard let start = unsafe gimbal_argument(Int32(truncatingIfNeeded: index)) else { return nil }
    unsafe self.init(unsafeStart: start)
  }

  /// The rest of an argument from byte `offset` on.
  init(_ whole: Argument, from offset: Int) {
    precondition(offset >= 0 && offset <= whole.count)
    // Within the argument, or its final zero.
    unsafe self.init(unsafeStart: whole.path + offset)
  }

  private init(unsafeStart start: UnsafePointer<CChar>) {
    unsafe path = unsafe start
    var length = 0
    // Arguments end with a zero byte.
    while unsafe start[length] != 0 { length += 1 }
    count = length
  }

  var bytes: Span<UInt8> {
    @_lifetime(immortal)
    get {
      // The kernel put the argument where nobody moves or writes it; it is `count` bytes long.
      let span = unsafe Span<UInt8>(
        _unsafeStart: UnsafeRawPointer(path).assumingMemoryBound(to: UInt8.self), count: count)
      return unsafe _overrideLifetime(span, copying: ())
    }
  }

  func matches(_ text: StaticString) -> Bool { text.matches(bytes) }

  /// What follows `prefix`, nil if the argument starts otherwise.
  func after(_ prefix: StaticString) -> Argument? {
    let length = prefix.utf8CodeUnitCount
    guard count >= length, prefix.matches(bytes.extracting(first: length)) else { return nil }
    return Argument(self, from: length)
  }
}

/// Reads a decimal number that fills `bytes`; nil if it does not or is too large.
func decimal(_ bytes: Span<UInt8>, max: UInt64) -> UInt64? {
  guard bytes.count > 0 else { return nil }
  var value: UInt64 = 0
  for i in bytes.indices {
    guard bytes[i] >= 0x30, bytes[i] <= 0x39 else { return nil }
    let (tens, isWide) = value.multipliedReportingOverflow(by: 10)
    let (sum, isWider) = tens.addingReportingOverflow(UInt64(bytes[i] - 0x30))
    guard !isWide, !isWider, sum <= max else { return nil }
    value = sum
  }
  return value
}
