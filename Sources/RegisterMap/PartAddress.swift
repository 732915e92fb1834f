/// Seven-bit I2C addresses of the bought parts, as the board straps them. Both modules have TMP117 and EEPROM; only
/// Alice has the converters.
public enum PartAddress {
  /// ADD0 to ground.
  public static var tmp117: UInt8 { 0x48 }
  /// ADDR to the supply.
  public static var ads1115: UInt8 { 0x49 }
  /// The low end of the eight addresses to which a 24AA02 answers.
  public static var eeprom: UInt8 { 0x50 }
  /// Address bits 000, as the part is ordered.
  public static var mcp4728: UInt8 { 0x60 }
}
