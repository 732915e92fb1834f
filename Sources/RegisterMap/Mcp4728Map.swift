/// Commands and replies of the converter MCP4728 (Microchip DS22187E, sections 5.6 and 5.7). It has no register
/// addresses: a write begins with a command byte, and a read returns three bytes for each of eight words: input
/// register and EEPROM of channel A, then of B, C and D.
public enum Mcp4728Map {
  public static var channelCount: Int { 4 }
  public static var wordBytes: Int { 3 }
  /// The internal reference, and the largest code, of twelve bits.
  public static var referenceMicrovolts: UInt32 { 2_048_000 }
  public static var codeMax: UInt32 { 4_095 }

  /// Fields of the first byte of a write, table 5-1.
  public enum Command {
    public static let kind = Field(bits: 3...7)
    public static let channel = Field(bits: 1...2)
    /// One keeps the output as it is unless the pin LDAC is low.
    public static let holdsOutput = Field(bits: 0...0)

    public enum Kind: UInt32, Sendable {
      /// One channel's input register; figure 5-8. Command and word may be repeated.
      case multiWrite = 0b01000
      /// Input registers and EEPROM from a channel on, to D; figure 5-9.
      case sequentialWrite = 0b01010
      /// One channel's input register and EEPROM; figure 5-10.
      case singleWrite = 0b01011
    }
  }

  /// Fields of the first of three bytes of a reply, figure 5-15.
  public enum Head {
    /// Zero while the EEPROM is written.
    public static let isReady = Field(bits: 7...7)
    public static let isPowered = Field(bits: 6...6)
    public static let channel = Field(bits: 4...5)
    /// The part's own address bits, below a zero.
    public static let address = Field(bits: 0...3)
  }

  /// Fields of a channel's word, high byte first.
  public enum Word {
    public static let hasInternalReference = Field(bits: 15...15)
    public static let power = Field(bits: 13...14)
    /// Doubles the internal reference.
    public static let isDoubled = Field(bits: 12...12)
    public static let code = Field(bits: 0...11)

    /// What holds an output: its amplifier, or a resistor to ground.
    public enum Power: UInt32, Sendable { case normal = 0, off1kOhm, off100kOhm, off500kOhm }
  }
}
