import Acquisition
import Console
import Distillation
import Drivers
public import FixedStorage
import Health
import KeyStore
import LinkControl
import Units

extension Controller where End: ~Copyable, Board: ~Copyable {
  /// One line of telemetry, without its end: the word `telemetry` and key=value pairs. Never a bit of a key.
  public mutating func telemetryLine() -> Text<1024> {
    telemetryLines += 1
    var text = Text<1024>()
    text.append("telemetry seq=", telemetryLines)
    text.append(" time_ms=", (now - started).count / 1_000_000)
    text.append(" role=")
    text.append(End.role.name)
    text.append(" state=")
    text.append(state.name)
    text.append(" session=")
    text.append(lastEnd.name)
    text.append(" link_up=", linkIsUp ? 1 : 0)
    text.append(core.totals, rates)
    text.append(" auth_pool_bytes=", UInt64(core.pool.unusedBytes))
    text.append(" keys_stored=", UInt64(core.keys.count))
    text.append(" keys_released=", core.keys.counts.released)
    text.append(" keys_delivered=", core.keys.counts.delivered)
    text.append(" keys_dropped=", core.keys.counts.dropped)
    if End.role == .bob { text.append(readings) }
    if let slots = end.slotAlignment {
      text.append(" slot_clock=")
      text.append(slots.state.stateName.name)
      text.append(" slot_locks=", slots.totals.locks)
      text.append(" slot_fades=", slots.totals.fades)
    }
    text.append(" retries=", end.wireCounters.retries)
    text.append(" deadline_misses=", deadlineMisses)
    text.append(" config_hash=")
    text.append(hexadecimal: UInt64(configuration.hash), digits: 8)
    text.append(alarms)
    return text
  }

  func showTelemetry(on terminal: inout Screen) {
    var copy = Line()
    copy.append("period   ")
    copy.append(decimal: settings[.telemetryMs])
    copy.append(" ms  lines ", telemetryLines)
    terminal.printLine(copy)
  }
}

extension Text {
  fileprivate mutating func append(_ totals: SessionTotals, _ rates: RateMeter) {
    append(" detections=", totals.detections)
    append(" sifted_bits=", totals.siftedNow)
    append(" qber_ppm=", totals.qberPpm)
    append(" qber_upper_ppm=", totals.qberUpperPpm)
    append(" efficiency_thousandths=", totals.efficiencyThousandths)
    append(" disclosed_bits=", totals.disclosedBits)
    append(" auth_bits_spent=", totals.authBitsSpent)
    append(" blocks_ok=", totals.blocksOk)
    append(" blocks_aborted=", totals.blocksAborted)
    append(" secret_bits=", totals.netSecretBits)
    append(" sifted_bits_per_s=", rates.lastSecond.siftedBits)
    append(" secret_bits_per_s=", rates.average.secretBits)
  }

  fileprivate mutating func append(_ readings: DetectorReadings) {
    append(" counts=")
    for i in readings.counts.indices {
      if i > 0 { append(",") }
      append(decimal: UInt64(readings.counts[i]))
    }
    append(" temperature_milli_c=")
    let warmest = readings.warmestMilliC
    if warmest < 0 { append("-") }
    append(decimal: UInt64(warmest.magnitude))
  }

  /// Active alarms as NAME:SEVERITY, separated by commas.
  fileprivate mutating func append(_ alarms: AlarmBook) {
    append(" alarms=")
    guard alarms.active != 0 else { return append("none") }
    var isFirst = true
    for number in 0..<AlarmName.count {
      let name = AlarmName.numbered(number)
      guard alarms.isActive(name) else { continue }
      if !isFirst { append(",") }
      isFirst = false
      append(name.name)
      append(":")
      append(name.severity.name)
    }
  }
}
