public import FixedStorage

/// The payload that is being composed. Running out of room is a mistake of ours.
public struct PayloadBuffer: ~Copyable {
  public static var capacityBytes: Int { Frame.payloadBytesMax }

  private var bytes: Block<UInt8>
  public private(set) var count = 0

  public init(storage: consuming Block<UInt8>) {
    precondition(storage.count == Self.capacityBytes)
    bytes = storage
  }

  /// What was put since the last `clear()`.
  public var payload: Span<UInt8> {
    @_lifetime(borrow self) borrowing get { bytes.span.extracting(first: count) }
  }

  public mutating func clear() { count = 0 }

  public mutating func wipe() {
    bytes.wipe()
    count = 0
  }

  @inline(__always)
  public mutating func put(_ byte: UInt8) {
    bytes[count] = byte
    count += 1
  }

  public mutating func put16(_ value: UInt16) {
    put(UInt8(truncatingIfNeeded: value >> 8))
    put(UInt8(truncatingIfNeeded: value))
  }

  public mutating func put32(_ value: UInt32) {
    put16(UInt16(truncatingIfNeeded: value >> 16))
    put16(UInt16(truncatingIfNeeded: value))
  }

  public mutating func put64(_ value: UInt64) {
    put32(UInt32(truncatingIfNeeded: value >> 32))
    put32(UInt32(truncatingIfNeeded: value))
  }

  /// Seven bits a byte, the lowest first, the top bit set on all but the last.
  public mutating func putVariable(_ value: UInt32) {
    var rest = value
    while rest >= 0x80 {
      put(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    put(UInt8(truncatingIfNeeded: rest))
  }

  /// How far each value lies above the one before it plus one, as by `putVariable`; the first above `start`. Values
  /// rise, and a rise is below 2^28.
  public mutating func putRises(_ values: Span<UInt32>, from start: UInt32) {
    precondition(bytes.count - count >= 4 * values.count)
    var expected = start
    var place = count
    var room = bytes.mutableSpan
    for i in values.indices {
      var rest = values[i] - expected
      expected = values[i] + 1
      while rest >= 0x80 {
        room[place] = UInt8(truncatingIfNeeded: rest) | 0x80
        place += 1
        rest >>= 7
      }
      room[place] = UInt8(truncatingIfNeeded: rest)
      place += 1
    }
    count = place
  }

  /// Lends `room` bytes behind the last; whoever writes there says with `grow(by:)` how many.
  public var free: MutableSpan<UInt8> {
    @_lifetime(&self)
    mutating get {
      let start = count
      return bytes.tail(from: start)
    }
  }

  public mutating func grow(by written: Int) {
    precondition(written >= 0 && count + written <= bytes.count)
    count += written
  }
}
