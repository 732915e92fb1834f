import Distillation
import Drivers
import FixedStorage
import Health
import LinkControl
import Ports
import RegisterMap
import Scpi
import Units
import Wire

// What is answered from values, without the module: compiled once, where a controller is compiled for each role.
extension ScpiInstrument {
  mutating func identify(_ role: Role) {
    answer("Gimbal,QKD ")
    append(role.name)
    // IEEE 488.2 wants a zero where the serial number is not known.
    append(",0,")
    append(Program.number)
  }

  /// The words that stand for a state, for the fault in it, and for the end of the last session.
  @inline(never)
  mutating func tellState(_ node: ScpiNode, _ state: ModuleState, _ end: SessionEnd) {
    switch node {
    case .state: answer(state.name)
    case .session: answer(end.name)
    default:
      switch state {
      case .faulted(let cause): answer(cause.kind.name)
      case .zeroized: answer(state.name)
      case .booting, .selfTest, .idle, .acquiring, .exchanging, .draining: answer("none")
      }
    }
  }

  /// The names of the alarms that are active, in their order.
  @inline(never)
  mutating func tellAlarms(_ alarms: AlarmBook) {
    var isNext = false
    for number in 0..<AlarmName.count {
      let name = AlarmName.numbered(number)
      guard alarms.isActive(name) else { continue }
      answer(name.name, isNext: isNext)
      isNext = true
    }
    if !isNext { answer("none") }
  }

  /// Figures of the blocks since the start.
  @inline(never)
  mutating func tellFigures(_ node: ScpiNode, _ totals: SessionTotals) {
    let hasBlocks = totals.confirmedBits > 0
    switch node {
    case .qber: answer(exponential: hasBlocks ? totals.qberPpm : nil, below: 6)
    case .qberUpper: answer(exponential: hasBlocks ? totals.qberUpperPpm : nil, below: 6)
    case .efficiency: answer(exponential: hasBlocks ? totals.efficiencyThousandths : nil, below: 3)
    case .siftedBits: answer(decimal: totals.siftedNow)
    case .secretBits: answer(decimal: totals.netSecretBits)
    case .detections: answer(decimal: totals.detections)
    default:
      answer(decimal: totals.blocksOk)
      answer(decimal: totals.blocksAborted, isNext: true)
    }
  }

  /// Bits over the light of the session up to now, in whole frames. Before there is light there is no rate.
  @inline(never)
  mutating func tellRate(_ bits: UInt64, since before: UInt64, frames: UInt64) {
    let seconds = Double(frames) * Double(TimeBase.frameNs) * 1e-9
    // Tags may have spent more than the blocks gave.
    let rise = bits > before ? bits - before : 0
    answer(exponential: frames > 0 ? UInt64(Double(rise) / seconds + 0.5) : nil, below: 0)
  }

  /// One figure for each detector.
  @inline(never)
  mutating func tellDetectors(_ node: ScpiNode, _ readings: DetectorReadings) {
    for i in 0..<6 {
      switch node {
      case .counts: answer(decimal: UInt64(readings.counts[i]), isNext: i > 0)
      case .bias: answer(exponential: UInt64(readings.biasNa[i]), below: 9, isNext: i > 0)
      default: answer(scaled: Int64(readings.temperatureMilliC[i]), places: 3, isNext: i > 0)
      }
    }
  }

  // MARK: Configuration

  /// Notes or answers fields of a candidate.
  @inline(never)
  mutating func configure(
    _ request: ScpiRequest, _ candidate: inout ModuleConfiguration, inForce running: ModuleConfiguration
  ) {
    switch request.node {
    case .signal, .decoy, .vacuum:
      let field: ConfigurationField =
        request.node == .signal ? .meanSignal : request.node == .decoy ? .meanDecoy : .meanVacuum
      setPhotons(.shared(field), request, &candidate)
    case .discard: candidate = running
    case .changes: answer(decimal: candidate.differences(from: running))
    case .fieldNames:
      for number in 0..<SettingName.count {
        answer(SettingName.numbered(number).name, isNext: number > 0)
      }
    default:
      guard let field = SettingName.named(name(of: request)) else {
        return refuse(.illegalParameterValue, "no field, or several, of this name")
      }
      guard request.isQuery else { return note(field, request.number, &candidate) }
      answer(decimal: candidate.value(of: field))
      answer(decimal: running.value(of: field), isNext: true)
    }
  }

  // MARK: Pulse and gate

