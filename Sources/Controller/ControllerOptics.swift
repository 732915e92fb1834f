import Alignment
import Console
import Distillation
import Drivers
import FixedStorage
import KeyStore
import LinkControl
import Ports
import RegisterMap
import Sifting
import Units

// Light, gates and the way between them, for an operator who lines up a link.
extension Controller where End: ~Copyable, Board: ~Copyable {
  /// Changes a setting of this module at once; the value is one that it can have.
  mutating func tune(_ setting: ModuleSetting, to value: UInt64) {
    let isPending = candidate.own[setting] != settings[setting]
    guard value != settings[setting], settings.set(setting, to: value) else { return }
    if !isPending { _ = candidate.own.set(setting, to: value) }
    trace(.tuned(setting, value))
  }

  /// Delay and width of Alice's pulse or of Bob's gate; sets them for the next session.
  mutating func tuneTiming(
    of role: Role, delay: Span<UInt8>, width: Span<UInt8>, on terminal: inout Screen
  ) {
    let place: StaticString = role == .alice ? "delay" : "gate"
    guard End.role == role else {
      return refuse(place, role == .alice ? "bob has no lasers" : "alice has no gates", on: &terminal)
    }
    let delayName: ModuleSetting = role == .alice ? .pulseDelayPs : .gateDelayPs
    let widthName: ModuleSetting = role == .alice ? .pulseWidthPs : .gateWidthPs
    if let first = Command.number(delay) {
      guard canTune(place, on: &terminal) else { return }
      let second = Command.number(width) ?? settings[widthName]
      var changed = settings
      guard changed.set(delayName, to: first) else { return tell(place, delayName, on: &terminal) }
      guard changed.set(widthName, to: second) else { return tell(place, widthName, on: &terminal) }
      tune(delayName, to: first)
      tune(widthName, to: second)
      do throws(DriverFault) { try end.setTiming(settings) } catch { return fail(error) }
    }
    var text = Line()
    text.append(role == .alice ? "pulse    " : "gate     ")
    text.append("delay ", settings[delayName])
    text.append(" ps  width ", settings[widthName])
    text.append(" ps")
    terminal.printLine(text)
  }

  /// At rest only: a laser that is driven otherwise need not send the mean photon numbers that are configured, and a
  /// gate that moves makes bits of unequal quality. What a key length assumes stays as it is from the first pulse on.
  private func canTune(_ place: StaticString, on terminal: inout Screen) -> Bool {
    guard !canTune else { return true }
    refuse(place, "only between sessions", on: &terminal)
    return false
  }

  /// Whether pulse and gate may be moved now.
  var canTune: Bool {
    if case .idle = state { core.distiller.isIdle } else { false }
  }

  private func tell(_ place: StaticString, _ setting: ModuleSetting, on terminal: inout Screen) {
    var text = Line()
    text.append("error: ")
    text.append(place)
    text.append(": ")
    text.append(setting.condition)
    terminal.printLine(text)
  }

  /// Mean photon numbers in force; sets one of them as `set` and `apply` do.
  mutating func tuneIntensity(_ word: Span<UInt8>, to number: Span<UInt8>, on terminal: inout Screen) {
    let chosen = Command.index(of: word, among: .intensity)
    if let chosen, let value = Command.number(number) {
      guard candidate == ModuleConfiguration(configuration, settings) else {
        return refuse("intensity", "other changes wait: apply or discard them first", on: &terminal)
      }
      let field: ConfigurationField = chosen == 0 ? .meanSignal : chosen == 1 ? .meanDecoy : .meanVacuum
      guard candidate.link.set(field, to: value) else { return }
      applyChanges(on: &terminal)
      // What cannot be put into force is forgotten: this command is all or nothing.
      candidate = ModuleConfiguration(configuration, settings)
      // A refusal is one line.
      guard configuration[field] == value else { return }
    }
    for index in 0..<3 where chosen == nil || chosen == index {
      guard let name = ArgumentKind.intensity.word(index) else { continue }
      var text = Line()
      text.append(name)
      text.pad(to: 9)
      text.append(scaled: UInt64(configuration.means[index].millionths), places: 6)
      text.append(" photons a pulse  share ")
      let vacuum = 65_536 - configuration.shareSignal.count - configuration.shareDecoy.count
      let share = index == 0 ? configuration.shareSignal.count : index == 1 ? configuration.shareDecoy.count : vacuum
      text.append(scaled: UInt64(share) * 10_000 / 65_536, places: 2)
      text.append(" %")
      terminal.printLine(text)
    }
  }

