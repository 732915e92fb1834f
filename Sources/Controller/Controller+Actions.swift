import Acquisition
import Distillation
import KeyStore
import Drivers
import LinkControl
import Ports
import RegisterMap
import Units
import Wire

extension Controller where End: ~Copyable, Board: ~Copyable {
  mutating func perform(_ action: ModuleAction) {
    switch action {
    case .none: break
    case .runSelfTest: bringUp()
    case .greetPeer: greet()
    case .openOptics: openOptics()
    case .shortenWindow: shortenWindow()
    case .closeOptics: closeOptics()
    case .abandonSession: abandon()
    case .eraseKeys:
      // What is open first, then what the medium has: that takes longest and may fail.
      core.pool.wipe()
      abandon()
      core.keys.wipe(&board)
      // The pre-shared key may still lie in a file: this index says that all of it is spent.
      do throws(JournalError) { try board.record(UInt64(UInt32.max)) } catch { eraseFailed = true }
      if core.keys.vaultFailed { eraseFailed = true }
    }
  }

  mutating func fail(_ fault: DriverFault) { apply(.failed(FaultCause(fault))) }

  /// The same evidence, told of the counter front-end.
  mutating func failFrontEnd(_ fault: DriverFault) {
    let cause = FaultCause(fault)
    apply(.failed(FaultCause(.frontEnd, address: cause.address, expected: cause.expected, found: cause.found)))
  }

  private mutating func bringUp() {
    do throws(DriverFault) {
      try end.bringUp(configuration, settings)
      try end.clearWatchdog()
      isPoked = false
    } catch {
      return fail(error)
    }
    do throws(DriverFault) {
      if End.role == .bob { try frontEnd.identify(over: &board) }
    } catch {
      return failFrontEnd(error)
    }
    do throws(DriverFault) {
      if configuration.variant == .perBlock { try drive.bringUp(over: &board) }
    } catch {
      return failPlates(.device(error))
    }
    homePlates()
    parts.bringUp(over: &board)
    setTilt()
    expectSavedLoss()
    do throws(DriverFault) {
      try setAttenuator()
    } catch {
      return fail(error)
    }
    guard drawWord() != nil else { return apply(.failed(FaultCause(.entropyLost))) }
    apply(.selfTestPassed)
  }

  /// Light that is stronger than configured costs nothing but key; weaker light was asked for by somebody, so a module
  /// that cannot give it does not start.
  mutating func setAttenuator() throws(DriverFault) {
    guard End.role == .alice else { return }
    do throws(DriverFault) {
      try parts.attenuate(settings[.voaCdb], over: &board)
    } catch {
      if settings[.voaCdb] > 0 { throw error }
    }
  }

  private mutating func openOptics() {
    setLaserArm(high: End.role == .alice)
    end.prepare(at: now)
    drive.reset()
    beginFollowing()
    peerIsDrained = false
    drainIsTold = false
    framesRun = 0
    lightSince = now
    locksBefore = end.slotAlignment?.totals.locks ?? 0
    siftedBefore = core.totals.siftedNow
    secretBefore = core.totals.netSecretBits
    watch.beginLight(readings.counts)
    loss.beginLight()
    rates.restart(rateSums, at: now)
  }

  private mutating func setLaserArm(high: Bool) {
    do throws(BusError) { try board.set(.laserArm, high: high) } catch { fail(.bus(error, address: 0)) }
  }

  /// Loads the window into the gateware; false if it came too late or the gateware failed.
  mutating func load(_ window: ExchangeWindow) -> Bool {
    self.window = window
    do throws(DriverFault) {
      try end.open(window)
      let running = try end.frame()
      guard running < window.start else {
        deadlineMisses += 1
        lateWrites += 1
        trace(.lateWrite(LateWrite(frame: window.start, running: running)))
        // Else the gates would stand open in a window that nobody agreed on (LINK-001).
        try end.close()
        return false
      }
      slackFrames = min(slackFrames, window.start - running)
      return true
    } catch {
      fail(error)
      return false
    }
  }

