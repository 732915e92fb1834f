public import Alignment
import Drivers
import FixedStorage
import LinkControl
import Ports
import RegisterMap
import Sifting
import Units

// Loss that depends on polarisation and detectors that differ: measured in a session, corrected between sessions.
extension Controller where End: ~Copyable, Board: ~Copyable {
  /// Begins a measurement in the exchange that is under way; the plates' controller must answer.
  mutating func beginLossMeasurement(corrects: Bool) throws(DriverFault) {
    try drive.bringUp(over: &board)
    drive.forgetPlace()
    loss.begin(at: now, corrects: corrects)
  }

  /// Measures loss in the exchange that is under way; false if that cannot be now.
  public mutating func measureLoss(corrects: Bool) -> Bool {
    guard canMeasureLoss else { return false }
    do throws(DriverFault) { try beginLossMeasurement(corrects: corrects) } catch { return false }
    return true
  }

  /// The last measurement that had enough light.
  public var lossFinding: LossFinding? { loss.finding }
  public var isMeasuringLoss: Bool { loss.measurement.isRunning }

  /// Puts plates and keep-probabilities into force as soon as no session is under way.
  public mutating func correctLoss(by settings: LossSettings) { loss.set(settings) }

  /// Measures again by itself when contrasts leave what was found, for one second in 64 without key, or no longer.
  public mutating func watchLoss(_ isOn: Bool) { loss.isWatching = isOn }

  mutating func stopLossMeasurement() { loss.measurement.stop() }

  /// Whether loss can be measured now.
  var canMeasureLoss: Bool {
    guard End.role == .bob, configuration.variant == .perPulse, case .exchanging = state else { return false }
    guard !core.follower.isOn else { return false }
    return fpgaStatus.isRunning && !scan.isRunning && !loss.measurement.isRunning && loss.darks.areEnough
  }

  /// The wave plates are or may be elsewhere than a session takes them to be.
  var platesAreAstray: Bool { loss.measurement.isRunning || homeBy != nil }

  /// Every tick: takes counts, turns the plates of a measurement, opens and closes the windows of the watch, and puts
  /// what was found into force between sessions.
  ///
  /// Counters count every avalanche, key or not. When a measurement ends, whether the watch asks for one and what is
  /// set for later sessions follow from counts, so all of these are of hidden frames, which carry no key: a measurement
  /// hides from its first tick to the one in which the plates were read back at rest, but for a pause without counts
  /// behind each round, and the watch hides its windows. Bits that were sifted while the plates stood elsewhere would
  /// be wrong besides.
  mutating func tendLoss() {
    switch state {
    case .booting, .selfTest, .faulted, .zeroized: return
    case .idle, .acquiring, .exchanging, .draining: break
    }
    if End.role == .bob {
      if case .exchanging = state {} else { loss.measurement.stop() }
      bringPlatesHome()
      if ticks % 100 == 0, hasReadings { takeLossCounts() }
      if loss.measurement.isRunning { turnLossPlates() } else { tendWatch() }
    }
    setLossIfWaiting()
  }

  private mutating func turnLossPlates() {
    guard let swap = loss.measurement.wanted else { return }
    if loss.measurement.hidesFrames { setHidden(true) }
    let setting = Twirl(index: swap.rawValue)?.plates(of: .bob) ?? .identity
    do throws(WavePlateFault) {
      guard try drive.place(setting, at: now, over: &board) else { return }
    } catch {
      // Plates that stay turned make noise of two axes in three.
      return failPlates(error)
    }
    loss.measurement.platesStand(at: now)
    if !loss.measurement.hidesFrames { setHidden(false) }
    if !loss.measurement.isRunning { loss.settle(at: now, inForce: settings.loss) }
  }

  /// Hides frames from the running one on, or up to the running one, if that is not so already.
  private mutating func setHidden(_ isHidden: Bool) {
    guard isHidden != loss.hidesFrames else { return }
    let frame: UInt32
    do throws(DriverFault) { frame = try end.frame() } catch { return fail(error) }
    if isHidden {
      end.mask.hide(from: frame)
      loss.noteHidden(at: now)
    } else {
      end.mask.show(after: frame)
      loss.noteShown()
    }
  }

  private mutating func takeLossCounts() {
    loss.darks.take(readings.counts, at: now, isDark: isDark)
    guard case .exchanging = state, fpgaStatus.isRunning else { return }
    loss.litAt = now
    loss.take(readings.counts, at: now)
  }

  /// Opens and closes the windows of the watch; contrasts are judged when one closes.
  private mutating func tendWatch() {
    let wasOpen = loss.hidesFrames
    setHidden(isWatchWindow())
    guard wasOpen, !loss.hidesFrames, loss.asksForMeasurement, canMeasureLoss else { return }
    // A controller of plates that does not answer is told by the next run that the operator asks for.
    do throws(DriverFault) { try beginLossMeasurement(corrects: true) } catch { loss.isWatching = false }
  }

  /// Never while the plates follow the frame.
  private mutating func isWatchWindow() -> Bool {
    guard case .exchanging = state, fpgaStatus.isRunning else { return false }
    let isOpen = loss.wantsWindow(at: now, recoversClock: settings.recoversClock)
    return isOpen && configuration.variant == .perPulse && settings[.adaptive] == 0
  }

  /// Whether no laser can be on: at rest, a second behind the last light, or six behind light that the peer may not
  /// know the end of.
  private var isDark: Bool {
    guard case .idle = state else { return false }
    guard let litAt = loss.litAt else { return true }
    switch lastEnd {
    case .finished, .stopped: return now >= litAt + Nanoseconds(milliseconds: 1000)
    case .none, .configurationDiffers, .configurationUnusable, .sameRole, .peerRefused, .peerSilent, .linkLost,
      .keysExhausted, .protocolBroken, .notAligned:
      return now >= litAt + Nanoseconds(milliseconds: 6000)
    }
  }

  /// Between sessions only: the light that a key length rests on does not change within one.
  private mutating func setLossIfWaiting() {
    guard let wanted = loss.waiting, canTune, !loss.measurement.isRunning else { return }
    tune(.tiltCdeg, to: UInt64(wanted.tiltCentidegrees))
    tune(.tiltAxisCdeg, to: UInt64(wanted.azimuth.centidegrees))
    for i in wanted.keepPpm.indices { tune(ModuleSettings.keepPpm(i), to: UInt64(wanted.keepPpm[i])) }
    setTilt()
    loss.noteSet(at: now)
    do throws(DriverFault) { try end.setTiming(settings) } catch { fail(error) }
  }

  /// What was saved is taken to be right until a measurement says more.
  mutating func expectSavedLoss() {
    if loss.finding == nil { loss.watch.expect(settings.loss) }
  }

  /// The operator has set plates or keep-probabilities: detectors are expected to be what these balance.
  mutating func noteLossSet() {
    setTilt()
    loss.noteSet(at: now)
    loss.watch.expect(settings.loss)
  }

  /// Plates that do not move cost key, never secrecy: it is told and stops nothing.
  mutating func setTilt() {
    do throws(DriverFault) {
      try parts.tilt(settings.loss, over: &board)
      loss.tiltFault = nil
    } catch {
      loss.tiltFault = settings.loss.tiltCentidegrees > 0 ? error : nil
    }
  }
}
