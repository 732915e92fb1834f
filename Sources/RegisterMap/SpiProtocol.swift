/// The framing of register traffic on the SPI wire: mode 0, most significant bit first, big-endian fields.
///
/// Every transfer starts with a head of eight bytes: opcode, address, four bytes of data or word count, CRC-16
/// of these six. A reply never overlaps the bytes that caused it. Words are 32 bits wide.
public enum SpiProtocol {
  public enum Opcode: UInt8, Sendable {
    case read = 0x01
    case write = 0x02
    /// Burst read; it acknowledges the burst read before it.
    case burstRead = 0x03
    case burstWrite = 0x04
    /// The last burst of this address once more, so that a damaged reply loses nothing.
    case burstRepeat = 0x05
  }

  public enum Status: UInt8, Sendable {
    case done = 0xa5
    /// The command was damaged on its way and nothing was done.
    case commandDamaged = 0xc3
    /// Unknown opcode or address, or a write to a read-only register.
    case refused = 0xe7
  }

  /// Opcode, address, data or count, CRC-16.
  public static var headBytes: Int { 8 }
  /// The part of the head that its CRC covers.
  public static var headCheckedBytes: Int { 6 }
  /// A register read or write: the head, then status, address, value and CRC-16 of these six in the reply.
  public static var registerBytes: Int { 16 }
  public static var wordBytes: Int { 4 }
  /// The most bytes of one transfer.
  public static var transferBytesMax: Int { 4_096 }
  /// The most words of one burst, so that the longer form, the burst read, fits in a transfer.
  public static var burstWordsMax: Int { (transferBytesMax - burstReadBytes(words: 0)) / wordBytes }

  /// Length of a burst read: head, reply head of eight bytes, payload, CRC-32 of reply head and payload.
  public static func burstReadBytes(words: Int) -> Int { 2 * headBytes + wordBytes * words + 4 }
  /// Length of a burst write: head, payload, CRC-32 of the payload, reply of eight bytes.
  public static func burstWriteBytes(words: Int) -> Int { 2 * headBytes + wordBytes * words + 4 }
}
