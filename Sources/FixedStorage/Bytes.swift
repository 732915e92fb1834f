// Whole words in spans of bytes. The bounds are checked once a word instead of once a byte.

extension Span where Element == UInt8 {
  /// The eight bytes from `offset` on, the first in the lowest bits.
  @inline(__always)
  public func littleEndian64(at offset: Int) -> UInt64 {
    precondition(offset >= 0 && offset <= count - 8)
    // In bounds, as was just checked; bytes have every bit pattern and no alignment is asked for.
    return unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
  }

  /// The four bytes from `offset` on, the first in the highest bits.
  @inline(__always)
  public func bigEndian32(at offset: Int) -> UInt32 {
    precondition(offset >= 0 && offset <= count - 4)
    // As for `littleEndian64`.
    return unsafe UInt32(bigEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt32.self))
  }
}

extension Span where Element: FixedWidthInteger & BitwiseCopyable {
  /// The bytes of the integers, which all have a meaning.
  public var octets: RawSpan {
    // Integers have no padding.
    @_lifetime(copy self) get { unsafe bytes }
  }
}

extension RawSpan {
  /// The eight bytes from `offset` on, the first in the lowest bits.
  @inline(__always)
  public func littleEndian64(at offset: Int) -> UInt64 {
    precondition(offset >= 0 && offset <= byteCount - 8)
    // In bounds, as was just checked; bytes have every bit pattern and no alignment is asked for.
    return unsafe UInt64(littleEndian: unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
  }
}

extension MutableSpan where Element == UInt8 {
  /// Stores four bytes from `offset` on, the highest bits first.
  @inline(__always)
  @_lifetime(self: copy self)
  public mutating func storeBigEndian(_ word: UInt32, at offset: Int) {
    precondition(offset >= 0 && offset <= count - 4)
    // In bounds, as was just checked, and no alignment is asked for.
    unsafe withUnsafeMutableBytes { bytes in
      unsafe bytes.storeBytes(of: word.bigEndian, toByteOffset: offset, as: UInt32.self)
    }
  }

  /// Copies all of `source` to the bytes from `offset` on.
  @_lifetime(self: copy self)
  public mutating func store(_ source: Span<UInt8>, at offset: Int) {
    precondition(offset >= 0 && source.count <= count - offset)
    guard source.count > 0 else { return }
    // In bounds, as was just checked. The borrow of `source` and the exclusive access to `self` keep them apart.
    unsafe source.withUnsafeBytes { from in
      unsafe withUnsafeMutableBytes { bytes in
        unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[offset..<offset + from.count]).copyMemory(from: from)
      }
    }
  }

  /// Zeroes a part. The stores may be optimised away if nobody reads them: secrets are wiped with `wipe`.
  @_lifetime(self: copy self)
  public mutating func clear(_ range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    for i in range { self[i] = 0 }
  }
}
