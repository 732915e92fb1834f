public import Ports
public import RegisterMap
public import Units

/// A conversion that was begun; it tells `Ads1115` what to wait for.
public struct Ads1115Conversion: Equatable, Sendable {
  public let input: Ads1115Map.Config.Input
  public let range: Ads1115Map.Config.Range

  /// CONFIG while the conversion runs.
  var config: UInt32 {
    typealias Config = Ads1115Map.Config
    return Config.range.insert(range, into: Config.input.insert(input, into: Ads1115.fixed))
  }
}

/// What a conversion gave.
public struct Ads1115Reading: Equatable, Sendable {
  public let voltage: Microvolts
  /// The input was at or beyond the end of the range, so that `voltage` is a bound only.
  public let isClipped: Bool

  /// Code times full scale over 2^15, rounded; data sheet, section "Data Format".
  init(code: Int16, range: Ads1115Map.Config.Range) {
    let scaled = Int64(code) * Int64(range.fullScaleMillivolts) * 125
    voltage = Microvolts(Int32((scaled + 2_048) >> 12))
    isClipped = code == .max || code == .min
  }
}

/// The converter ADS1115: one conversion of one input at a time, 8 ms each, comparator off.
///
/// Names are those of its data sheet, SBAS444. The bus has many devices, so whoever owns it lends it to each call.
public struct Ads1115: Sendable {
  /// The settings that never change. 128 samples a second are slow enough for the start of a conversion to be seen:
  /// CONFIG is read back within its 7.8 ms.
  static var fixed: UInt32 {
    typealias Config = Ads1115Map.Config
    let word = Config.rate.insert(Config.Rate.hz128, into: Config.isSingleShot.insert(true, into: 0))
    return Config.comparatorQueue.insert(Config.comparatorQueue.valueMax, into: word)
  }

  private var device = UncheckedDevice(at: PartAddress.ads1115)

  public init() {}

  public var counters: WireCounters { device.counters }

  /// The part has no identity. The nearest thing are the settings that `begin` never changes: they have their reset
  /// values, single shot, 128 samples a second and no comparator.
  public mutating func identify(over bus: inout some I2cBus & ~Copyable) throws(DriverFault) {
    typealias Config = Ads1115Map.Config
    let word = try device.read(Ads1115Map.config, over: &bus)
    let fixed = word & ~(Config.isIdle.mask | Config.input.mask | Config.range.mask)
    guard fixed == Self.fixed else {
      throw .wrongDevice(address: Ads1115Map.config.address, expected: Self.fixed, read: fixed)
    }
  }

  /// Starts a conversion; `reading` tells its end. Refused while another one runs, with the high byte of CONFIG.
  public mutating func begin(
    _ input: Ads1115Map.Config.Input, range: Ads1115Map.Config.Range, over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) -> Ads1115Conversion {
    let register = Ads1115Map.config
    let before = try device.read(register, over: &bus)
    guard Ads1115Map.Config.isIdle.isSet(in: before) else {
      throw .refused(address: register.address, status: UInt8(truncatingIfNeeded: before >> 8))
    }
    let conversion = Ads1115Conversion(input: input, range: range)
    try device.write(
      Ads1115Map.Config.isIdle.insert(true, into: conversion.config), to: register, over: &bus)
    // A start that was lost shows as an idle part; then the last result would pass for this one.
    let readBack = try device.read(register, over: &bus)
    guard readBack == conversion.config else {
      throw .readBackDiffers(address: register.address, wrote: conversion.config, read: readBack)
    }
    return conversion
  }

  /// The result of `conversion`, nil while it runs: 9 ms at most, of which the caller keeps the time.
  public mutating func reading(
    of conversion: Ads1115Conversion, over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) -> Ads1115Reading? {
    let register = Ads1115Map.config
    let config = try device.read(register, over: &bus)
    if config == conversion.config { return nil }
    let done = Ads1115Map.Config.isIdle.insert(true, into: conversion.config)
    guard config == done else {
      throw .readBackDiffers(address: register.address, wrote: done, read: config)
    }
    let word = try device.read(Ads1115Map.conversion, over: &bus)
    return Ads1115Reading(code: Int16(truncatingIfNeeded: word), range: conversion.range)
  }
}
