import Console
import Distillation
import Estimation
import Drivers
import FixedStorage
import Health
import KeyStore
import LinkControl
import Units

extension DetectorReadings {
  var warmestMilliC: Int32 {
    var warmest = temperatureMilliC[0]
    for i in temperatureMilliC.indices { warmest = max(warmest, temperatureMilliC[i]) }
    return warmest
  }
}

extension Controller where End: ~Copyable, Board: ~Copyable {
  var rateSums: RateMeter.Sums {
    var sums = RateMeter.Sums()
    sums.detections = core.totals.detections
    sums.siftedBits = core.totals.siftedNow
    sums.secretBits = core.totals.netSecretBits
    sums.retries = end.wireCounters.retries
    sums.lateTicks = deadlineMisses
    return sums
  }

  /// Once a tick: rates, and ten times a second the alarms.
  mutating func watchHealth() {
    if rates.take(rateSums, at: now) { watch.judgeSecond(readings.counts, isLit: fpgaStatus.isRunning) }
    guard ticks % 100 == 1 else { return }
    if fpgaStatus.isRunning { watch.take(readings.counts) }
    watchModule()
    watchSession()
    watchStores()
    watchDetectors()
  }

  private mutating func set(_ name: AlarmName, _ isThere: Bool) {
    if alarms.set(name, isThere, at: now) { trace(.alarm(name, isActive: isThere)) }
  }

  private mutating func watchModule() {
    var isUp = true
    switch state {
    case .booting, .selfTest, .faulted, .zeroized: isUp = false
    case .idle, .acquiring, .exchanging, .draining: break
    }
    set(.fault, state.stateName == .faulted)
    set(.zeroized, state.stateName == .zeroized)
    set(.lateTicks, rates.lastSecond.lateTicks > 0)
    set(.wireRetries, rates.lastSecond.retries > 0)
    guard isUp else { return }
    set(.interlockOpen, End.role == .alice && !fpgaStatus.isInterlockClosed)
    set(.clockLost, !fpgaStatus.isClockLocked)
    set(.fifoOverflow, fpgaStatus.fifoOverflowed)
    set(.linkDown, !linkIsUp)
    set(.slotsLost, slotsAreLost)
  }

  private mutating func watchSession() {
    switch lastEnd {
    case .none, .finished, .stopped: set(.sessionRefused, false)
    case .configurationDiffers, .configurationUnusable, .sameRole, .peerRefused, .peerSilent, .linkLost, .keysExhausted,
      .protocolBroken, .notAligned:
      set(.sessionRefused, true)
    }
    set(.blocksRefused, watch.hasManyRefusals)
    guard let result = core.last?.result else { return }
    set(.qberHigh, result.qberUpper * 1_000_000 > Double(settings[.alarmQberPpm]))
  }

  private mutating func watchStores() {
    let unused = core.pool.unusedBytes
    set(.authLow, unused < 64 * AuthenticationPool.bytesPerBlock)
    set(.authEmpty, unused < AuthenticationPool.bytesPerBlock)
    let keys = core.keys.counts
    set(.keysFull, core.keys.count * 5 >= KeyRing.capacity * 4)
    set(.keysDropped, keys.dropped > watch.keysDroppedSeen)
    set(.keysDiffer, keys.blocksMismatched > watch.keysDifferSeen)
    set(.vaultLost, core.keys.vaultFailed)
    guard ticks % 1000 == 1 else { return }
    watch.keysDroppedSeen = keys.dropped
    watch.keysDifferSeen = keys.blocksMismatched
  }

  private mutating func watchDetectors() {
    guard End.role == .bob else { return }
    set(.detectorSilent, watch.isSilent)
    set(.detectorSkewed, watch.isSkewed)
    let limit = Int64(settings[.alarmDetectorK]) * 1000 - 273_150
    set(.detectorWarm, hasReadings && Int64(readings.warmestMilliC) > limit)
  }

  /// Alarms that are active or latched, worst first; or all about one.
  func showAlarms(_ word: Span<UInt8>, on terminal: inout Screen) {
    guard word.isEmpty else {
      guard let name = alarm(word, of: "alarm", on: &terminal) else { return }
      terminal.printLine(alarmRow(name))
      var text = Line()
      text.append("         ")
      text.append(name.summary)
      terminal.printLine(text)
      text.clear()
      text.append("         ")
      text.append(name.remedy)
      return terminal.printLine(text)
    }
    var isAny = false
    for level in stride(from: Severity.critical.rawValue, through: 0, by: -1) {
      for number in 0..<AlarmName.count {
        let name = AlarmName.numbered(number)
        guard name.severity.rawValue == level, alarms.isLatched(name) else { continue }
        isAny = true
        terminal.printLine(alarmRow(name))
      }
    }
    if !isAny { terminal.print("alarm    none\r\n") }
  }

  private func alarmRow(_ name: AlarmName) -> Line {
    var text = Line()
    text.append("alarm    ")
    text.append(name.name)
    text.pad(to: 26)
    text.append(name.severity.name)
    text.pad(to: 36)
    text.append(alarms.isActive(name) ? "active" : alarms.isLatched(name) ? "latched" : "clear")
    text.pad(to: 45)
    text.append("times ", UInt64(alarms.count(name)))
    if alarms.isLatched(name) {
      text.append("  since ")
      text.append(scaled: (alarms.began(name) - started).count / 1_000_000, places: 3)
      text.append(" s")
    }
    return text
  }

  /// Clears one latched alarm, or all whose cause is gone.
  mutating func clearAlarms(_ word: Span<UInt8>, on terminal: inout Screen) {
    if !word.isEmpty {
      guard let name = alarm(word, of: "clear", on: &terminal) else { return }
      guard alarms.clear(name) else {
        var text = Line()
        text.append("error: clear: the cause is still there alarm=")
        text.append(name.name)
        return terminal.printLine(text)
      }
      trace(.cleared)
      return terminal.print("cleared\r\n")
    }
    var left: UInt64 = 0
    for number in 0..<AlarmName.count where !alarms.clear(.numbered(number)) { left += 1 }
    trace(.cleared)
    var text = Line()
    text.append("cleared  still active ", left)
    terminal.printLine(text)
  }

  /// The alarm of this name, or the only one whose name begins so; told if there is none.
  private func alarm(_ word: Span<UInt8>, of command: StaticString, on terminal: inout Screen) -> AlarmName? {
    var found: AlarmName?
    var isAmbiguous = false
    for number in 0..<AlarmName.count {
      let name = AlarmName.numbered(number)
      guard name.name.beginsIgnoringCase(word) else { continue }
      if name.name.utf8CodeUnitCount == word.count { return name }
      isAmbiguous = found != nil || isAmbiguous
      found = name
    }
    if let found, !isAmbiguous { return found }
    var text = Line()
    text.append("error: ")
    text.append(command)
    text.append(": no alarm, or several, of this name  type ")
    text.append(command)
    text.append(" ?")
    terminal.printLine(text)
    return nil
  }
}
