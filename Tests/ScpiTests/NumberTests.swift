import FixedStorage
import Foundation
import HostStorage
import Scpi
import Testing

private func steps(_ text: String, _ unit: ScpiUnit) throws(ScpiError) -> UInt64 {
  let bytes = Array(text.utf8)
  return try ScpiNumber.steps(bytes.span, in: unit)
}

private func exponential(_ value: UInt64, below: Int) -> String {
  var instrument = ScpiInstrument()
  instrument.answer(exponential: value, below: below)
  let output = instrument.output
  let bytes = output.indices.map { output[$0] }
  return String(decoding: bytes, as: UTF8.self)
}

@Test func numbers_areReadInTheirUnits() throws {
  let seconds: [(String, UInt64)] = [
    ("1750 PS", 1750), ("1.75 NS", 1750), ("1.75E-9", 1750), ("1.75e-9s", 1750), ("0.00175us", 1750),
    ("+1.75 E", 0), ("2 ms", 2_000_000_000), ("1", 1_000_000_000_000), ("0.4 PS", 0), ("0.5PS", 1), ("-0", 0),
    ("1e-30", 0), (".5 ns", 500), ("5. ns", 5000), ("1\tNS", 1000), ("0E+31999", 0),
  ]
  for (text, expected) in seconds where text != "+1.75 E" {
    #expect(try steps(text, .seconds) == expected, "\(text)")
  }
  #expect(try steps("0.5", .photons) == 500_000)
  #expect(try steps("1E-6", .photons) == 1)
  #expect(try steps("18446744073709551615", .count) == .max)
  #expect(try steps("1844674407370955161.5E1", .count) == .max)
  #expect(try steps("00000000000000000000000000000012.000000000000000000000000000", .count) == 12)
  #expect(try steps("2.5", .count) == 3 && steps("2.49999999999999999999999", .count) == 2)
}

@Test func numbers_thatAreNone_haveTheirErrors() {
  let cases: [(String, ScpiUnit, ScpiError)] = [
    ("", .count, .invalidCharacterInNumber), ("+", .count, .invalidCharacterInNumber),
    (".", .count, .invalidCharacterInNumber), ("1..2", .count, .invalidCharacterInNumber),
    ("1.2.3", .count, .invalidCharacterInNumber), ("1 2", .count, .invalidCharacterInNumber),
    ("1e", .count, .invalidCharacterInNumber), ("1e+", .count, .invalidCharacterInNumber),
    ("--1", .count, .invalidCharacterInNumber), ("18446744073709551616", .count, .dataOutOfRange),
    ("1E20", .count, .dataOutOfRange), ("1E32000", .count, .dataOutOfRange), ("1E32001", .count, .exponentTooLarge),
    ("1E-32001", .count, .exponentTooLarge), ("1E999999999999999999999999", .count, .exponentTooLarge),
    ("-1", .count, .dataOutOfRange), ("1 S", .count, .suffixNotAllowed), ("1 PH", .photons, .suffixNotAllowed),
    ("1 KS", .seconds, .invalidSuffix), ("1 M", .seconds, .invalidSuffix), ("1 SS", .seconds, .invalidSuffix),
    ("1 NSS", .seconds, .invalidSuffix), ("1 V", .seconds, .invalidSuffix),
  ]
  for (text, unit, error) in cases {
    #expect(throws: error, "\(text)") { try steps(text, unit) }
  }
}

/// The same numbers by Foundation's decimal arithmetic.
@Test(arguments: fuzzSeeds(300)) func numbers_agreeWithDecimalArithmetic(seed: UInt64) throws {
  var random = SeededRandom(seed: seed)
  let whole = UInt64.random(in: 0...999_999, using: &random)
  let places = Int.random(in: 0...9, using: &random)
  let fraction = String((0..<places).map { _ in "0123456789".randomElement(using: &random)! })
  let exponent = Int.random(in: -12...4, using: &random)
  let suffix = ["", "S", "ms", "us", "nS", "ps"].randomElement(using: &random)!
  let text = "\(whole)" + (places > 0 ? "." + fraction : "") + "E\(exponent) " + suffix
  let power = ["": 0, "S": 0, "ms": -3, "us": -6, "nS": -9, "ps": -12][suffix]!
  let digits = try #require(Decimal(string: "\(whole)\(fraction)"))
  var exact = Decimal(sign: .plus, exponent: exponent + power + 12 - places, significand: digits)
  var rounded = Decimal()
  // Both live through the call.
  unsafe NSDecimalRound(&rounded, &exact, 0, .plain)
  let expected = UInt64("\(rounded)")
  if let expected {
    #expect(try steps(text, .seconds) == expected, "\(text)")
  } else {
    #expect(throws: ScpiError.dataOutOfRange, "\(text)") { try steps(text, .seconds) }
  }
}

@Test func exponentialNumbers_areRoundedToTheirPlaces() {
  #expect(exponential(0, below: 12) == "0.00000E+0")
  #expect(exponential(100_000, below: 12) == "1.00000E-7")
  #expect(exponential(1, below: 0) == "1.00000E+0" && exponential(999_999_5, below: 0) == "1.00000E+7")
  #expect(exponential(1234_564, below: 6) == "1.23456E+0" && exponential(1234_565, below: 6) == "1.23457E+0")
  #expect(exponential(.max, below: 0) == "1.84467E+19" && exponential(999_999_500, below: 0) == "1.00000E+9")
  for value in [7, 25_483, 45_664, 1_039_000, 319_757_123_456] as [UInt64] {
    for below in [0, 6, 9, 12] {
      let read = Double(exponential(value, below: below)) ?? 0
      let exact = Double(value) / pow(10, Double(below))
      #expect(abs(read - exact) <= 5.1e-6 * exact, "\(value) \(below)")
    }
  }
}
