import Alignment
import Drivers
import FixedStorage
import Ports
import RegisterMap
import Units

/// The bought parts on the I2C bus: temperature of the board, attenuator and its monitor, identity. They keep house; a
/// part that does not answer is told and stops nothing, but for an attenuator that cannot be set as configured.
struct BoardParts: Sendable {
  private var sensor = Tmp117()
  private var monitorAdc = Ads1115()
  private var attenuator = Mcp4728()
  private var memory = Eeprom24AA02()
  /// The temperature of the board, and of the monitor photodiode the voltage; nil until the part has told one, and
  /// again when it stops answering.
  private(set) var temperature: Millicelsius?
  private(set) var monitor: Ads1115Reading?
  private(set) var identity: ModuleIdentity?
  private var conversion: Ads1115Conversion?
  private var hasSensor = false

  init() {}

  /// Hundredths of a decibel a volt, as calibrated.
  private var slope: UInt64 {
    identity.map { UInt64($0.calibration.attenuationMillidecibelsPerVolt) / 10 } ?? 1000
  }

  /// Looks who is there and who the module is. Told nothing but what answers.
  mutating func bringUp(over bus: inout some I2cBus & ~Copyable) {
    do throws(DriverFault) {
      try sensor.identify(over: &bus)
      try sensor.start(over: &bus)
      hasSensor = true
    } catch {
      hasSensor = false
      temperature = nil
    }
    conversion = nil
    do throws(DriverFault) {
      guard case .identity(let found) = try memory.identity(over: &bus) else {
        identity = nil
        return
      }
      identity = found
    } catch {
      identity = nil
    }
  }

  /// Twice a second: the next temperature; at Alice's module also the end of one conversion and the start of the next.
  mutating func keepHouse(as role: Role, over bus: inout some I2cBus & ~Copyable) {
    do throws(DriverFault) {
      if hasSensor, let next = try sensor.temperature(over: &bus) { temperature = next }
    } catch {
      temperature = nil
    }
    guard role == .alice else { return }
    do throws(DriverFault) {
      if let running = conversion { monitor = try monitorAdc.reading(of: running, over: &bus) ?? monitor }
      conversion = try monitorAdc.begin(.ain0, range: .mv2048, over: &bus)
    } catch {
      monitor = nil
      conversion = nil
    }
  }

  /// Sets the attenuator, in hundredths of a decibel; `refused` for more than the drive reaches.
  mutating func attenuate(_ hundredths: UInt64, over bus: inout some I2cBus & ~Copyable) throws(DriverFault) {
    let microvolts = hundredths * 1_000_000 / max(slope, 1)
    guard microvolts <= 4_095_000, let output = Mcp4728Output(Microvolts(Int32(microvolts)), isDoubled: true) else {
      throw .refused(address: PartAddress.mcp4728, status: 0)
    }
    try attenuator.set(output, of: .a, over: &bus)
  }

  /// Sets the tilted plates: 20 degrees a volt on channel B, and 50 degrees a volt of their axis on C (assumed motors).
  mutating func tilt(_ loss: LossSettings, over bus: inout some I2cBus & ~Copyable) throws(DriverFault) {
    let volts: [2 of Int32] = [Int32(loss.tiltCentidegrees) * 500, Int32(loss.azimuth.centidegrees) * 200]
    for i in volts.indices {
      guard let output = Mcp4728Output(Microvolts(volts[i]), isDoubled: true) else {
        throw .refused(address: PartAddress.mcp4728, status: 0)
      }
      try attenuator.set(output, of: i == 0 ? .b : .c, over: &bus)
    }
  }

  /// What the attenuator's drive is set to, in hundredths of a decibel; nil if it is a share of the supply.
  mutating func attenuation(over bus: inout some I2cBus & ~Copyable) throws(DriverFault) -> UInt64? {
    let state = try attenuator.state(over: &bus)
    return state.outputs[0].voltage.map { UInt64(max(0, $0.count)) * slope / 1_000_000 }
  }
}