  private mutating func closeOptics() {
    setLaserArm(high: false)
    framesRun = UInt64(window.frames)
    do throws(DriverFault) { try end.close() } catch { fail(error) }
  }

  /// Ends the session on this side and, if it can still be told, on the peer's.
  private mutating func abandon() {
    // The line acts without the bus, so light is off even if the gateware does not answer.
    var isShut = true
    do throws(BusError) { try board.set(.laserArm, high: false) } catch { isShut = false }
    do throws(DriverFault) { try end.close() } catch { isShut = false }
    if linkIsUp, core.channel.hasRoom(), lastEnd != .peerRefused {
      core.payload.clear()
      core.payload.put(RefusalCode.sessionEnded)
      core.payload.put64(0)
      core.sendSession(.refuse)
    }
    forgetSession()
    // In the fault state the heartbeat stops, and the gateware's watchdog does what the bus could not.
    if !isShut { apply(.failed(FaultCause(.busRefused))) }
  }

  mutating func forgetSession() {
    scan.stop()
    stopLossMeasurement()
    core.abandon()
    end.forget()
    windowIsProposed = false
    peerNonce = nil
  }

  /// Moves the end of the window to a few frames from now and tells the peer.
  private mutating func shortenWindow() {
    do throws(DriverFault) {
      let stop = try end.frame() + SessionTiming.stopLeadFrames
      guard stop < window.stop, core.channel.hasRoom() else { return }
      window.stop = max(stop, window.start + 1)
      try end.open(window)
    } catch {
      return fail(error)
    }
    core.payload.clear()
    core.payload.put32(window.stop)
    core.sendSession(.stop)
  }

  /// A uniform word, nil when the source fails.
  mutating func drawWord() -> UInt64? {
    var bytes: [8 of UInt8] = .init(repeating: 0)
    var span = bytes.mutableSpan
    do throws(EntropyError) { try board.fill(&span) } catch { return nil }
    var word: UInt64 = 0
    for i in 0..<8 { word = word << 8 | UInt64(bytes[i]) }
    return word
  }
}

/// Leads in frames between an agreement and what it agrees on.
enum SessionTiming {
  /// The window opens this many frames after it was proposed: 168 ms for the answer and the registers.
  static var startLeadFrames: UInt32 { 16 }
  static var stopLeadFrames: UInt32 { 16 }
  /// How far the next block numbers of the two modules may lie apart.
  static var blockSkipMax: UInt32 { 16 }
}

extension FaultCause {
  /// What the console tells about a fault of a device.
  init(_ fault: DriverFault) {
    switch fault {
    case .bus(_, let address): self.init(.busRefused, address: UInt16(address))
    case .damaged(let address, let reply):
      self.init(.busChecksum, address: UInt16(address), found: UInt32(truncatingIfNeeded: reply))
    case .refused(let address, let status):
      // A command that arrives damaged every time is a checksum that keeps failing, on the way there.
      let kind: FaultKind = status == SpiProtocol.Status.commandDamaged.rawValue ? .busChecksum : .busRefused
      self.init(kind, address: UInt16(address), found: UInt32(status))
    case .readBackDiffers(let address, let wrote, let read):
      self.init(.stuckRegister, address: UInt16(address), expected: wrote, found: read)
    case .wrongDevice(let address, let expected, let read):
      self.init(Self.identityKind(address), address: UInt16(address), expected: expected, found: read)
    case .stuckBits(let high, let low):
      // Told as the pattern that shows it: a one on every bit that stays low, a zero on every bit that stays high.
      self.init(.stuckRegister, address: UInt16(FpgaMap.scratch.address), expected: low, found: high)
    case .commitNotCounted(let before, let after):
      self.init(.commitLost, address: UInt16(FpgaMap.commitCount.address), expected: before &+ 1, found: after)
    case .burstIncomplete(let address, let expected, let moved):
      self.init(
        .busRefused, address: UInt16(address), expected: UInt32(truncatingIfNeeded: expected),
        found: UInt32(truncatingIfNeeded: moved))
    }
  }

  private static func identityKind(_ address: UInt8) -> FaultKind {
    address == FpgaMap.ident.address ? .wrongIdentity : .wrongRole
  }
}
