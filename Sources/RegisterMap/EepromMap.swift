/// Sizes of the EEPROM 24AA02 and of its kind 24AA02E48 (Microchip DS21709 and DS20002124).
public enum EepromMap {
  public static var bytes: Int { 256 }
  /// A write stays within a page and begins again at the page's first byte; section 6.2.
  public static var pageBytes: Int { 8 }
  /// Pages that both kinds can write: the upper half of a 24AA02E48 is sealed; figure 9-1.
  public static var pageCount: Int { 16 }
  /// Six bytes at the end of a 24AA02E48 that no other part has; figure 9-2.
  public static var nodeAddressOffset: UInt8 { 0xfa }
}
