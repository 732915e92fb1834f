import FixedStorage

/// The first byte of a request.
enum RequestKind {
  /// Open passes and send the parities of their top nodes.
  static let tops: UInt8 = 1
  /// Send the parity of the left half of each listed node of one pass.
  static let halves: UInt8 = 2
}

/// Byte layout of requests; see Documentation/Protocol/Reconciliation.md.
enum Message {
  /// Kind, first pass, number of passes; then one exponent per pass.
  static let topsHeaderBytes = 3
  /// Kind, number of lists; then the lists.
  static let halvesHeaderBytes = 2
  /// Pass, number of nodes (two bytes, low first); then the nodes.
  static let listHeaderBytes = 3
  /// A gap is below 2^16, so three groups of seven bits hold it.
  static let gapBytesMax = 3

  /// Appends `gap` at `offset`, seven bits per byte, low first, high bit set on all bytes but the last.
  static func write(gap: Int, into request: inout MutableSpan<UInt8>, at offset: inout Int) {
    precondition(gap >= 0 && gap < 1 << (7 * gapBytesMax))
    var rest = gap
    while rest >= 0x80 {
      request[offset] = UInt8(truncatingIfNeeded: rest & 0x7f) | 0x80
      offset += 1
      rest >>= 7
    }
    request[offset] = UInt8(truncatingIfNeeded: rest)
    offset += 1
  }

  /// Reads a gap and moves `offset` past it. A gap has one spelling only: the shortest.
  static func gap(in request: Span<UInt8>, at offset: inout Int) throws(ReconciliationFault) -> Int {
    var gap = 0
    for group in 0..<gapBytesMax {
      guard offset < request.count else { throw .malformed }
      let byte = Int(request[offset])
      offset += 1
      gap |= (byte & 0x7f) << (7 * group)
      if byte < 0x80 {
        guard byte != 0 || group == 0 else { throw .malformed }
        return gap
      }
    }
    throw .malformed
  }

  /// The number of nodes that the header of a list at `offset` announces.
  static func listCount(in request: Span<UInt8>, at offset: Int) -> Int {
    Int(request[offset + 1]) | Int(request[offset + 2]) << 8
  }

  static func replyBytes(for bits: Int) -> Int { (bits + 7) / 8 }

  /// Parity `index` of a reply, 0 or 1: bit `index % 8` of byte `index / 8`.
  @inline(__always)
  static func parity(_ index: Int, of reply: Span<UInt8>) -> UInt64 {
    UInt64(truncatingIfNeeded: reply[index >> 3] >> UInt8(index & 7) & 1)
  }

  /// A reply has exactly the bytes its parities need, and zeros after the last parity.
  static func checkReply(_ reply: Span<UInt8>, bits: Int) throws(ReconciliationFault) {
    guard reply.count == replyBytes(for: bits) else { throw .malformed }
    guard bits & 7 == 0 || reply[reply.count - 1] >> UInt8(bits & 7) == 0 else { throw .malformed }
  }
}
