import CPolynomial

/// Arithmetic of polynomials over GF(2) with instructions of the processor; see `cpolynomial.h`.
public enum PolynomialCall {
  /// Words of an element of GF(2^128), the lowest first.
  public typealias Element = (low: UInt64, high: UInt64)

  /// Horner's rule over whole blocks of 16 bytes; only x86-64 has the instruction.
  @inline(__always)
  public static func value(_ sum: Element, at point: Element, absorbing blocks: RawSpan) -> Element {
    precondition(blocks.byteCount % 16 == 0)
    // The callee reads the bytes of the span and nothing else.
    return unsafe blocks.withUnsafeBytes { buffer in
      guard let start = buffer.baseAddress else { return sum }
      let value = unsafe gimbal_polynomial_value(
        gimbal_element(low: sum.low, high: sum.high), gimbal_element(low: point.low, high: point.high), start,
        buffer.count / 16)
      return (value.low, value.high)
    }
  }

  /// Whether `checksum` may be called.
  @inline(__always)
  public static var hasChecksum: Bool { gimbal_checksum_kernel != gimbal_checksum_none }

  /// Goes on with a CRC-32/ISO-HDLC over whole blocks of 16 bytes, at least one. If `folds`, the register is zero
  /// then and the sixteen bytes of `rest` are still to be divided.
  @inline(__always)
  public static func checksum(
    _ state: UInt32, blocks: Span<UInt8>, rest: inout MutableSpan<UInt8>
  ) -> (state: UInt32, folds: Bool) {
    precondition(blocks.count >= 16 && blocks.count % 16 == 0 && rest.count == 16)
    let count = blocks.count / 16
    // The callee reads the bytes of the one span and writes at most the sixteen of the other.
    let result = unsafe blocks.withUnsafeBufferPointer { buffer in
      unsafe rest.withUnsafeMutableBufferPointer { room in
        guard let start = buffer.baseAddress, let place = room.baseAddress else { return state }
        return unsafe gimbal_checksum(state, start, count, place)
      }
    }
    return (result, gimbal_checksum_kernel == gimbal_checksum_folds)
  }
}
