import FixedStorage
import Units

/// What one place of the vault says.
enum RecordKind: UInt8 {
  case key = 1
  /// The key that was here was handed out.
  case delivered = 2
  case block = 3
}

/// One record of the vault. Numbers are big-endian.
///
/// | Byte | Size | Key, delivered | Block |
/// |---|---|---|---|
/// | 0 | 1 | kind | kind |
/// | 1 | 1 | role of the module | role of the module |
/// | 2 | 2 | index | keys that were stored |
/// | 4 | 4 | block | block |
/// | 8 | 8 | epoch | epoch |
/// | 16 | 32 | key, zero if delivered | released (2), phase (1), 0 (1), age (4), own tag, point, peer's pad (8 each) |
/// | 48 | 12 | 0 | 0 |
/// | 60 | 4 | CRC-32 of bytes 0 ... 59 | the same |
struct KeyRecord: ~Copyable {
  static var bytes: Int { 64 }
  private static var checkedBytes: Int { 60 }

  private var bytes: [64 of UInt8] = .init(repeating: 0)

  init() {}

  init(_ kind: RecordKind, role: Role, index: UInt16, block: UInt32, epoch: UInt64) {
    bytes[0] = kind.rawValue
    bytes[1] = role.rawValue
    put(UInt64(index), 2, at: 2)
    put(UInt64(block), 4, at: 4)
    put(epoch, 8, at: 8)
  }

  var span: Span<UInt8> { @_lifetime(borrow self) borrowing get { bytes.span } }
  var mutableSpan: MutableSpan<UInt8> { @_lifetime(&self) mutating get { bytes.mutableSpan } }

  /// Nil for a record that was never written, is torn, or is another role's.
  func kind(role: Role) -> RecordKind? {
    guard bytes[1] == role.rawValue, number(4, at: Self.checkedBytes) == checksum else { return nil }
    return RecordKind(rawValue: bytes[0])
  }

  var index: UInt16 { UInt16(truncatingIfNeeded: number(2, at: 2)) }
  var block: UInt32 { UInt32(truncatingIfNeeded: number(4, at: 4)) }
  var epoch: UInt64 { number(8, at: 8) }
  func word(_ i: Int) -> UInt64 { number(8, at: 16 + 8 * i) }

  mutating func setWord(_ i: Int, to word: UInt64) { put(word, 8, at: 16 + 8 * i) }

  /// Closes a record that was filled.
  mutating func seal() { put(checksum, 4, at: Self.checkedBytes) }

  mutating func wipe() {
    var span = bytes.mutableSpan
    FixedStorage.wipe(&span)
  }

  /// The CRC-32 of `Checksum`, bit by bit: its table would be read at places that depend on the key.
  private var checksum: UInt64 {
    var crc = UInt32.max
    for i in 0..<Self.checkedBytes {
      crc ^= UInt32(bytes[i])
      for _ in 0..<8 { crc = crc &>> 1 ^ 0xedb8_8320 & (0 &- (crc & 1)) }
    }
    return UInt64(~crc)
  }

  private func number(_ count: Int, at offset: Int) -> UInt64 {
    var value: UInt64 = 0
    for i in 0..<count { value = value << 8 | UInt64(bytes[offset + i]) }
    return value
  }

  private mutating func put(_ value: UInt64, _ count: Int, at offset: Int) {
    for i in 0..<count { bytes[offset + i] = UInt8(truncatingIfNeeded: value >> UInt64(8 * (count - 1 - i))) }
  }
}
