/// Bytes of ASCII with a fixed capacity. Overflow is remembered, never written.
///
/// What appends is not inlined: consoles are made of such calls, and inlined they take ten times the room.
public struct Text<let capacity: Int>: ~Copyable {
  private var bytes: [capacity of UInt8] = .init(repeating: 0)
  public private(set) var count = 0
  public private(set) var overflowed = false

  public init() {}

  // Embedded Swift 6.3.1, when it inlines this getter, may lend a copy from before the last bytes were stored: short
  // texts read as zeros. Not optimised, the getter lends the bytes themselves; the tests of the console see it.
  @_optimize(none)
  public var utf8: Span<UInt8> {
    @_lifetime(borrow self) borrowing get { bytes.span.extracting(first: count) }
  }

  public mutating func clear() {
    count = 0
    overflowed = false
  }

  public mutating func removeLast() {
    precondition(count > 0)
    count -= 1
  }

  @inline(never)
  public mutating func append(_ byte: UInt8) {
    guard count < capacity else {
      overflowed = true
      return
    }
    bytes[count] = byte
    count += 1
  }

  @inline(never)
  public mutating func append(_ text: StaticString) {
    // In bounds: the index is below `utf8CodeUnitCount`, and a literal outlives every reader.
    for i in 0..<text.utf8CodeUnitCount { append(unsafe text.utf8Start[i]) }
  }

  @inline(never)
  public mutating func append(_ text: Span<UInt8>) {
    for i in text.indices { append(text[i]) }
  }

  @inline(never)
  public mutating func append(decimal value: UInt64) {
    if value >= 10 { append(decimal: value / 10) }
    append(UInt8(truncatingIfNeeded: 48 + value % 10))
  }

  /// Writes `value / 10^places` with exactly `places` digits after the point.
  @inline(never)
  public mutating func append(scaled value: UInt64, places: Int) {
    var unit: UInt64 = 1
    for _ in 0..<places { unit *= 10 }
    append(decimal: value / unit)
    guard places > 0 else { return }
    append(0x2e)
    var rest = value % unit
    for _ in 0..<places {
      unit /= 10
      append(UInt8(truncatingIfNeeded: 48 + rest / unit))
      rest %= unit
    }
  }

  /// Writes the lowest `digits` hexadecimal digits of `value`, lower case.
  @inline(never)
  public mutating func append(hexadecimal value: UInt64, digits: Int) {
    for place in stride(from: digits - 1, through: 0, by: -1) {
      let nibble = UInt8(truncatingIfNeeded: value >> UInt64(4 * place)) & 15
      // Without a branch, since keys are written so: 39 more from ten on, where 9 - nibble has its top bit.
      append(48 &+ nibble &+ 39 &* (9 &- nibble) &>> 7)
    }
  }

  /// Appends spaces until the text is `column` bytes long.
  @inline(never)
  public mutating func pad(to column: Int) {
    while count < column && !overflowed { append(0x20) }
  }
}

extension Text {
  /// Empties the text and overwrites every byte; for what was secret.
  public mutating func wipe() {
    clear()
    var span = bytes.mutableSpan
    FixedStorage.wipe(&span)
  }
}
