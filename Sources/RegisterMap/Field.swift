/// A run of bits inside one register. The only place in the program that shifts or masks register values.
public struct Field: Equatable, Sendable {
  public let shift: UInt32
  public let width: UInt32

  public init(bits: ClosedRange<UInt32>) {
    precondition(bits.upperBound < 32)
    shift = bits.lowerBound
    width = bits.upperBound - bits.lowerBound + 1
  }

  /// The largest value that fits.
  public var valueMax: UInt32 { UInt32.max &>> (32 &- width) }

  public var mask: UInt32 { valueMax &<< shift }

  public func extract(from word: UInt32) -> UInt32 { (word & mask) &>> shift }

  /// The meaning of the bits, nil if the value has none.
  public func extract<Meaning: RawRepresentable>(
    _ meaning: Meaning.Type, from word: UInt32
  ) -> Meaning? where Meaning.RawValue == UInt32 {
    Meaning(rawValue: extract(from: word))
  }

  /// Whether any bit of the field is one; meant for flags.
  public func isSet(in word: UInt32) -> Bool { word & mask != 0 }

  /// `word` with the field replaced; `value` must fit.
  public func insert(_ value: UInt32, into word: UInt32) -> UInt32 {
    precondition(value <= valueMax)
    return (word & ~mask) | (value &<< shift)
  }

  public func insert<Meaning: RawRepresentable>(
    _ meaning: Meaning, into word: UInt32
  ) -> UInt32 where Meaning.RawValue == UInt32 {
    insert(meaning.rawValue, into: word)
  }

  public func insert(_ flag: Bool, into word: UInt32) -> UInt32 { insert(flag ? 1 : 0, into: word) }
}
