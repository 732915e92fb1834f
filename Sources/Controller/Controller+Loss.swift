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

  mutating func stopLossMeasurement() { loss.measurement.stop() }

  /// Whether loss can be measured now.
  var canMeasureLoss: Bool {
    guard End.role == .bob, configuration.variant == .perPulse, case .exchanging = state else { return false }
    guard !core.follower.isOn else { return false }
    return fpgaStatus.isRunning && !scan.isRunning && !loss.measurement.isRunning && loss.darks.areEnough
  }

  /// The wave plates are or may be elsewhere than a session takes them to be.
  var platesAreAstray: Bool { loss.measurement.isRunning }

  /// Every tick: turns the plates of a measurement, takes counts when they were read, and puts what was found into
  /// force between sessions.
  ///
  /// Bits that were sifted while the plates stood elsewhere would be wrong, all those of two axes. So frames are hidden
  /// from the one in which the plates are sent away to the one in which they were read back at rest, and the session
  /// goes on around them: which frames these are depends on no bit.
  mutating func tendLoss() {
    switch state {
    case .booting, .selfTest, .faulted, .zeroized: return
    case .idle, .acquiring, .exchanging, .draining: break
    }
    if End.role == .bob {
      if case .exchanging = state {} else { loss.measurement.stop() }
      if loss.measurement.isRunning { turnLossPlates() }
      if ticks % 100 == 0, hasReadings { takeLossCounts() }
    }
    setLossIfWaiting()
  }

  private mutating func turnLossPlates() {
    guard let swap = loss.measurement.wanted else { return }
    let setting = Twirl(index: swap.rawValue)?.plates(of: .bob) ?? .identity
    do throws(DriverFault) {
      if swap != .none, !loss.hidesFrames {
        end.mask.hide(from: try end.frame())
        loss.hidesFrames = true
      }
    } catch {
      return fail(error)
    }
    do throws(WavePlateFault) {
      guard try drive.place(setting, at: now, over: &board) else { return }
    } catch {
      // Plates that stay turned make noise of two axes in three.
      return failPlates(error)
    }
    do throws(DriverFault) {
      if swap == .none, loss.hidesFrames {
        end.mask.show(after: try end.frame())
        loss.hidesFrames = false
      }
    } catch {
      return fail(error)
    }
    loss.measurement.platesStand()
    if !loss.measurement.isRunning { loss.settle(at: now, inForce: settings.loss) }
  }

  private mutating func takeLossCounts() {
    let isLit = fpgaStatus.isRunning
    loss.darks.take(readings.counts, at: now, isDark: isDark)
    guard case .exchanging = state, isLit else { return }
    loss.litAt = now
    if loss.measurement.isRunning {
      loss.measurement.take(readings.counts, at: now, darks: loss.darks)
    } else if loss.isWatching {
      loss.watch.take(readings.counts, at: now, darks: loss.darks)
      guard loss.asksForMeasurement, canMeasureLoss else { return }
      // A controller of plates that does not answer is told by the next run that the operator asks for.
      do throws(DriverFault) { try beginLossMeasurement(corrects: true) } catch { loss.isWatching = false }
    }
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
