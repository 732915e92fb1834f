import Foundation
import Optics
import RegisterMap
import Units

/// A bought part as the wires see it. Instants are those of the transfer.
protocol PartModel: AnyObject {
  /// Takes the bytes behind the address; false if the part does not acknowledge.
  func write(_ bytes: [UInt8], at now: Instant) -> Bool
  /// Nil if the part does not acknowledge.
  func read(_ count: Int, at now: Instant) -> [UInt8]?
}

/// The bought parts on one module's I2C bus, and what hangs on them. Documentation/Parts.md says what is left out.
public final class BoardParts {
  var faults: FaultPlan
  private let sensor: Tmp117Model
  private let eeprom: EepromModel
  private let converter: Ads1115Model?
  private let dac: Mcp4728Model
  private let hasAttenuator: Bool
  /// Transfers, writes and replies of all parts, for the faults that count.
  private var transfers: UInt64 = 0
  private var writes: UInt64 = 0
  private var replies: UInt64 = 0
  /// Mean photon number of a slot before the attenuator.
  var photonsPerSlot = 0.0

  init(role: Role, faults: FaultPlan) {
    self.faults = faults
    func isFrozen(_ part: BoardPart) -> Bool { faults.faults.contains(.part(part, .frozen)) }
    // Assumed: Alice's drivers are warmer than Bob's cooled detectors.
    sensor = Tmp117Model(meanCelsius: role == .alice ? 38 : 31, isFrozen: isFrozen(.tmp117))
    eeprom = EepromModel(role: role, isFrozen: isFrozen(.eeprom))
    converter = role == .alice ? Ads1115Model(isFrozen: isFrozen(.ads1115)) : nil
    dac = Mcp4728Model(isFrozen: isFrozen(.mcp4728))
    hasAttenuator = role == .alice
  }

  // MARK: What hangs on them

  /// Share of the light that the variable attenuator passes: 10 dB for each volt of channel A, none at zero; assumed.
  var transmission: Double { hasAttenuator ? pow(10, -dac.volts(0)) : 1 }

  /// The tilted plates: 20 degrees of tilt for each volt of channel B, 50 degrees of azimuth for each of C; assumed.
  var tiltedPlates: Diattenuator? {
    .tiltedPlates(tiltDegrees: 20 * dac.volts(1), azimuthDegrees: 50 * dac.volts(2))
  }

  /// Volts at the converter's inputs: the monitor photodiode, which sees 2 V for one photon a slot behind the
  /// attenuator above 0.4 mV of offset, both assumed; then the outputs B, C and D.
  private var inputVolts: [Double] {
    [4e-4 + 2 * photonsPerSlot * transmission] + (1...3).map { dac.volts($0) }
  }

  // MARK: The bus

  /// One I2C transfer, nil if nobody acknowledges.
  func exchange(_ sent: [UInt8], with address: UInt8, replyCount: Int, at now: Instant) -> [UInt8]? {
    switch address {
    case PartAddress.tmp117: return exchange(sent, with: sensor, .tmp117, replyCount: replyCount, at: now)
    case PartAddress.eeprom: return exchange(sent, with: eeprom, .eeprom, replyCount: replyCount, at: now)
    case PartAddress.ads1115:
      guard let converter else { return nil }
      converter.inputVolts = inputVolts
      return exchange(sent, with: converter, .ads1115, replyCount: replyCount, at: now)
    case PartAddress.mcp4728: return exchange(sent, with: dac, .mcp4728, replyCount: replyCount, at: now)
    default: return nil
    }
  }

  private func exchange(
    _ sent: [UInt8], with model: some PartModel, _ part: BoardPart, replyCount: Int, at now: Instant
  ) -> [UInt8]? {
    transfers += 1
    guard isAcknowledged(part, at: now) else { return nil }
    if !sent.isEmpty, !isLost(sent, part) {
      guard model.write(sent, at: now) else { return nil }
    }
    guard replyCount > 0 else { return [] }
    guard let reply = model.read(replyCount, at: now) else { return nil }
    return damaged(reply, part)
  }

  private func isAcknowledged(_ part: BoardPart, at now: Instant) -> Bool {
    for case .notAcknowledged(let every) in faults.faults where transfers % every == 0 { return false }
    for case .part(part, .silent(let start)) in faults.faults where now >= start { return false }
    return true
  }

  /// A write is more than the bytes that point somewhere.
  private func isLost(_ sent: [UInt8], _ part: BoardPart) -> Bool {
    guard sent.count > 1 else { return false }
    writes += 1
    for case .part(part, .lostWrite(let every)) in faults.faults where writes % every == 0 { return true }
    return false
  }

  private func damaged(_ reply: [UInt8], _ part: BoardPart) -> [UInt8] {
    var reply = reply
    replies += 1
    for case .part(part, .flippedReply(let every)) in faults.faults where replies % every == 0 {
      let bit = Int(replies % UInt64(8 * reply.count))
      reply[bit / 8] ^= 1 << UInt8(bit % 8)
    }
    for case .part(part, .stuckReply(let high)) in faults.faults { reply = reply.map { _ in high ? 0xff : 0 } }
    return reply
  }
}
