import FixedStorage

// What a query is answered with. Not inlined: the callers are compiled once for each role.
extension ScpiInstrument {
  /// Answers with a word. `isNext` continues a list.
  @inline(never)
  public mutating func answer(_ word: StaticString, isNext: Bool = false) {
    separate(isNext)
    text.append(word)
  }

  @inline(never)
  public mutating func answer(decimal value: UInt64, isNext: Bool = false) {
    separate(isNext)
    text.append(decimal: value)
  }

  /// Answers with `value / 10^places`, with that many digits behind the point.
  @inline(never)
  public mutating func answer(scaled value: Int64, places: Int, isNext: Bool = false) {
    separate(isNext)
    if value < 0 { text.append(0x2d) }
    text.append(scaled: value.magnitude, places: places)
  }

  /// Answers with `value / 10^below` as NR3 with five digits behind the point; what SCPI has for no number if there is
  /// none.
  @inline(never)
  public mutating func answer(exponential value: UInt64?, below: Int, isNext: Bool = false) {
    separate(isNext)
    if let value { append(exponential: value, below: below) } else { text.append("9.91E+37") }
  }

  /// Adds to the answer that was begun.
  @inline(never)
  public mutating func append(_ word: StaticString) { text.append(word) }

  private mutating func separate(_ isNext: Bool) {
    if isNext { text.append(0x2c) } else if hasAnswered { text.append(0x3b) }
    hasAnswered = true
  }

  private static var places: Int { 5 }

  private mutating func append(exponential value: UInt64, below: Int) {
    var mantissa = value
    var exponent = Self.places - below
    // The last digit that goes is rounded.
    while mantissa >= 10_000_000 {
      mantissa /= 10
      exponent += 1
    }
    if mantissa >= 1_000_000 {
      mantissa = (mantissa + 5) / 10
      exponent += 1
    }
    // Rounding may have made a digit more.
    if mantissa >= 1_000_000 {
      mantissa /= 10
      exponent += 1
    }
    while mantissa > 0, mantissa < 100_000 {
      mantissa *= 10
      exponent -= 1
    }
    if value == 0 { exponent = 0 }
    text.append(scaled: mantissa, places: Self.places)
    text.append(0x45)
    text.append(exponent < 0 ? 0x2d : 0x2b)
    text.append(decimal: UInt64(exponent.magnitude))
  }
}
