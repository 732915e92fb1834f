import Alignment
import Console
import Distillation
import Drivers
import FixedStorage
import LinkControl
import Ports
import Units

// The console's view of loss that depends on polarisation.
extension Controller where End: ~Copyable, Board: ~Copyable {
  /// `pdl` and `pdl show` tell, `measure` measures, `run` also corrects, `undo` goes back to nothing.
  mutating func tendLoss(_ word: Span<UInt8>, on terminal: inout Screen) {
    switch Command.index(of: word, among: .loss) {
    case 1: startMeasurement(corrects: false, on: &terminal)
    case 2: startMeasurement(corrects: true, on: &terminal)
    case 3: undoLoss(on: &terminal)
    default: showLoss(on: &terminal)
    }
  }

  private mutating func startMeasurement(corrects: Bool, on terminal: inout Screen) {
    guard End.role == .bob else { return refuse("pdl", "alice has no detectors: measure at bob", on: &terminal) }
    guard configuration.variant == .perPulse else {
      return refuse("pdl", "the plates of perBlock are not free: restart with perPulse", on: &terminal)
    }
    guard case .exchanging = state, fpgaStatus.isRunning else {
      return refuse("pdl", "needs light: start a session first", on: &terminal)
    }
    guard loss.darks.areEnough else {
      return refuse("pdl", "darks are not known: rest for some seconds before a session", on: &terminal)
    }
    guard !core.follower.isOn else {
      return refuse("pdl", "the plates follow the frame: set adaptive off, apply, and start anew", on: &terminal)
    }
    guard canMeasureLoss else { return refuse("pdl", "a measurement or a scan is under way", on: &terminal) }
    do throws(DriverFault) { try beginLossMeasurement(corrects: corrects) } catch {
      var text = Line()
      text.append("error: pdl: ")
      text.append(FaultCause(error))
      return terminal.printLine(text)
    }
    terminal.print("measuring: 20 s at most, with hardly any key")
    terminal.print(corrects ? "; corrected when the session is over\r\n" : "\r\n")
  }

  private mutating func undoLoss(on terminal: inout Screen) {
    loss.undo()
    terminal.print(canTune ? "undone\r\n" : "undone when the session is over\r\n")
  }

  private mutating func showLoss(on terminal: inout Screen) {
    if End.role == .bob {
      contrastLines(on: &terminal)
      findingLines(on: &terminal)
    } else {
      terminal.print("loss     is measured at bob: pdl measure there; tilt_cdeg and tilt_axis_cdeg here undo it\r\n")
    }
    forceLines(on: &terminal)
    terminal.print("means    are those before the element and the plates: no correction changes them\r\n")
  }

  private func findingLines(on terminal: inout Screen) {
    var text = Line()
    text.append("found    ")
    if loss.measurement.isRunning {
      text.append("measuring, round ", UInt64(loss.measurement.rounds + 1))
    } else if let found = loss.finding {
      text.append(component: "H ", found.seen.vector.z, found.seen.variances.z)
      text.append(component: "  D ", found.seen.vector.x, found.seen.variances.x)
      text.append(component: "  R ", found.seen.vector.y, found.seen.variances.y)
      terminal.printLine(text)
      return estimateLines(found, on: &terminal)
    } else {
      text.append(loss.wasInVain ? "nothing: the light ended first, or was too little" : "not measured")
    }
    terminal.printLine(text)
  }

  private func estimateLines(_ found: LossFinding, on terminal: inout Screen) {
    var text = Line()
    text.append("loss     ")
    text.append(signed: found.seen.decibels, places: 3)
    text.append(" dB  sigma ")
    text.append(signed: found.seen.decibelsSigma, places: 3)
    text.append(found.seen.isSignificant ? "  seen at " : "  below three sigma at ")
    text.append(seconds: loss.foundAt.ns / 1_000_000)
    terminal.printLine(text)
    text.clear()
    text.append(component: "detect   HV ", found.seen.mismatch.z, found.seen.mismatchVariances.z)
    text.append(component: "  DA ", found.seen.mismatch.x, found.seen.mismatchVariances.x)
    text.append(component: "  RL ", found.seen.mismatch.y, found.seen.mismatchVariances.y)
    terminal.printLine(text)
    guard found.settings != settings.loss else { return }
    text.clear()
    text.append("would    ")
    text.append(found.settings)
    terminal.printLine(text)
    guard found.seen.isSignificant else { return }
    // For whoever calibrates Alice by a monitor behind the element: theory.md 4.3.
    let upper = VirtualPlane.mean(
      averageBehind: MeanPhotonNumber(millionths: 1_000_000), loss: found.seen)
    text.clear()
    text.append("monitor  behind the element reads the mean of all states: before it up to ")
    text.append(scaled: UInt64(upper.upper.millionths), places: 6)
    text.append(" times that")
    terminal.printLine(text)
  }

  private func forceLines(on terminal: inout Screen) {
    var text = Line()
    let inForce = settings.loss
    text.append("in force ")
    if inForce.isNeutral {
      text.append("nothing")
    } else {
      text.append(inForce)
      terminal.printLine(text)
      text.clear()
      text.append("since    ")
      if let since = loss.since { text.append(seconds: since.ns / 1_000_000) } else { text.append("the start") }
      text.append("  costs ")
      text.append(signed: inForce.lightDecibels, places: 2)
      text.append(" dB of light and ")
      text.append(signed: 100 * inForce.clickShare, places: 2)
      text.append(" % of clicks")
    }
    if loss.waiting != nil { text.append("  another setting waits for the end of the session") }
    terminal.printLine(text)
    if let fault = loss.tiltFault {
      text.clear()
      text.append("tilt     the plates do not take it: ")
      text.append(FaultCause(fault))
      terminal.printLine(text)
    }
    guard End.role == .bob else { return }
    guard loss.isWatching else { return terminal.print("watch    off\r\n") }
    terminal.print("watch    on: measures again beyond three sigma, one second in 64 has no key\r\n")
  }
}

extension Text {
  fileprivate mutating func append(component name: StaticString, _ value: Double, _ variance: Double) {
    append(name)
    append(signed: value, places: 4)
    append(" (")
    append(signed: variance.squareRoot(), places: 4)
    append(")")
  }

  /// A number with so many places behind the point, and a minus where it needs one.
  fileprivate mutating func append(signed value: Double, places: Int) {
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    let scaled = UInt64(min(1e15, value.magnitude * scale + 0.5))
    if value < 0, scaled > 0 { append("-") }
    append(scaled: scaled, places: places)
  }

  fileprivate mutating func append(seconds milliseconds: UInt64) {
    append(scaled: milliseconds, places: 3)
    append(" s")
  }

  fileprivate mutating func append(_ loss: LossSettings) {
    append("tilt ")
    append(scaled: UInt64(loss.tiltCentidegrees), places: 2)
    append(" deg about ")
    append(scaled: UInt64(loss.azimuth.centidegrees), places: 2)
    append("  keep")
    for i in loss.keepPpm.indices {
      append(" ")
      append(scaled: UInt64(loss.keepPpm[i]), places: 6)
    }
  }
}
