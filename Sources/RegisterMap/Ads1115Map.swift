/// Registers of the converter ADS1115 (Texas Instruments SBAS444, section "Register Map"). Words have 16 bits, the high
/// byte travels first.
public enum Ads1115Map {
  /// The last conversion, two's complement of the full scale.
  public static let conversion = Register("CONVERSION", at: 0x00, .readOnly, reset: 0x0000, defined: 0xffff)
  public static let config = Register("CONFIG", at: 0x01, .readWrite, reset: 0x8583, defined: 0xffff)
  public static let lowThreshold = Register("LO_THRESH", at: 0x02, .readWrite, reset: 0x8000, defined: 0xffff)
  public static let highThreshold = Register("HI_THRESH", at: 0x03, .readWrite, reset: 0x7fff, defined: 0xffff)

  /// Fields of CONFIG.
  public enum Config {
    /// Written as one it starts a conversion; it reads as zero while one runs.
    public static let isIdle = Field(bits: 15...15)
    public static let input = Field(bits: 12...14)
    public static let range = Field(bits: 9...11)
    public static let isSingleShot = Field(bits: 8...8)
    public static let rate = Field(bits: 5...7)
    /// Three switches the comparator off.
    public static let comparatorQueue = Field(bits: 0...1)

    /// Inputs against ground; smaller values of the field are differences of inputs.
    public enum Input: UInt32, Sendable { case ain0 = 4, ain1, ain2, ain3 }

    /// Full scale in millivolts, either sign.
    public enum Range: UInt32, Sendable { case mv6144 = 0, mv4096, mv2048, mv1024, mv512, mv256 }

    /// Samples a second.
    public enum Rate: UInt32, Sendable { case hz8 = 0, hz16, hz32, hz64, hz128, hz250, hz475, hz860 }
  }
}

extension Ads1115Map.Config.Range {
  public var fullScaleMillivolts: UInt32 {
    switch self {
    case .mv6144: 6_144
    case .mv4096: 4_096
    case .mv2048: 2_048
    case .mv1024: 1_024
    case .mv512: 512
    case .mv256: 256
    }
  }
}
