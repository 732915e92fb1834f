public import Console
import Distillation
import Drivers
import FixedStorage
import KeyStore
import LinkControl
import Ports
import RegisterMap
public import Scpi
import Units

// What each header of the machine mode asks of a module. What needs neither its devices nor its board stands in
// `ScpiAnswers`.
extension Controller where End: ~Copyable, Board: ~Copyable {
  /// Requests of one turn; a line has no more units.
  private static var requestsPerTurnMax: Int { 128 }

  /// Carries out what an instrument was asked for, as far as it goes without waiting; false when the console for people
  /// was asked for. Once a turn.
  public mutating func serve(_ scpi: inout ScpiInstrument, as privilege: Privilege) -> Bool {
    asking = privilege
    defer { asking = .secure }
    for _ in 0..<Self.requestsPerTurnMax {
      var conditions = ScpiConditions(state, isDistilling: !core.distiller.isIdle)
      conditions.note(alarms, linkIsUp: linkIsUp)
      guard let request = scpi.next(under: conditions, as: privilege) else { return true }
      if request.node == .console { return false }
      carryOut(request, isBusy: conditions.isBusy, of: &scpi)
    }
    return true
  }

  private mutating func carryOut(_ request: ScpiRequest, isBusy: Bool, of scpi: inout ScpiInstrument) {
    switch request.node {
    case .identity: scpi.identify(End.role)
    case .selfTest: scpi.answer(decimal: selfTest())
    case .reset: reset(request, isBusy, &scpi)
    case .save: save(&scpi)
    case .recall: recall(&scpi)
    case .qber, .qberUpper, .siftedBits, .secretBits, .blocks, .efficiency, .detections:
      scpi.tellFigures(request.node, core.totals)
    case .siftedRate, .secretRate: tellRate(request.node, &scpi)
    case .counts, .bias, .temperature: if scpi.has(End.role, .bob) { scpi.tellDetectors(request.node, readings) }
    case .pulseDelay, .pulseWidth, .gateDelay, .gateWidth:
      guard let setting = scpi.timing(of: request, at: End.role) else { return }
      if !request.isQuery { place(setting, request.number, &scpi) } else { scpi.tell(setting, of: settings) }
    case .deadTime: if scpi.has(End.role, .bob) { tellDeadTime(&scpi) }
    case .signal, .decoy, .vacuum, .field, .fieldNames, .changes, .discard:
      scpi.configure(request, &candidate, inForce: running)
    case .hash: scpi.answer(decimal: UInt64(configuration.hash))
    case .apply: if candidate.differences(from: running) > 0 { _ = applied(&scpi) }
    case .initiate: initiate(&scpi)
    case .stop: stopIfAny()
    case .abort: abort()
    case .alarm: scpi.tellAlarms(alarms)
    case .fault, .session, .state: scpi.tellState(request.node, state, lastEnd)
    case .keyCount: scpi.answer(decimal: UInt64(keyCount))
    case .link: scpi.answer(decimal: linkIsUp ? 1 : 0)
    case .register:
      guard let register = scpi.register(of: request), let word = read(register, &scpi) else { return }
      scpi.answer(decimal: UInt64(word))
    case .clear, .eventEnable, .eventStatus, .complete, .serviceEnable, .statusByte, .wait, .operationCondition,
      .operationEnable, .operationEvent, .operationFall, .operationRise, .questionableCondition, .questionableEnable,
      .questionableEvent, .questionableFall, .questionableRise, .preset, .console, .error, .errorCount, .headers,
      .version:
      preconditionFailure("the instrument does these itself")
    }
  }

  // MARK: Common commands

  /// Asks the devices who they are; zero, or the number of the fault counted from one. Disturbs no session.
  private mutating func selfTest() -> UInt64 {
    switch state {
    case .faulted(let cause): return 1 + UInt64(cause.kind.rawValue)
    case .zeroized: return 1 + UInt64(FaultKind.tampered.rawValue)
    case .booting: return 1 + UInt64(FaultKind.gatewareSilent.rawValue)
    case .selfTest, .idle, .acquiring, .exchanging, .draining: break
    }
    do throws(DriverFault) {
      let read = try end.read(FpgaMap.ident)
      guard read == FpgaMap.ident.reset else { return 1 + UInt64(FaultKind.wrongIdentity.rawValue) }
    } catch {
      return 1 + UInt64(FaultCause(error).kind.rawValue)
    }
    guard End.role == .bob else { return 0 }
    do throws(DriverFault) { try frontEnd.identify(over: &board) } catch {
      return 1 + UInt64(FaultKind.frontEnd.rawValue)
    }
    return 0
  }

