public import Ports
import RegisterMap
public import Units

/// The temperature sensor TMP117: measures once a second and tells each result once.
///
/// Names and numbers of tables are those of its data sheet, SNOSD82D. The bus has many devices, so whoever owns it
/// lends it to each call.
public struct Tmp117: Sendable {
  private var device = UncheckedDevice(at: PartAddress.tmp117)

  public init() {}

  public var counters: WireCounters { device.counters }

  /// Checks the part number; every revision of the part will do.
  public mutating func identify(over bus: inout some I2cBus & ~Copyable) throws(DriverFault) {
    let register = Tmp117Map.deviceId
    let word = try device.read(register, over: &bus)
    guard Tmp117Map.DeviceId.part.extract(from: word) == register.reset else {
      throw .wrongDevice(address: register.address, expected: register.reset, read: word)
    }
  }

  /// Has the part convert for ever: once a second, the mean of eight conversions, nothing added to the result.
  public mutating func start(over bus: inout some I2cBus & ~Copyable) throws(DriverFault) {
    try device.store(0, in: Tmp117Map.offset, over: &bus)
    // Written only where it differs, as `store` does it, and for the same reason.
    let first = try device.readOnce(Tmp117Map.configuration, over: &bus)
    let second = try device.readOnce(Tmp117Map.configuration, over: &bus)
    if !Self.isContinuous(first) || !Self.isContinuous(second) {
      try device.write(Self.continuous, to: Tmp117Map.configuration, over: &bus)
    }
    _ = try hasNewResult(over: &bus)
  }

  /// Sets the limits outside of which the part drives its line ALERT.
  public mutating func setLimits(
    _ limits: Tmp117Limits, over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) {
    try device.store(Tmp117Code.word(limits.high), in: Tmp117Map.highLimit, over: &bus)
    try device.store(Tmp117Code.word(limits.low), in: Tmp117Map.lowLimit, over: &bus)
  }

  /// The newest result, nil if there is none that `temperature` has not told already: ask more often than once a
  /// second, and take two seconds of nil for a fault. Flags of the alert are cleared by being read and cannot be
  /// confirmed, so `Tmp117Limits.contains` is what tells an alert.
  public mutating func temperature(
    over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) -> Millicelsius? {
    guard try hasNewResult(over: &bus) else { return nil }
    let word = try device.read(Tmp117Map.tempResult, over: &bus)
    guard word != Tmp117Map.tempResult.reset else { return nil }
    return Tmp117Code.temperature(word)
  }

  /// Mode continuous, cycle of one second (CONV 100), eight averages (AVG 01), alert mode: tables 7-6 and 7-7. They
  /// are also what the part does at power-up.
  private static var continuous: UInt32 { Tmp117Map.configuration.reset }

  /// Whether a conversion has ended since the last look, if the part still has the settings of `start`.
  ///
  /// The flag is cleared by being read, so it counts wherever it shows; a false one makes an old result be told again.
  private mutating func hasNewResult(over bus: inout some I2cBus & ~Copyable) throws(DriverFault) -> Bool {
    typealias Configuration = Tmp117Map.Configuration
    var isReady = false
    var read: UInt32 = 0
    for _ in 0..<UncheckedDevice.attemptsMax {
      read = try device.readOnce(Tmp117Map.configuration, over: &bus)
      if Configuration.dataReady.isSet(in: read) { isReady = true }
      if Self.isContinuous(read) { return isReady }
    }
    throw .readBackDiffers(address: Tmp117Map.configuration.address, wrote: Self.continuous, read: read)
  }

  private static func isContinuous(_ configuration: UInt32) -> Bool {
    let settings = Tmp117Map.Configuration.settings.mask
    return configuration & settings == continuous & settings
  }
}

/// Limits of the temperature, to the next step of the part, 1/128 degree Celsius.
public struct Tmp117Limits: Equatable, Sendable {
  public let low: Millicelsius
  public let high: Millicelsius

  /// Nil if the part cannot hold a limit, which begins at 256 degrees Celsius on either side, or `low` is above `high`.
  public init?(low: Millicelsius, high: Millicelsius) {
    guard low <= high, Tmp117Code.holds(low), Tmp117Code.holds(high) else { return nil }
    self.low = low
    self.high = high
  }

  public func contains(_ temperature: Millicelsius) -> Bool { low <= temperature && temperature <= high }
}

/// The format of results and limits: two's complement in steps of 7.8125 thousandths of a degree, table 7-1.
enum Tmp117Code {
  /// 125/16 of a thousandth, rounded.
  static func temperature(_ word: UInt32) -> Millicelsius {
    Millicelsius((Int32(Int16(truncatingIfNeeded: word)) * 125 + 8) >> 4)
  }

  static func holds(_ temperature: Millicelsius) -> Bool {
    guard temperature.count > -512_000, temperature.count < 512_000 else { return false }
    let code = code(temperature)
    return code >= Int32(Int16.min) && code <= Int32(Int16.max)
  }

  /// The nearest step; the temperature must fit.
  static func word(_ temperature: Millicelsius) -> UInt32 {
    UInt32(UInt16(bitPattern: Int16(code(temperature))))
  }

  /// Floor of the quotient plus one half; thousandths below half a million keep clear of overflow.
  private static func code(_ temperature: Millicelsius) -> Int32 {
    let doubled = temperature.count * 32 + 125
    return doubled >= 0 ? doubled / 250 : -((249 - doubled) / 250)
  }
}
