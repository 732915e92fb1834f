import FixedStorage

// The wire carries its most significant byte first.

extension Span where Element == UInt8 {
  func bigEndian16(at offset: Int) -> UInt16 {
    UInt16(self[offset]) << 8 | UInt16(self[offset + 1])
  }

  func bigEndian64(at offset: Int) -> UInt64 {
    UInt64(bigEndian32(at: offset)) << 32 | UInt64(bigEndian32(at: offset + 4))
  }
}

extension Block where Element == UInt8 {
  mutating func storeBigEndian(_ word: UInt16, at offset: Int) {
    self[offset] = UInt8(word >> 8)
    self[offset + 1] = UInt8(truncatingIfNeeded: word)
  }

  mutating func storeBigEndian(_ word: UInt32, at offset: Int) {
    var bytes = mutableSpan
    bytes.storeBigEndian(word, at: offset)
  }

  mutating func clear(_ range: Range<Int>) {
    var bytes = mutableSpan
    bytes.clear(range)
  }
}
