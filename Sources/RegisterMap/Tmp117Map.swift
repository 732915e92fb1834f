/// Registers of the temperature sensor TMP117 (Texas Instruments SNOSD82D, section 7.6). Words have 16 bits, the high
/// byte travels first, and an address counts words.
public enum Tmp117Map {
  /// The last conversion in steps of 1/128 degree Celsius, two's complement; the reset value says that there was none.
  public static let tempResult = Register("TEMP_RESULT", at: 0x00, .readOnly, reset: 0x8000, defined: 0xffff)
  public static let configuration = Register("CONFIGURATION", at: 0x01, .readWrite, reset: 0x0220, defined: 0xfffe)
  /// Limits in the format of the result.
  public static let highLimit = Register("THIGH_LIMIT", at: 0x02, .readWrite, reset: 0x6000, defined: 0xffff)
  public static let lowLimit = Register("TLOW_LIMIT", at: 0x03, .readWrite, reset: 0x8000, defined: 0xffff)
  public static let offset = Register("TEMP_OFFSET", at: 0x07, .readWrite, reset: 0x0000, defined: 0xffff)
  public static let deviceId = Register("DEVICE_ID", at: 0x0f, .readOnly, reset: 0x0117, defined: 0xffff)

  /// Fields of CONFIGURATION.
  public enum Configuration {
    public static let highAlert = Field(bits: 15...15)
    public static let lowAlert = Field(bits: 14...14)
    /// A conversion has ended; reading CONFIGURATION or TEMP_RESULT clears it.
    public static let dataReady = Field(bits: 13...13)
    public static let eepromBusy = Field(bits: 12...12)
    public static let mode = Field(bits: 10...11)
    /// Conversion cycle, table 7-7.
    public static let cycle = Field(bits: 7...9)
    /// Conversions to a result: 1, 8, 32 or 64.
    public static let averages = Field(bits: 5...6)
    public static let isTherm = Field(bits: 4...4)
    public static let softReset = Field(bits: 1...1)
    /// Everything that a write sets and a read returns.
    public static let settings = Field(bits: 2...11)

    /// Meanings of `mode`; 2 is continuous as well.
    public enum Mode: UInt32, Sendable { case continuous = 0, shutdown = 1, oneShot = 3 }
  }

  /// Fields of DEVICE_ID.
  public enum DeviceId {
    public static let revision = Field(bits: 12...15)
    public static let part = Field(bits: 0...11)
  }
}