  /// The variant of the twirl, what it is worth, and where the schedule stands.
  mutating func showTwirl(on terminal: inout Screen) {
    switch configuration.variant {
    case .perPulse:
      terminal.print("twirl    perPulse: one of 12 elements a pulse, announced after detection\r\n")
      terminal.print("credit   six-state: key up to 12.6 % one-way, 27.6 % two-way, in the limit of long blocks\r\n")
    case .perBlock:
      terminal.print("twirl    perBlock: wave plates on a public schedule\r\n")
      terminal.print("credit   four-state: key up to 11.0 % one-way, 20.0 % two-way, in the limit of long blocks\r\n")
      platesLine(on: &terminal)
    }
  }

  /// Targets and angles of the wave plates as the motor controller tells them now.
  mutating func showPlates(on terminal: inout Screen) {
    guard configuration.variant == .perBlock || settings[.adaptive] != 0 else {
      let isUsed = core.follower.isOn || loss.measurement.isRunning
      return terminal.print(
        isUsed ? "plates   of perPulse: adaptive and pdl turn them\r\n" : "plates   not used by perPulse\r\n")
    }
    platesLine(on: &terminal)
    do throws(DriverFault) {
      let (status, angles) = try drive.look(over: &board)
      var text = Line()
      text.append("motors   ")
      text.append(status.hasFailed ? "failed" : !status.isHomed ? "not homed" : status.isMoving ? "turning" : "at rest")
      text.append("  angles")
      for plate in 0..<3 {
        text.append("  ")
        text.append(scaled: UInt64(angles[plate].centidegrees), places: 2)
      }
      text.append(" deg")
      terminal.printLine(text)
    } catch {
      var text = Line()
      text.append("error: plates: ")
      text.append(FaultCause(error))
      terminal.printLine(text)
    }
  }

  /// How far the modules have found each other.
  mutating func showAcquisition(on terminal: inout Screen) {
    var text = Line()
    text.append("acquire  ")
    switch state {
    case .acquiring(let attempt, _):
      text.append("greeting, attempt ", UInt64(attempt))
      text.append(" of ", UInt64(limits.acquireAttemptsMax))
    case .exchanging, .draining: text.append("agreed")
    case .booting, .selfTest, .idle, .faulted, .zeroized: text.append("at rest")
    }
    text.append(linkIsUp ? "  link up" : "  link down")
    terminal.printLine(text)
    text.clear()
    text.append(window)
    do throws(DriverFault) {
      text.append("  now ", UInt64(try end.frame()))
      text.append(fpgaStatus.isClockLocked ? "  reference locked" : "  reference not locked")
    } catch {
      text.append("  gateware does not answer")
    }
    terminal.printLine(text)
    slotLines(on: &terminal)
  }

  /// Clicks of the two detectors of each axis. Behind a twirl every axis carries as much of one as of the other, so a
  /// contrast tells of loss that depends on polarisation, or of detectors that differ; this does not tell them apart.
  func contrastLines(on terminal: inout Screen) {
    let names: [3 of StaticString] = ["HV", "DA", "RL"]
    for axis in 0..<3 {
      let (first, second) = (watch.clicks[2 * axis], watch.clicks[2 * axis + 1])
      var text = Line()
      text.append(names[axis])
      text.pad(to: 9)
      let sum = first + second
      if sum == 0 {
        text.append("no clicks since light began")
      } else {
        let contrast = (Double(first) - Double(second)) / Double(sum)
        text.append(contrast < 0 ? "-" : "+")
        text.append(scaled: UInt64(contrast.magnitude * 1_000_000 + 0.5), places: 6)
        // Poisson counts: the variance of the contrast is (1 - c^2) / N.
        text.append("  sigma ")
        let sigma = ((1 - contrast * contrast) / Double(sum)).squareRoot()
        text.append(scaled: UInt64(sigma * 1_000_000 + 0.5), places: 6)
        text.append("  clicks ", sum)
      }
      terminal.printLine(text)
    }
  }

