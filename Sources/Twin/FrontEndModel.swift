import Checksum
import Foundation
import Optics
import RegisterMap

/// The counter front-end of Bob: it sees every avalanche, also outside the gate.
public final class FrontEndModel {
  public internal(set) var faults: FaultPlan
  private var running: [UInt64]
  private var latched: [UInt32]
  /// Counts at the last two marks, a tenth of a second apart, for the bias currents.
  private var marks: [[UInt64]]
  private var transfers: UInt64 = 0
  var milliseconds: UInt64 = 0

  init(faults: FaultPlan) {
    self.faults = faults
    running = [UInt64](repeating: 0, count: FpgaMap.detectorCount)
    latched = [UInt32](repeating: 0, count: FpgaMap.detectorCount)
    marks = [running, running]
  }

  func count(_ clicks: UInt64, detector: Int) { running[detector] += clicks }

  func count(_ detections: [Detection]) {
    var counts: [8 of UInt64] = .init(repeating: 0)
    for detection in detections {
      var rest = detection.detectors
      while rest != 0 {
        counts[rest.trailingZeroBitCount] += 1
        rest &= rest &- 1
      }
    }
    for detector in running.indices { running[detector] += counts[detector] }
  }

  func passMillisecond() {
    milliseconds += 1
    if milliseconds % 100 == 0 { marks = [marks[1], running] }
  }

  /// One I2C transfer to the front-end's address, nil if it is not acknowledged.
  func exchange(_ bytes: [UInt8], replyCount: Int) -> [UInt8]? {
    transfers += 1
    for case .notAcknowledged(let every) in faults.faults where transfers % every == 0 { return nil }
    guard let address = bytes.first, let register = register(at: address) else { return nil }
    let bus = FrontEndMap.i2cAddress << 1
    if bytes.count == 1, replyCount <= 3 {
      let value = faults.stick(value(of: register), at: address)
      let low = UInt8(truncatingIfNeeded: value)
      let high = UInt8(truncatingIfNeeded: value >> 8)
      let covered = [bus, address, bus | 1, low, high]
      return Array([low, high, Checksum.crc8(covered.span)].prefix(replyCount))
    }
    guard bytes.count == 4, replyCount == 0, register.access == .writeOnly else { return nil }
    let covered = [bus] + bytes[..<3]
    guard Checksum.crc8(covered.span) == bytes[3] else { return nil }
    if FrontEndMap.Control.latchCounts.isSet(in: UInt32(bytes[1])) {
      latched = running.map { UInt32(truncatingIfNeeded: $0) }
    }
    return []
  }

  private func register(at address: UInt8) -> Register? {
    for i in FrontEndMap.all.indices where FrontEndMap.all[i].address == address { return FrontEndMap.all[i] }
    return nil
  }

  private func value(of register: Register) -> UInt32 {
    switch register {
    case FrontEndMap.ident:
      for case .wrongIdentity(let word) in faults.faults { return word & register.defined }
      return register.reset
    case FrontEndMap.status:
      let overflow = running.contains { $0 > UInt64(UInt32.max) }
      let word = FrontEndMap.Status.overflow.insert(overflow, into: 0)
      return FrontEndMap.Status.biasFault.insert(running.indices.contains { current($0) > currentMax }, into: word)
    default: return detectorValue(of: register)
    }
  }

  private func detectorValue(of register: Register) -> UInt32 {
    for detector in 0..<FpgaMap.detectorCount {
      if register == FrontEndMap.detectorCountLow[detector] { return latched[detector] & 0xffff }
      if register == FrontEndMap.detectorCountHigh[detector] { return latched[detector] >> 16 }
      if register == FrontEndMap.detectorBiasCurrent[detector] { return min(current(detector), 0xffff) }
      if register == FrontEndMap.detectorTemperature[detector] { return temperature(detector) }
    }
    return register.reset
  }

  /// Leakage and 16 pC for each avalanche (1e8 electrons), in nanoamperes; both assumed.
  private func current(_ detector: Int) -> UInt32 {
    let perSecond = Double(marks[1][detector] - marks[0][detector]) * 10
    return 30 + UInt32(perSecond * 16e-3)
  }

  private var currentMax: UInt32 { 50_000 }

  /// A thermoelectric cooler at -20 degrees that breathes by 0.05 degrees in a minute; assumed.
  private func temperature(_ detector: Int) -> UInt32 {
    let turn = 2 * Double.pi * (Double(milliseconds) / 60_000 + Double(detector) / 6)
    let centidegrees = Int16((-2_000 + 5 * sin(turn)).rounded())
    return UInt32(UInt16(bitPattern: centidegrees))
  }
}
