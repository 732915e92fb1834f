import Foundation
import RegisterMap
import Units

/// The temperature sensor TMP117 (SNOSD82D): pointer, conversions that take their time, flags that reading clears.
final class Tmp117Model: PartModel {
  private typealias Configuration = Tmp117Map.Configuration
  private static let registers = [
    Tmp117Map.tempResult, Tmp117Map.configuration, Tmp117Map.highLimit, Tmp117Map.lowLimit, Tmp117Map.offset,
    Tmp117Map.deviceId,
  ]

  private let meanCelsius: Double
  private let isFrozen: Bool
  private var words: [UInt8: UInt32] = [:]
  private var pointer: UInt8 = 0
  /// When the mode began, in nanoseconds, and how many of its conversions have ended.
  private var began: UInt64 = 0
  private var conversions: UInt64 = 0

  init(meanCelsius: Double, isFrozen: Bool) {
    self.meanCelsius = meanCelsius
    self.isFrozen = isFrozen
    reset()
  }

  private func reset() {
    for register in Self.registers { words[register.address] = register.reset }
  }

  // MARK: Wires

  func write(_ bytes: [UInt8], at now: Instant) -> Bool {
    settle(at: now)
    pointer = bytes[0] & 0x0f
    guard bytes.count >= 3, let register = Self.registers.first(where: { $0.address == pointer }),
      register.access == .readWrite
    else { return true }
    let word = UInt32(bytes[1]) << 8 | UInt32(bytes[2])
    guard register == Tmp117Map.configuration else {
      words[pointer] = word
      return true
    }
    if Configuration.softReset.isSet(in: word) {
      reset()
    } else {
      words[pointer] = configuration & ~Configuration.settings.mask | word & Configuration.settings.mask
    }
    began = now.ns
    conversions = 0
    return true
  }

  func read(_ count: Int, at now: Instant) -> [UInt8]? {
    settle(at: now)
    let word = words[pointer] ?? 0
    if pointer == Tmp117Map.tempResult.address { set(Configuration.dataReady, false) }
    if pointer == Tmp117Map.configuration.address {
      set(Configuration.dataReady, false)
      if !Configuration.isTherm.isSet(in: word) {
        set(Configuration.highAlert, false)
        set(Configuration.lowAlert, false)
      }
    }
    return (0..<count).map { UInt8(truncatingIfNeeded: $0 % 2 == 0 ? word >> 8 : word) }
  }

  // MARK: Conversions

  private var configuration: UInt32 { words[Tmp117Map.configuration.address] ?? 0 }

  private func set(_ field: Field, _ flag: Bool) {
    words[Tmp117Map.configuration.address] = field.insert(flag, into: configuration)
  }

  /// Ends every conversion whose time has come; of several only the last one counts.
  private func settle(at now: Instant) {
    guard !isFrozen else { return }
    // Section 7.3.2 and table 7-7: 15.5 ms for each conversion, then nothing until the cycle is over.
    let activeUs = [15_500, 125_000, 500_000, 1_000_000] as [UInt64]
    let cyclesUs = [15_500, 125_000, 250_000, 500_000, 1_000_000, 4_000_000, 8_000_000, 16_000_000] as [UInt64]
    let active = activeUs[Int(Configuration.averages.extract(from: configuration))] * 1_000
    let cycle = max(active, cyclesUs[Int(Configuration.cycle.extract(from: configuration))] * 1_000)
    let elapsed = now.ns - began
    guard elapsed >= active else { return }
    switch Configuration.mode.extract(Configuration.Mode.self, from: configuration) {
    case .shutdown: return
    case .oneShot:
      words[Tmp117Map.configuration.address] = Configuration.mode.insert(
        Configuration.Mode.shutdown, into: configuration)
      finish(atNs: began + active)
    case .continuous, nil:
      let count = 1 + (elapsed - active) / cycle
      guard count > conversions else { return }
      conversions = count
      finish(atNs: began + active + (count - 1) * cycle)
    }
  }

  private func finish(atNs ns: UInt64) {
    let offset = signed(Tmp117Map.offset)
    let code = min(max(Int32((celsius(atNs: ns) * 128).rounded()) + offset, -32_768), 32_767)
    words[Tmp117Map.tempResult.address] = UInt32(UInt16(truncatingIfNeeded: code))
    set(Configuration.dataReady, true)
    let isHigh = code > signed(Tmp117Map.highLimit)
    let isLow = code < signed(Tmp117Map.lowLimit)
    if isHigh { set(Configuration.highAlert, true) }
    // In therm mode the low limit is where the one alert ends.
    if Configuration.isTherm.isSet(in: configuration) {
      if isLow { set(Configuration.highAlert, false) }
    } else if isLow {
      set(Configuration.lowAlert, true)
    }
  }

  private func signed(_ register: Register) -> Int32 {
    Int32(Int16(truncatingIfNeeded: words[register.address] ?? 0))
  }

  /// Assumed: the board breathes by half a degree in ten minutes.
  private func celsius(atNs ns: UInt64) -> Double { meanCelsius + 0.5 * sin(2 * Double.pi * Double(ns) / 600e9) }
}