  /// What the module changes by itself between sessions.
  func showAdaptation(on terminal: inout Screen) {
    let follows = configuration.policyRow != LinkConfiguration.manualRow
    terminal.print(follows ? "light    follows the policy\r\n" : "light    follows no policy: set policy_row\r\n")
    policyLines(on: &terminal)
    showFollowing(on: &terminal)
  }
}

// Finding where the light arrives in the slot.
extension Controller where End: ~Copyable, Board: ~Copyable {
  mutating func align(_ word: Span<UInt8>, on terminal: inout Screen) {
    guard !word.isEmpty else { return showScan(on: &terminal) }
    guard End.role == .bob else { return refuse("align", "alice has no gates", on: &terminal) }
    guard case .exchanging = state, fpgaStatus.isRunning else {
      return refuse("align", "needs light: start a session first", on: &terminal)
    }
    guard end.slotAlignment == nil else {
      return refuse("align", "the gate follows the light: clock is recovered", on: &terminal)
    }
    guard !scan.isRunning else { return refuse("align", "the gate is being scanned", on: &terminal) }
    guard !platesAreAstray else { return refuse("align", "loss is being measured", on: &terminal) }
    move(scan.begin(at: now))
    terminal.print("scanning: 3.3 s, then the session is given up\r\n")
  }

  /// Every tick of a scan. Bits that were sifted while the gate moved are of unequal quality: no block is closed
  /// meanwhile, and at the end the session is given up, and with it every block that is open. However a scan ends, the
  /// gate goes back to its setting.
  mutating func scanGate() {
    guard scan.isRunning else {
      if gateIsAstray { restoreGate() }
      return
    }
    guard case .exchanging = state else {
      scan.stop()
      // The window ended first: its last block has bits of the scan.
      return abort()
    }
    switch scan.step(at: now) {
    case .none: return
    case .move, .finished: preconditionFailure("only answers ask for these")
    case .count:
      move(scan.take(core.totals.detections, at: now))
    }
  }

  private mutating func move(_ step: GateScan.Step) {
    switch step {
    case .none, .count: return
    case .move(let delay): placeGate(UInt64(delay))
    case .finished:
      let best = scan.best
      if let best { tune(.gateDelayPs, to: UInt64(best)) }
      trace(.aligned(delayPs: best))
      abort()
    }
  }

  private mutating func restoreGate() {
    gateIsAstray = false
    do throws(DriverFault) { try end.setTiming(settings) } catch { fail(error) }
  }

  /// Puts the gate somewhere, whatever the setting is.
  private mutating func placeGate(_ delay: UInt64) {
    gateIsAstray = true
    var there = settings
    guard there.set(.gateDelayPs, to: delay) else { return }
    do throws(DriverFault) { try end.setTiming(there) } catch { fail(error) }
  }

  private func showScan(on terminal: inout Screen) {
    switch scan.phase {
    case .resting: return terminal.print("align    no scan yet\r\n")
    case .settling(let place, _), .counting(let place, _, _):
      var text = Line()
      text.append("align    place ", UInt64(place + 1))
      text.append(" of ", UInt64(GateScan.placeCount))
      return terminal.printLine(text)
    case .done: break
    }
    var most: UInt64 = 1
    for i in scan.counts.indices { most = max(most, scan.counts[i]) }
    for i in scan.counts.indices {
      var text = Line()
      text.append(decimal: UInt64(i) * UInt64(GateScan.stepPs))
      text.append(" ps")
      text.pad(to: 9)
      text.append(decimal: scan.counts[i])
      text.pad(to: 20)
      for _ in 0..<(scan.counts[i] * 50 / most) { text.append("#") }
      terminal.printLine(text)
    }
    var text = Line()
    if let best = scan.best {
      text.append("align    gate_delay_ps ", UInt64(best))
    } else {
      text.append("align    no place stands out: is there light, and are detectors enabled?")
    }
    terminal.printLine(text)
  }
}
