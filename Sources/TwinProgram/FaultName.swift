import ArgumentParser
import RegisterMap
import Twin
import Units

/// The faults that a run can be asked for by name.
enum FaultName: String, ExpressibleByArgument, CaseIterable {
  case identity, stuckRegister = "stuck-register", crc, lostWrite = "lost-write", i2c

  static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }

  var plan: FaultPlan {
    switch self {
    case .identity: FaultPlan([.wrongIdentity(0x4749_4d43)])
    case .stuckRegister: FaultPlan([.stuckBit(address: FpgaMap.scratch.address, bit: 5, high: false)])
    case .crc: FaultPlan([.flippedReplies(from: Instant(ns: 500_000_000))])
    case .lostWrite: FaultPlan([.lostWrite(every: 40)])
    case .i2c: FaultPlan([.notAcknowledged(every: 1)])
    }
  }
}
