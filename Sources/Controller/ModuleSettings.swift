public import Alignment
import Units

/// The settings of one module that its peer need not share, numbered from zero without gaps.
public enum ModuleSetting: UInt8, Sendable {
  case pulseDelayPs, pulseWidthPs, gateDelayPs, gateWidthPs, voaCdb
  case alarmQberPpm, alarmDetectorK
  case telemetryMs, logLevel, keyTtlS
  case clock
  case binRateMin
  case adaptive
  case tiltCdeg, tiltAxisCdeg, keepHPpm, keepVPpm, keepDPpm, keepAPpm, keepRPpm, keepLPpm

  public static var count: UInt8 { 21 }

  /// The setting of a number below `count`.
  public static func numbered(_ number: UInt8) -> ModuleSetting {
    guard let setting = ModuleSetting(rawValue: number) else { preconditionFailure("settings have no gaps") }
    return setting
  }

  public var name: StaticString {
    switch self {
    case .pulseDelayPs: "pulse_delay_ps"
    case .pulseWidthPs: "pulse_width_ps"
    case .gateDelayPs: "gate_delay_ps"
    case .gateWidthPs: "gate_width_ps"
    case .voaCdb: "voa_cdb"
    case .alarmQberPpm: "alarm_qber_ppm"
    case .alarmDetectorK: "alarm_detector_k"
    case .telemetryMs: "telemetry_ms"
    case .logLevel: "log_level"
    case .keyTtlS: "key_ttl_s"
    case .clock: "clock"
    case .binRateMin: "bin_rate_min"
    case .adaptive: "adaptive"
    case .tiltCdeg: "tilt_cdeg"
    case .tiltAxisCdeg: "tilt_axis_cdeg"
    case .keepHPpm: "keep_h_ppm"
    case .keepVPpm: "keep_v_ppm"
    case .keepDPpm: "keep_d_ppm"
    case .keepAPpm: "keep_a_ppm"
    case .keepRPpm: "keep_r_ppm"
    case .keepLPpm: "keep_l_ppm"
    }
  }

  public var unit: StaticString {
    switch self {
    case .pulseDelayPs, .pulseWidthPs, .gateDelayPs, .gateWidthPs: "ps"
    case .voaCdb: "hundredths of a dB"
    case .alarmQberPpm, .keepHPpm, .keepVPpm, .keepDPpm, .keepAPpm, .keepRPpm, .keepLPpm: "ppm"
    case .alarmDetectorK: "K"
    case .telemetryMs: "ms"
    case .logLevel, .clock, .adaptive: ""
    case .keyTtlS: "s"
    case .binRateMin: "Hz"
    case .tiltCdeg, .tiltAxisCdeg: "hundredths of a degree"
    }
  }

  /// The values that the setting can have, whatever the others are.
  public var range: ClosedRange<UInt64> {
    switch self {
    // The slot is 10 ns long. A delay beyond it would reach into the next slot.
    case .pulseDelayPs, .gateDelayPs: 0...9990
    case .pulseWidthPs: 100...5000
    case .gateWidthPs: 100...9900
    // The drive reaches 4.095 V, at 10 dB a volt.
    case .voaCdb: 0...4000
    case .alarmQberPpm: 0...500_000
    case .alarmDetectorK: 0...400
    // A line of telemetry is 600 bytes: 100 ms is half of what a serial line at 115 200 baud carries.
    case .telemetryMs: 100...3_600_000
    case .logLevel: 0...4
    case .keyTtlS: 0...4_294_967_295
    case .clock: 0...1
    // Every slot of a second.
    case .binRateMin: 0...100_000_000
    case .adaptive: 0...1
    case .tiltCdeg: 0...7000
    case .tiltAxisCdeg: 0...17_999
    case .keepHPpm, .keepVPpm, .keepDPpm, .keepAPpm, .keepRPpm, .keepLPpm: 100_000...1_000_000
    }
  }

  public var initial: UInt64 {
    switch self {
    case .pulseDelayPs: 1750
    case .pulseWidthPs: 500
    case .gateDelayPs: 1000
    case .gateWidthPs: 2000
    case .voaCdb: 0
    case .alarmQberPpm: 110_000
    case .alarmDetectorK: 263
    case .telemetryMs: 1000
    case .logLevel: 1
    case .keyTtlS: 86_400
    case .clock, .binRateMin, .adaptive, .tiltCdeg, .tiltAxisCdeg: 0
    case .keepHPpm, .keepVPpm, .keepDPpm, .keepAPpm, .keepRPpm, .keepLPpm: 1_000_000
    }
  }

