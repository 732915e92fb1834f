public import Ports
import RegisterMap

/// The counter front-end: clicks, bias current and temperature of each detector, over I2C with packet error code.
///
/// The bus has many devices, so whoever owns it lends it to each call. Arrays are in detector order: H, V, D, A, R, L.
public struct FrontEnd: Sendable {
  private var device = WordDevice(at: FrontEndMap.i2cAddress)

  public init() {}

  public var counters: WireCounters { device.counters }

  /// Checks identity and map version.
  public mutating func identify(over bus: inout some I2cBus & ~Copyable) throws(DriverFault) {
    try device.expectReset(of: FrontEndMap.ident, over: &bus)
    try device.expectReset(of: FrontEndMap.version, over: &bus)
  }

  /// Copies all running counters at one moment, for `counts` to read.
  public mutating func latch(over bus: inout some I2cBus & ~Copyable) throws(DriverFault) {
    try device.write(FrontEndMap.Control.latchCounts.insert(true, into: 0), to: FrontEndMap.control, over: &bus)
  }

  /// Clicks modulo 2^32 at the last `latch`.
  public mutating func counts(
    over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) -> [6 of UInt32] {
    let low = try words(of: FrontEndMap.detectorCountLow, over: &bus)
    var counts = try words(of: FrontEndMap.detectorCountHigh, over: &bus)
    for d in counts.indices { counts[d] = Self.highHalf.insert(counts[d], into: low[d]) }
    return counts
  }

  /// Bias currents in nanoamperes.
  public mutating func biasCurrentsNa(
    over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) -> [6 of UInt32] {
    try words(of: FrontEndMap.detectorBiasCurrent, over: &bus)
  }

  /// Temperatures in thousandths of a degree Celsius; the device resolves hundredths.
  public mutating func temperaturesMilliC(
    over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) -> [6 of Int32] {
    let words = try words(of: FrontEndMap.detectorTemperature, over: &bus)
    var temperatures = [6 of Int32](repeating: 0)
    for d in words.indices { temperatures[d] = 10 * Int32(Int16(truncatingIfNeeded: words[d])) }
    return temperatures
  }

  public mutating func status(over bus: inout some I2cBus & ~Copyable) throws(DriverFault) -> FrontEndStatus {
    FrontEndStatus(word: try device.read(FrontEndMap.status, over: &bus))
  }

  private static var highHalf: Field { Field(bits: 16...31) }

  private mutating func words(
    of registers: [6 of Register], over bus: inout some I2cBus & ~Copyable
  ) throws(DriverFault) -> [6 of UInt32] {
    var words = [6 of UInt32](repeating: 0)
    for d in words.indices { words[d] = try device.read(registers[d], over: &bus) }
    return words
  }
}
