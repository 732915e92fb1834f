/// Writes big-endian integers into a span, front to back. Running out of room is a mistake of ours.
public struct ByteWriter: ~Copyable {
  public private(set) var count = 0

  public init() {}

  @inline(__always)
  public mutating func put(_ byte: UInt8, into bytes: inout MutableSpan<UInt8>) {
    bytes[count] = byte
    count += 1
  }

  public mutating func put16(_ value: UInt16, into bytes: inout MutableSpan<UInt8>) {
    put(UInt8(truncatingIfNeeded: value >> 8), into: &bytes)
    put(UInt8(truncatingIfNeeded: value), into: &bytes)
  }

  public mutating func put32(_ value: UInt32, into bytes: inout MutableSpan<UInt8>) {
    put16(UInt16(truncatingIfNeeded: value >> 16), into: &bytes)
    put16(UInt16(truncatingIfNeeded: value), into: &bytes)
  }

  public mutating func put64(_ value: UInt64, into bytes: inout MutableSpan<UInt8>) {
    put32(UInt32(truncatingIfNeeded: value >> 32), into: &bytes)
    put32(UInt32(truncatingIfNeeded: value), into: &bytes)
  }
}

/// A payload that does not have the form its type promises.
public enum PayloadError: Error, Equatable, Sendable {
  case tooShort
  case tooLong
  case outOfRange
}

/// Reads big-endian integers from the bytes of a peer; never trusts their length.
public struct ByteReader: ~Copyable {
  public private(set) var offset = 0

  public init() {}

  public mutating func take(from bytes: Span<UInt8>) throws(PayloadError) -> UInt8 {
    guard offset < bytes.count else { throw .tooShort }
    offset += 1
    return bytes[offset - 1]
  }

  /// Lends the next `count` bytes.
  @_lifetime(copy bytes)
  public mutating func take(_ count: Int, from bytes: Span<UInt8>) throws(PayloadError) -> Span<UInt8> {
    guard count >= 0, count <= bytes.count - offset else { throw .tooShort }
    offset += count
    return bytes.extracting((offset - count)..<offset)
  }

  public mutating func take16(from bytes: Span<UInt8>) throws(PayloadError) -> UInt16 {
    let high = try take(from: bytes)
    return UInt16(high) << 8 | UInt16(try take(from: bytes))
  }

  public mutating func take32(from bytes: Span<UInt8>) throws(PayloadError) -> UInt32 {
    let high = try take16(from: bytes)
    return UInt32(high) << 16 | UInt32(try take16(from: bytes))
  }

  public mutating func take64(from bytes: Span<UInt8>) throws(PayloadError) -> UInt64 {
    let high = try take32(from: bytes)
    return UInt64(high) << 32 | UInt64(try take32(from: bytes))
  }

  /// The inverse of `PayloadBuffer.putVariable`; at most four bytes.
  public mutating func takeVariable(from bytes: Span<UInt8>) throws(PayloadError) -> UInt32 {
    var value: UInt32 = 0
    for place in 0..<UInt32(4) {
      let byte = try take(from: bytes)
      value |= UInt32(byte & 0x7f) << (7 * place)
      if byte & 0x80 == 0 { return value }
    }
    throw .outOfRange
  }

  /// The inverse of `PayloadBuffer.putRises`: `count` rising values below `limit`. Returns what the next one may be.
  public mutating func takeRises(
    _ count: Int, from bytes: Span<UInt8>, start: UInt32, below limit: UInt32, into values: inout MutableSpan<UInt32>
  ) throws(PayloadError) -> UInt32 {
    var expected = start
    for i in 0..<count {
      guard offset < bytes.count else { throw .tooShort }
      var rise = UInt32(bytes[offset])
      if rise < 0x80 { offset += 1 } else { rise = try takeVariable(from: bytes) }
      expected += rise
      guard expected < limit else { throw .outOfRange }
      values[i] = expected
      expected += 1
    }
    return expected
  }

  /// Refuses bytes behind the last field.
  public func finish(_ bytes: Span<UInt8>) throws(PayloadError) {
    guard offset == bytes.count else { throw .tooLong }
  }
}