  /// Stops as `stop` does, and comes again when the session is over. The variant stays: it belongs to the devices.
  private mutating func reset(_ request: ScpiRequest, _ isBusy: Bool, _ scpi: inout ScpiInstrument) {
    guard !isBusy else {
      stopIfAny()
      return scpi.postpone(request)
    }
    var defaults = ModuleConfiguration()
    defaults.link.variant = configuration.variant
    force(defaults, &scpi)
  }

  private mutating func save(_ scpi: inout ScpiInstrument) {
    do throws(StoreError) {
      try saveRunning()
    } catch {
      scpi.refuse(error)
    }
  }

  private mutating func recall(_ scpi: inout ScpiInstrument) {
    do throws(LoadFault) {
      force(try readSaved(), &scpi)
    } catch {
      switch error {
      case .store(let error): scpi.refuse(error)
      case .saved: scpi.refuse(.massStorage, "the saved configuration cannot be used")
      }
    }
  }

  /// Puts a configuration into force, or leaves what was noted as it is.
  private mutating func force(_ configuration: ModuleConfiguration, _ scpi: inout ScpiInstrument) {
    let before = candidate
    candidate = configuration
    if !applied(&scpi) { candidate = before }
  }

  /// Puts the candidate into force, or refuses and changes nothing.
  private mutating func applied(_ scpi: inout ScpiInstrument) -> Bool {
    do throws(ApplyRefusal) {
      try applyCandidate()
      return true
    } catch {
      scpi.refuse(error)
      return false
    }
  }

  // MARK: Session

  private mutating func initiate(_ scpi: inout ScpiInstrument) {
    guard case .idle = state else { return scpi.refuse(.initIgnored) }
    guard linkIsUp else { return scpi.refuse(.settingsConflict, "no link to the peer") }
    guard !isPoked else { return scpi.refuse(.settingsConflict, "a register was written by hand") }
    start()
    scpi.begin()
  }

  /// Ends a session in order, or leaves the fault state; where there is nothing to stop, nothing happens.
  private mutating func stopIfAny() {
    switch state {
    case .acquiring, .exchanging, .faulted: stop()
    case .booting, .selfTest, .idle, .draining, .zeroized: break
    }
  }

  // MARK: Devices

  private mutating func tellRate(_ node: ScpiNode, _ scpi: inout ScpiInstrument) {
    var frames = framesRun
    if case .exchanging = state {
      do throws(DriverFault) {
        let frame = try end.frame()
        frames = frame > window.start ? UInt64(min(frame, window.stop) - window.start) : 0
      } catch {
        return scpi.refuse(.hardware)
      }
    }
    if node == .siftedRate {
      scpi.tellRate(core.totals.siftedNow, since: siftedBefore, frames: frames)
    } else {
      scpi.tellRate(core.totals.netSecretBits, since: secretBefore, frames: frames)
    }
  }

  private mutating func tellDeadTime(_ scpi: inout ScpiInstrument) {
    guard let word = read(FpgaMap.deadTime, &scpi) else { return }
    scpi.answer(exponential: UInt64(FpgaMap.DeadTime.slots.extract(from: word)) * TimeBase.slotNs, below: 9)
  }

  /// Moves the pulse or the gate from the next frame on.
  private mutating func place(_ setting: ModuleSetting, _ value: UInt64, _ scpi: inout ScpiInstrument) {
    guard canTune else { return scpi.refuse(.settingsConflict, "only between sessions") }
    guard scpi.isPossible(setting, value) else { return }
    tune(setting, to: value)
    do throws(DriverFault) { try end.setTiming(settings) } catch {
      fail(error)
      scpi.refuse(.hardware)
    }
  }

  /// A register of the gateware; nil, and refused, if the device does not answer. That changes nothing.
  private mutating func read(_ register: Register, _ scpi: inout ScpiInstrument) -> UInt32? {
    do throws(DriverFault) { return try end.read(register) } catch {
      scpi.refuse(.hardware)
      return nil
    }
  }
}
