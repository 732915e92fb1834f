import Checksum
import FixedStorage
import RegisterMap
public import Units

/// What a module was calibrated to, by whoever had it on the bench.
public struct ModuleCalibration: Equatable, Sendable {
  /// Days since 1 January 1970.
  public var day: UInt32
  /// Attenuation of the variable attenuator for each volt of its set-point, none at zero; thousandths of a decibel.
  public var attenuationMillidecibelsPerVolt: UInt32
  /// Reading of the monitor photodiode for a mean of one photon a slot at the exit.
  public var monitorPerPhoton: Microvolts
  /// Where the plates' motors say that the fast axes stand at the horizontal.
  public var plateZeros: PlateSetting

  public init(
    day: UInt32, attenuationMillidecibelsPerVolt: UInt32, monitorPerPhoton: Microvolts, plateZeros: PlateSetting
  ) {
    self.day = day
    self.attenuationMillidecibelsPerVolt = attenuationMillidecibelsPerVolt
    self.monitorPerPhoton = monitorPerPhoton
    self.plateZeros = plateZeros
  }
}

/// Why bytes are no identity.
public enum IdentityRefusal: Equatable, Sendable {
  /// Nobody has written the record: all bits are ones.
  case blank
  /// The first four bytes are not those of a record.
  case foreign(magic: UInt32)
  /// A later version than this program knows.
  case version(UInt8)
  case checksum(expected: UInt32, found: UInt32)
  /// The checksum holds, but a field is outside of its range; the offset of that field.
  case field(offset: Int)
}

/// Who a module is: the record in its EEPROM, laid out in Documentation/Parts.md.
public struct ModuleIdentity: Equatable, Sendable {
  public static var version: UInt8 { 1 }
  /// The letters GMID in ASCII.
  static var magic: UInt32 { 0x474d_4944 }
  public static var recordBytes: Int { 64 }
  public static var serialBytesMax: Int { 16 }

  private let serialHigh: UInt64
  private let serialLow: UInt64
  public let boardRevision: UInt8
  public let calibration: ModuleCalibration

  /// Nil if `serial` is not 1 to 16 visible ASCII characters, or the monitor's figure is negative.
  public init?(serial: Span<UInt8>, boardRevision: UInt8, calibration: ModuleCalibration) {
    guard serial.count > 0, serial.count <= Self.serialBytesMax, calibration.monitorPerPhoton.count >= 0 else {
      return nil
    }
    var padded: [16 of UInt8] = .init(repeating: 0)
    for i in serial.indices {
      guard serial[i] > 0x20, serial[i] < 0x7f else { return nil }
      padded[i] = serial[i]
    }
    serialHigh = padded.span.bigEndian64(at: 0)
    serialLow = padded.span.bigEndian64(at: 8)
    self.boardRevision = boardRevision
    self.calibration = calibration
  }

  /// The serial number in ASCII, zeros behind its last character.
  public var serial: [16 of UInt8] {
    var serial: [16 of UInt8] = .init(repeating: 0)
    for i in 0..<8 {
      serial[i] = UInt8(truncatingIfNeeded: serialHigh >> UInt64(56 - 8 * i))
      serial[8 + i] = UInt8(truncatingIfNeeded: serialLow >> UInt64(56 - 8 * i))
    }
    return serial
  }

  /// The record.
  public var bytes: [64 of UInt8] {
    var bytes: [64 of UInt8] = .init(repeating: 0)
    var span = bytes.mutableSpan
    span.storeBigEndian(Self.magic, at: 0)
    span[4] = Self.version
    span[5] = boardRevision
    let serial = self.serial
    for i in serial.indices { span[8 + i] = serial[i] }
    span.storeBigEndian(calibration.day, at: 24)
    span.storeBigEndian(calibration.attenuationMillidecibelsPerVolt, at: 28)
    span.storeBigEndian(UInt32(calibration.monitorPerPhoton.count), at: 32)
    for plate in 0..<WavePlatesMap.plateCount {
      let angle = calibration.plateZeros[plate].centidegrees
      span[36 + 2 * plate] = UInt8(angle >> 8)
      span[37 + 2 * plate] = UInt8(truncatingIfNeeded: angle)
    }
    let checksum = Checksum.crc32(bytes.span.extracting(first: Self.checkedBytes))
    var end = bytes.mutableSpan
    end.storeBigEndian(checksum, at: Self.checkedBytes)
    return bytes
  }

  /// The identity in `record`, or why there is none.
  static func decode(_ record: [64 of UInt8]) -> IdentityReading {
    let bytes = record.span
    guard !isBlank(bytes) else { return .refused(.blank) }
    let magic = bytes.bigEndian32(at: 0)
    guard magic == Self.magic else { return .refused(.foreign(magic: magic)) }
    let expected = Checksum.crc32(bytes.extracting(first: checkedBytes))
    let found = bytes.bigEndian32(at: checkedBytes)
    guard found == expected else { return .refused(.checksum(expected: expected, found: found)) }
    guard bytes[4] == version else { return .refused(.version(bytes[4])) }
    return fields(bytes)
  }

  private static var checkedBytes: Int { 60 }

  private static func fields(_ bytes: Span<UInt8>) -> IdentityReading {
    for offset in 0..<checkedBytes where isReserved(offset) && bytes[offset] != 0 {
      return .refused(.field(offset: offset))
    }
    var length = serialBytesMax
    while length > 0, bytes[8 + length - 1] == 0 { length -= 1 }
    guard let zeros = plateZeros(bytes) else { return .refused(.field(offset: 36)) }
    guard let perPhoton = Int32(exactly: bytes.bigEndian32(at: 32)) else { return .refused(.field(offset: 32)) }
    let calibration = ModuleCalibration(
      day: bytes.bigEndian32(at: 24), attenuationMillidecibelsPerVolt: bytes.bigEndian32(at: 28),
      monitorPerPhoton: Microvolts(perPhoton), plateZeros: zeros)
    let serial = bytes.extracting(8..<8 + length)
    guard let identity = Self(serial: serial, boardRevision: bytes[5], calibration: calibration) else {
      return .refused(.field(offset: 8))
    }
    return .identity(identity)
  }

  private static func plateZeros(_ bytes: Span<UInt8>) -> PlateSetting? {
    guard let first = PlateAngle(centidegrees: bytes.bigEndian16(at: 36)),
      let second = PlateAngle(centidegrees: bytes.bigEndian16(at: 38)),
      let third = PlateAngle(centidegrees: bytes.bigEndian16(at: 40))
    else { return nil }
    return PlateSetting(first, second, third)
  }

  private static func isReserved(_ offset: Int) -> Bool { offset == 6 || offset == 7 || offset >= 42 }

  private static func isBlank(_ bytes: Span<UInt8>) -> Bool {
    for i in bytes.indices where bytes[i] != 0xff { return false }
    return true
  }
}

/// What reading an identity gave. A record that makes no sense is no fault of the device.
public enum IdentityReading: Equatable, Sendable {
  case identity(ModuleIdentity)
  case refused(IdentityRefusal)
}
