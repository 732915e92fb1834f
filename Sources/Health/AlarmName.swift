/// How much an alarm matters. Numbered from zero without gaps, worse ones higher.
public enum Severity: UInt8, Sendable, Comparable {
  /// Worth a look in daylight.
  case warning
  /// Costs key.
  case minor
  /// Stops key.
  case major
  /// Security or the module itself is at stake.
  case critical

  public static func < (a: Severity, b: Severity) -> Bool { a.rawValue < b.rawValue }

  /// The word that console and telemetry show.
  public var name: StaticString {
    switch self {
    case .warning: "warning"
    case .minor: "minor"
    case .major: "major"
    case .critical: "critical"
    }
  }
}

/// What a module may be alarmed by, numbered from zero without gaps.
public enum AlarmName: UInt8, Sendable {
  case fault, zeroized, interlockOpen, clockLost, fifoOverflow
  case linkDown, sessionRefused, blocksRefused, qberHigh
  case authLow, authEmpty, keysFull, keysDropped, keysDiffer, vaultLost
  case detectorSilent, detectorSkewed, detectorWarm
  case lateTicks, wireRetries
  case slotsLost

  public static var count: Int { 21 }

  public var name: StaticString {
    switch self {
    case .fault: "fault"
    case .zeroized: "zeroized"
    case .interlockOpen: "interlock_open"
    case .clockLost: "clock_lost"
    case .fifoOverflow: "fifo_overflow"
    case .linkDown: "link_down"
    case .sessionRefused: "session_refused"
    case .blocksRefused: "blocks_refused"
    case .qberHigh: "qber_high"
    case .authLow: "auth_low"
    case .authEmpty: "auth_empty"
    case .keysFull: "keys_full"
    case .keysDropped: "keys_dropped"
    case .keysDiffer: "keys_differ"
    case .vaultLost: "vault_lost"
    case .detectorSilent: "detector_silent"
    case .detectorSkewed: "detector_skewed"
    case .detectorWarm: "detector_warm"
    case .lateTicks: "late_ticks"
    case .wireRetries: "wire_retries"
    case .slotsLost: "slots_lost"
    }
  }

  public var severity: Severity {
    switch self {
    case .fault, .zeroized, .interlockOpen, .authEmpty: .critical
    case .clockLost, .sessionRefused, .blocksRefused, .qberHigh, .keysDiffer, .vaultLost, .detectorSilent: .major
    case .fifoOverflow, .linkDown, .keysDropped, .detectorSkewed, .detectorWarm, .lateTicks, .slotsLost: .minor
    case .authLow, .keysFull, .wireRetries: .warning
    }
  }

  /// What it means, in one line.
  public var summary: StaticString {
    switch self {
    case .fault: "the module is in the fault state: light and gates are shut"
    case .zeroized: "all keys were erased"
    case .interlockOpen: "the interlock loop is open: no laser can fire"
    case .clockLost: "the slot clock does not follow its reference"
    case .fifoOverflow: "events were lost, because the FIFO was full"
    case .linkDown: "there is no link to the peer"
    case .sessionRefused: "the last session was refused or broke off"
    case .blocksRefused: "more than one in ten of the last 20 blocks gave no key"
    case .qberHigh: "the bound of the error rate of the last block is above alarm_qber_ppm"
    case .authLow: "one-time bytes are left for fewer than 64 blocks"
    case .authEmpty: "no one-time bytes are left: no block can be opened"
    case .keysFull: "four fifths of the key store are taken: nobody fetches the keys"
    case .keysDropped: "keys found no room in the store"
    case .vaultLost: "the file of the keys cannot be written: no key is handed out"
    case .keysDiffer: "the peer did not prove that it holds the same keys"
    case .detectorSilent: "a detector counted nothing for a second of light"
    case .detectorSkewed: "a detector counted less than a twelfth or more than a quarter of all clicks"
    case .detectorWarm: "a detector is warmer than alarm_detector_k"
    case .lateTicks: "ticks began more than one tick late"
    case .wireRetries: "transfers with the gateware had to be repeated"
    case .slotsLost: "the slots of the light are lost, or not found after two seconds"
    }
  }

  /// What to do about it, in one line.
  public var remedy: StaticString {
    switch self {
    case .fault: "status tells the evidence; stop leaves the fault state once the cause is gone"
    case .zeroized: "start the module with a new pre-shared key"
    case .interlockOpen: "close the loop: covers, fibre caps, key switch"
    case .clockLost: "look at the reference clock and its cable; gpio shows the lines"
    case .fifoOverflow: "less light: a click rate above 1.5 million a second cannot be read out"
    case .linkDown: "look at address, cable and radio; the module calls again by itself"
    case .sessionRefused: "link tells why; config shows the hash that both must have"
    case .blocksRefused: "status tells the last refusal; qber and counters show what changed"
    case .qberHigh: "look for stray light, polarisation, timing: counters, gate, pdl"
    case .authLow: "let blocks succeed, which replenishes it, or bring a new pre-shared key"
    case .authEmpty: "bring a new pre-shared key"
    case .keysFull: "let the consumer fetch keys, or stop the exchange"
    case .keysDropped: "as for keys_full; what found no room is gone on both sides"
    case .vaultLost: "room and rights of the file of --keys; then start the program anew"
    case .keysDiffer: "link and trace; somebody on the link may be forging"
    case .detectorSilent: "counters shows which; bias, gate and fibre of that detector"
    case .detectorSkewed: "counters and pdl; stray light, bias, or polarisation-dependent loss"
    case .detectorWarm: "temperature; cooler and its supply"
    case .lateTicks: "something else runs on the core of the control loop"
    case .wireRetries: "SPI cable, ground, speed; counters shows how many"
    case .slotsLost: "it finds them by itself when light comes: pointing, weather, motion; acquire shows more"
    }
  }

  /// The alarm of a number below `count`.
  public static func numbered(_ number: Int) -> AlarmName {
    guard let name = AlarmName(rawValue: UInt8(number)) else { preconditionFailure("alarms have no gaps") }
    return name
  }
}
