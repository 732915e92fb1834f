/// What a number of a row counts, and the suffixes that it may carry.
public enum ScpiUnit: UInt8, Sendable {
  /// A plain number.
  case count
  /// Seconds, in steps of a picosecond.
  case seconds
  /// Photons in a pulse, in steps of a millionth.
  case photons

  /// Decimal places of a step.
  var places: Int {
    switch self {
    case .count: 0
    case .seconds: 12
    case .photons: 6
    }
  }

  /// The powers of ten of the suffixes S, MS, US, NS and PS; nil for any other word.
  private static func power(ofTime suffix: Span<UInt8>) -> Int? {
    guard suffix.count == 1 || suffix.count == 2, ScpiText.capital(suffix[suffix.count - 1]) == 0x53 else { return nil }
    guard suffix.count == 2 else { return 0 }
    switch ScpiText.capital(suffix[0]) {
    case 0x4d: return -3
    case 0x55: return -6
    case 0x4e: return -9
    case 0x50: return -12
    default: return nil
    }
  }

  /// The power of ten of a suffix.
  func power(of suffix: Span<UInt8>) throws(ScpiError) -> Int {
    if suffix.isEmpty { return 0 }
    switch self {
    case .count, .photons: throw .suffixNotAllowed
    case .seconds:
      guard let power = Self.power(ofTime: suffix) else { throw .invalidSuffix }
      return power
    }
  }
}

/// Decimal numbers as IEEE 488.2 writes them, in whole steps.
public enum ScpiNumber {
  /// Reads sign, digits, point, exponent and suffix; rounds to the nearest step, halves up.
  ///
  /// Digits behind the twentieth do not count: no step is so fine. Below zero nothing is in range.
  public static func steps(_ bytes: Span<UInt8>, in unit: ScpiUnit) throws(ScpiError) -> UInt64 {
    var place = 0
    let isNegative = bytes.count > 0 && bytes[0] == 0x2d
    if isNegative || (bytes.count > 0 && bytes[0] == 0x2b) { place = 1 }
    var number = Decimal()
    try number.takeDigits(bytes, &place)
    try number.takeExponent(bytes, &place)
    while place < bytes.count, ScpiText.isBlank(bytes[place]) { place += 1 }
    let suffix = bytes.extracting(place..<bytes.count)
    for i in suffix.indices where !ScpiText.isLetter(suffix[i]) { throw .invalidCharacterInNumber }
    let steps = try number.steps(power: unit.power(of: suffix) + unit.places)
    guard !isNegative || steps == 0 else { throw .dataOutOfRange }
    return steps
  }

  /// Digits and a power of ten.
  private struct Decimal {
    private var digits: UInt64 = 0
    private var power = 0
    /// Whether digits were left out that 64 bits have no room for.
    private var isCut = false

    /// Reads digits with at most one point among them.
    mutating func takeDigits(_ bytes: Span<UInt8>, _ place: inout Int) throws(ScpiError) {
      var hasDigit = false
      var hasPoint = false
      while place < bytes.count {
        if bytes[place] == 0x2e, !hasPoint {
          hasPoint = true
        } else if ScpiText.isDigit(bytes[place]) {
          hasDigit = true
          let (product, isWide) = digits.multipliedReportingOverflow(by: 10)
          let (sum, isWider) = product.addingReportingOverflow(UInt64(bytes[place] - 0x30))
          isCut = isCut || isWide || isWider
          if !isCut { digits = sum }
          power += (isCut ? 1 : 0) - (hasPoint ? 1 : 0)
        } else {
          break
        }
        place += 1
      }
      guard hasDigit else { throw .invalidCharacterInNumber }
    }

    /// Reads an exponent, if one is there.
    mutating func takeExponent(_ bytes: Span<UInt8>, _ place: inout Int) throws(ScpiError) {
      guard place < bytes.count, ScpiText.capital(bytes[place]) == 0x45 else { return }
      place += 1
      let isNegative = place < bytes.count && bytes[place] == 0x2d
      if isNegative || (place < bytes.count && bytes[place] == 0x2b) { place += 1 }
      guard place < bytes.count, ScpiText.isDigit(bytes[place]) else { throw .invalidCharacterInNumber }
      var exponent = 0
      while place < bytes.count, ScpiText.isDigit(bytes[place]) {
        exponent = exponent * 10 + Int(bytes[place] - 0x30)
        guard exponent <= 32_000 else { throw .exponentTooLarge }
        place += 1
      }
      power += isNegative ? -exponent : exponent
    }

    /// The number times a power of ten, rounded.
    func steps(power extra: Int) throws(ScpiError) -> UInt64 {
      var steps = digits
      let shift = power + extra
      guard steps > 0, shift != 0 else { return steps }
      guard shift < 0 else {
        guard !isCut else { throw .dataOutOfRange }
        // Twenty zeros are beyond 64 bits behind any digit.
        for _ in 0..<min(shift, 20) {
          let (product, isWide) = steps.multipliedReportingOverflow(by: 10)
          guard !isWide else { throw .dataOutOfRange }
          steps = product
        }
        return steps
      }
      // Beyond 21 places nothing is left of twenty digits, not even a half.
      for _ in 0..<min(-shift, 21) - 1 { steps /= 10 }
      return steps / 10 + (steps % 10 >= 5 ? 1 : 0)
    }
  }
}

/// What single bytes are.
enum ScpiText {
  static func capital(_ byte: UInt8) -> UInt8 { byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte }
  static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5a).contains(capital(byte)) }
  static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
  /// Space, tab and the carriage return before a line's end.
  static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  /// A part of a line without the blanks around it.
  static func trimmed(_ range: Range<Int>, of line: Span<UInt8>) -> Range<Int> {
    var (start, end) = (range.lowerBound, range.upperBound)
    while start < end, isBlank(line[start]) { start += 1 }
    while end > start, isBlank(line[end - 1]) { end -= 1 }
    return start..<end
  }
}