  /// What `ModuleSettings.set` asks, and what the setting does.
  public var condition: StaticString {
    switch self {
    case .pulseDelayPs: "pulse_delay_ps must be 0 to 9990, in steps of 10: where the pulse begins in its slot; Alice's"
    case .pulseWidthPs: "pulse_width_ps must be 100 to 5000, in steps of 100; Alice's"
    case .gateDelayPs: "gate_delay_ps must be 0 to 9990, in steps of 10: where the gate opens in its slot; Bob's"
    case .gateWidthPs: "gate_width_ps must be 100 to 9900, in steps of 100; Bob's"
    case .voaCdb: "voa_cdb must be 4000 at most: attenuation behind the lasers, hundredths of a dB; Alice's"
    case .alarmQberPpm: "alarm_qber_ppm must be 500000 at most: a bound above it raises qber_high; it refuses no key"
    case .alarmDetectorK: "alarm_detector_k must be 400 at most: a warmer detector raises detector_warm"
    case .telemetryMs: "telemetry_ms must be 100 to 3600000: the period of telemetry"
    case .logLevel: "log_level must be 0 (off), 1 (error), 2 (warning), 3 (notice) or 4 (debug)"
    case .keyTtlS: "key_ttl_s must be below 2^32: after so long a key that nobody fetched is erased; 0 is never"
    case .clock: "clock must be 0 (common: one clock for both modules) or 1 (recovered: from the light); Bob's"
    case .binRateMin: "bin_rate_min must be 10^8 at most: slower bins are not announced; 0 keeps all; Bob's"
    case .adaptive: "adaptive must be 0 (off) or 1 (plates): wave plates follow the frame, in perPulse; Bob's"
    case .tiltCdeg: "tilt_cdeg must be 7000 at most: tilt of the plates that undo polarisation-dependent loss"
    case .tiltAxisCdeg: "tilt_axis_cdeg must be below 18000: the axis of that tilt, from the horizontal"
    case .keepHPpm, .keepVPpm, .keepDPpm, .keepAPpm, .keepRPpm, .keepLPpm:
      "keep_h_ppm ... keep_l_ppm must be 100000 to 1000000: which part of a detector's single clicks counts; Bob's"
    }
  }

  /// The step of the gateware, where it has one.
  var step: UInt64 {
    switch self {
    case .pulseDelayPs, .gateDelayPs: 10
    case .pulseWidthPs, .gateWidthPs: 100
    case .voaCdb, .alarmQberPpm, .alarmDetectorK, .telemetryMs, .logLevel, .keyTtlS, .clock, .binRateMin, .adaptive,
      .tiltCdeg, .tiltAxisCdeg, .keepHPpm, .keepVPpm, .keepDPpm, .keepAPpm, .keepRPpm, .keepLPpm:
      1
    }
  }
}

/// The values of all settings of a module, each within its range.
public struct ModuleSettings: Equatable, Sendable {
  private var values: [21 of UInt64] = .init(repeating: 0)

  public init() {
    for number in 0..<ModuleSetting.count { values[Int(number)] = ModuleSetting.numbered(number).initial }
  }

  public subscript(setting: ModuleSetting) -> UInt64 { values[Int(setting.rawValue)] }

  /// False, and nothing changed, for a value that the setting cannot have.
  public mutating func set(_ setting: ModuleSetting, to value: UInt64) -> Bool {
    guard setting.range.contains(value), value % setting.step == 0 else { return false }
    values[Int(setting.rawValue)] = value
    return true
  }

  public static func == (a: ModuleSettings, b: ModuleSettings) -> Bool {
    for i in 0..<Int(ModuleSetting.count) where a.values[i] != b.values[i] { return false }
    return true
  }

  /// Bob's slots follow the light.
  var recoversClock: Bool { self[.clock] == 1 }

  /// How long a key waits for its consumer; zero is for ever.
  var keyLifetime: Nanoseconds { Nanoseconds(milliseconds: 1000 * self[.keyTtlS]) }

  /// Whether no key is erased sooner than with other settings.
  func keepsKeysAsLong(as other: ModuleSettings) -> Bool {
    self[.keyTtlS] == 0 || (other[.keyTtlS] > 0 && self[.keyTtlS] >= other[.keyTtlS])
  }

  /// The setting of a detector, H V D A R L.
  static func keepPpm(_ detector: Int) -> ModuleSetting {
    precondition(detector >= 0 && detector < 6)
    return .numbered(ModuleSetting.keepHPpm.rawValue + UInt8(detector))
  }

  /// What is done about polarisation-dependent loss and detectors that differ.
  public var loss: LossSettings {
    get {
      var loss = LossSettings()
      loss.tiltCentidegrees = UInt16(self[.tiltCdeg])
      loss.azimuth = PlateAngle(centidegrees: UInt16(self[.tiltAxisCdeg])) ?? loss.azimuth
      for i in loss.keepPpm.indices { loss.keepPpm[i] = UInt32(self[Self.keepPpm(i)]) }
      return loss
    }
    set {
      values[Int(ModuleSetting.tiltCdeg.rawValue)] = UInt64(newValue.tiltCentidegrees)
      values[Int(ModuleSetting.tiltAxisCdeg.rawValue)] = UInt64(newValue.azimuth.centidegrees)
      for i in newValue.keepPpm.indices { values[Int(Self.keepPpm(i).rawValue)] = UInt64(newValue.keepPpm[i]) }
    }
  }

  /// Pulse or gate as the drivers take them.
  func picoseconds(_ setting: ModuleSetting) -> Picoseconds { Picoseconds(UInt32(self[setting])) }
}
