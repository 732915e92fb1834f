/// Packs bits into a payload, the first in bit 0 of the first byte. `finish` fills the last byte with zeros.
public struct BitWriter: ~Copyable {
  private var pending: UInt64 = 0
  private var count = 0

  public init() {}

  /// Appends the lowest `bits` of `value`, 1...32; bits above them do not matter.
  @inline(__always)
  public mutating func put(_ value: UInt64, bits: Int, into payload: inout PayloadBuffer) {
    precondition(bits >= 1 && bits <= 32)
    pending |= (value & (.max >> UInt64(64 - bits))) << UInt64(count)
    count += bits
    while count >= 8 {
      payload.put(UInt8(truncatingIfNeeded: pending))
      pending >>= 8
      count -= 8
    }
  }

  public mutating func finish(into payload: inout PayloadBuffer) {
    if count > 0 { payload.put(UInt8(truncatingIfNeeded: pending)) }
    pending = 0
    count = 0
  }
}

/// Reads what `BitWriter` packed.
public struct BitReader: ~Copyable {
  private var offset: Int
  private var pending: UInt64 = 0
  private var count = 0

  /// Begins at byte `offset`.
  public init(at offset: Int) { self.offset = offset }

  /// The next 1...32 bits.
  @inline(__always)
  public mutating func take(bits: Int, from bytes: Span<UInt8>) throws(PayloadError) -> UInt64 {
    precondition(bits >= 1 && bits <= 32)
    while count < bits {
      guard offset < bytes.count else { throw .tooShort }
      pending |= UInt64(bytes[offset]) << UInt64(count)
      offset += 1
      count += 8
    }
    let value = pending & (.max >> UInt64(64 - bits))
    pending >>= UInt64(bits)
    count -= bits
    return value
  }

  /// Refuses bytes behind the last bit, and bits of the last byte that are not zero.
  public func finish(_ bytes: Span<UInt8>) throws(PayloadError) {
    guard offset == bytes.count, pending == 0 else { throw .tooLong }
  }
}