  /// The setting that a request is about, if this end has it.
  @inline(never)
  mutating func timing(of request: ScpiRequest, at role: Role) -> ModuleSetting? {
    let isPulse = request.node == .pulseDelay || request.node == .pulseWidth
    guard has(role, isPulse ? .alice : .bob) else { return nil }
    if isPulse { return request.node == .pulseDelay ? .pulseDelayPs : .pulseWidthPs }
    return request.node == .gateDelay ? .gateDelayPs : .gateWidthPs
  }

  @inline(never)
  mutating func tell(_ setting: ModuleSetting, of settings: ModuleSettings) {
    answer(exponential: settings[setting], below: 12)
  }

  /// Whether a setting can have a value; refused if not.
  @inline(never)
  mutating func isPossible(_ setting: ModuleSetting, _ value: UInt64) -> Bool {
    var settings = ModuleSettings()
    guard settings.set(setting, to: value) else {
      refuse(.dataOutOfRange, setting.condition)
      return false
    }
    return true
  }

  private mutating func setPhotons(
    _ field: SettingName, _ request: ScpiRequest, _ candidate: inout ModuleConfiguration
  ) {
    guard request.isQuery else { return note(field, request.number, &candidate) }
    answer(scaled: Int64(truncatingIfNeeded: candidate.value(of: field)), places: 6)
  }

  @inline(never)
  private mutating func note(_ field: SettingName, _ value: UInt64, _ candidate: inout ModuleConfiguration) {
    var changed = candidate
    guard changed.set(field, to: value) else { return refuse(.dataOutOfRange, field.condition) }
    candidate = changed
  }

  // MARK: Refusals

  @inline(never)
  mutating func refuse(_ refusal: ApplyRefusal) {
    switch refusal {
    case .notIdle: refuse(.settingsConflict, "only between sessions")
    case .unusable(let field): refuse(.settingsConflict, field.condition)
    case .variant: refuse(.settingsConflict, "variant is brought up with the devices")
    case .shorterKeys: refuse(.commandProtected, "key_ttl_s is shorter, which destroys keys")
    case .device: refuse(.hardware)
    }
  }

  @inline(never)
  mutating func refuse(_ error: StoreError) {
    switch error {
    case .absent: refuse(.massStorage, "the program was started without --configuration FILE")
    case .empty: refuse(.massStorage, "nothing was saved yet")
    case .system: refuse(.massStorage, "the file cannot be used")
    }
  }

  /// Whether an end has what a node is about; refused if it has not.
  @inline(never)
  mutating func has(_ role: Role, _ owner: Role) -> Bool {
    guard role != owner else { return true }
    refuse(.hardwareMissing, owner == .alice ? "pulses are Alice's" : "detectors and gates are Bob's")
    return false
  }

  /// The register that a request names, if it can be read without taking anything.
  @inline(never)
  mutating func register(of request: ScpiRequest) -> Register? {
    guard let register = FpgaMap.register(name(of: request)) else {
      refuse(.illegalParameterValue, "no register, or several, of this name")
      return nil
    }
    guard register.access == .readOnly || register.access == .readWrite else {
      refuse(.illegalParameterValue, "a port, or only written")
      return nil
    }
    return register
  }
}

extension ScpiConditions {
  /// What a module in a state is like; busy is what comes to an end by itself or by `stop`.
  init(_ state: ModuleState, isDistilling: Bool) {
    switch state {
    case .booting, .selfTest, .acquiring, .exchanging, .draining: self.init(isBusy: true)
    case .idle: self.init(isBusy: isDistilling)
    case .faulted, .zeroized: self.init(isBusy: false)
    }
    let name = state.stateName
    set(ScpiOperation.exchanging, if: name == .exchanging)
    set(ScpiOperation.acquiring, if: name == .acquiring)
    set(ScpiOperation.draining, if: name == .draining)
    set(ScpiOperation.distilling, if: isDistilling)
    set(ScpiOperation.starting, if: name == .booting || name == .selfTest)
    set(ScpiQuestion.fault, if: name == .faulted || name == .zeroized)
  }

  @inline(never)
  mutating func note(_ alarms: AlarmBook, linkIsUp: Bool) {
    set(ScpiQuestion.linkDown, if: !linkIsUp)
    set(ScpiQuestion.temperature, if: alarms.isActive(.detectorWarm))
    set(ScpiQuestion.qberHigh, if: alarms.isActive(.qberHigh))
    set(ScpiQuestion.keysLow, if: alarms.isActive(.authLow) || alarms.isActive(.authEmpty))
  }
}
