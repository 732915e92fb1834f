import HostStorage
public import Optics
public import Ports
import RegisterMap
public import Units

/// Two modules and the light between them, on one thread and one clock, the same for the same scenario and seed.
///
/// Light is computed up to the time that was asked for and no further. Where it is cut does not matter: the same
/// settings at the same times give the same clicks. The counters of the front-end are those of light without Eve where
/// they count outside of the gate.
///
/// Time is counted in Alice's slots as they arrive at Bob. With clocks of their own his count is another one, and his
/// frames begin by it.
public final class Simulation {
  public let scenario: Scenario
  public let alice: FpgaModel
  public let bob: FpgaModel
  public let frontEnd: FrontEndModel
  private let alicePlates: WavePlateModel
  private let bobPlates: WavePlateModel
  private let aliceParts: BoardParts
  private let bobParts: BoardParts
  public private(set) var now = Instant(ns: 0)
  /// Slots in which lasers could fire.
  public private(set) var pulsesSent: UInt64 = 0
  /// Slots with a click in an open gate, before the common dead time.
  public private(set) var detections: UInt64 = 0
  /// The channel of the present millisecond.
  public private(set) var channel: ChannelState
  /// Eve at the quantum channel, if she is there.
  public private(set) var eve: Eavesdropper?

  /// What Alice chooses in every slot.
  public let choices: ChoiceSource
  /// Sees the clicks of each stretch of light, before the common dead time, and the settings they were sent with. No
  /// module can.
  public var spectator: (([Detection], EmissionSettings) -> Void)?

  /// Whose slots Bob counts.
  public let clocks: Clocks
  /// Bob's clock and count; nil as long as they are Alice's.
  var alignedReceiver: AlignedReceiver?
  /// The settings of the present stretch of light, or of the last one.
  var sentSettings = EmissionSettings()
  /// What the last arrivals made; kept for its capacity.
  var clicks = AlignedReceiver.Clicks()

  private let receiver: Receiver
  private let seed: UInt64
  private var process: ChannelProcess
  private var clockProcess: ClockProcess
  private var sampler: DetectionSampler
  private var ungated: SeededRandom
  private var light: Light?
  /// The detections of the last stretch; kept for its capacity.
  private var found: [Detection] = []
  private var arrivals: [Arrival] = []
  private(set) var slot: UInt64 = 0
  private var nextFrame: UInt64 = 0
  private var nextMillisecond: UInt64 = 0

  public init(
    _ scenario: Scenario, seed: UInt64, attack: EveAttack? = nil, aliceFaults: FaultPlan = FaultPlan(),
    bobFaults: FaultPlan = FaultPlan(), clocks: Clocks = .common
  ) {
    self.scenario = scenario
    self.seed = seed
    self.clocks = clocks
    receiver = attack?.receiver(scenario.receiver) ?? scenario.receiver
    eve = attack.map { Eavesdropper($0, seed: Philox.block(low: 3, high: 0, key: seed).0) }
    choices = ChoiceSource(seed: Philox.block(low: 0, high: 0, key: seed).0)
    alice = FpgaModel(role: .alice, faults: aliceFaults, choices: choices)
    bob = FpgaModel(role: .bob, faults: bobFaults, choices: choices)
    frontEnd = FrontEndModel(faults: bobFaults)
    alicePlates = WavePlateModel(faults: aliceFaults)
    bobPlates = WavePlateModel(faults: bobFaults)
    aliceParts = BoardParts(role: .alice, faults: aliceFaults)
    bobParts = BoardParts(role: .bob, faults: bobFaults)
    process = ChannelProcess(scenario, seed: Philox.block(low: 1, high: 0, key: seed).0)
    clockProcess = ClockProcess(scenario, seed: Philox.block(low: 1, high: 0, key: seed).0)
    if clocks == .own { alignedReceiver = AlignedReceiver(deadSlots: scenario.receiver.deadSlots) }
    sampler = DetectionSampler(choices: choices, deadSlots: scenario.receiver.deadSlots)
    ungated = SeededRandom(seed: Philox.block(low: 2, high: 0, key: seed).0)
    channel = ChannelState(transmission: 0)
    passBoundaries()
  }

  public func fpga(of role: Role) -> FpgaModel { role == .alice ? alice : bob }
  public func plates(of role: Role) -> WavePlateModel { role == .alice ? alicePlates : bobPlates }
  public func parts(of role: Role) -> BoardParts { role == .alice ? aliceParts : bobParts }

  /// Lets time pass. Earlier times than `now` are ignored.
  public func advance(to time: Instant) {
    let target = time.ns / TimeBase.slotNs
    while slot < target {
      let end = segmentEnd(before: target)
      shine(until: end)
      slot = end
      alice.slot = end
      bob.slot = end
      passBoundaries()
    }
    if time > now { now = time }
  }

  /// A line that a controller drives changes now.
  public func set(_ line: OutputLine, high: Bool, of role: Role) {
    let model = fpga(of: role)
    switch line {
    case .laserArm:
      if model.isArmed != high { settle() }
      model.isArmed = high
    case .heartbeat: model.setHeartbeat(high: high)
    // Frames follow the common epoch; the trigger has no effect in this gateware.
    case .frameTrigger: break
    }
  }

  /// The level of a line that a controller reads.
  func isHigh(_ line: InputLine, of role: Role) -> Bool {
    switch line {
    case .fpgaDone: true
    case .fpgaIrq: fpga(of: role).interruptIsHigh
    // A GNSS receiver's pulse: the first tenth of each second.
    case .pps: now.ns % 1_000_000_000 < 100_000_000
    case .tamper: fpga(of: role).isTampered
    }
  }

  /// The levels of all lines that a controller reads, each at the bit of its number.
  func inputLevels(of role: Role) -> UInt8 {
    let lines: [InputLine] = [.fpgaDone, .fpgaIrq, .pps, .tamper]
    return lines.reduce(0) { $0 | (isHigh($1, of: role) ? 1 << $1.rawValue : 0) }
  }

  /// Opens or closes the interlock loop of Alice.
  public func setInterlock(closed: Bool) {
    if alice.isInterlockClosed != closed { settle() }
    alice.isInterlockClosed = closed
  }

  /// Replaces everything that goes wrong with one module. How many words an event FIFO holds, what a conversion takes
  /// for ever and which bits were stuck when registers were written last stay as they are.
  public func setFaults(_ plan: FaultPlan, of role: Role) {
    fpga(of: role).faults = plan
    plates(of: role).faults = plan
    parts(of: role).faults = plan
    if role == .bob { frontEnd.faults = plan }
  }

  /// One I2C transfer to a bought part of a module, nil if it is not acknowledged. The attenuator acts at once.
  func exchange(_ sent: [UInt8], withPartAt address: UInt8, replyCount: Int, of role: Role) -> [UInt8]? {
    let parts = parts(of: role)
    let transmission = parts.transmission
    parts.photonsPerSlot = role == .alice && alice.isOpen ? alice.emission.photonsPerSlot : 0
    let reply = parts.exchange(sent, with: address, replyCount: replyCount, at: now)
    if parts.transmission != transmission { settle() }
    return reply
  }

  private func segmentEnd(before target: UInt64) -> UInt64 {
    var end = min(target, nextFrame, nextMillisecond, nextBobFrame ?? .max)
    for model in [alice, bob] {
      if let deadline = model.watchdogDeadline, deadline > slot { end = min(end, deadline) }
    }
    return end
  }

  /// Everything that happens at the present slot, in the order of the gateware: watchdog, frame, then the channel.
  private func passBoundaries() {
    for model in [alice, bob] where model.checkWatchdog() { settle() }
    if slot == nextFrame {
      settle()
      let number = nextFrame / UInt64(TimeBase.slotsPerFrame)
      _ = alice.beginFrame(UInt32(truncatingIfNeeded: number))
      if alignedReceiver == nil || number == 0 { beginBobFrame(number) }
      // A commit may start what the heartbeat has long left.
      for model in [alice, bob] { _ = model.checkWatchdog() }
      nextFrame += UInt64(TimeBase.slotsPerFrame)
    }
    if slot == nextMillisecond {
      settle()
      if slot > 0 {
        frontEnd.passMillisecond()
        alicePlates.passMillisecond()
        bobPlates.passMillisecond()
      }
      channel = process.next()
      let state = clockProcess.next()
      if clocks == .own { alignedReceiver?.clocks = state }
      channel.alicePlates = alicePlates.rotation
      channel.bobPlates = bobPlates.rotation
      channel.aliceTilt = aliceParts.tiltedPlates
      channel.bobTilt = bobParts.tiltedPlates
      sampler.restart(at: slot, seed: Philox.block(low: slot, high: 1, key: seed).0)
      nextMillisecond += slotsPerMillisecond
    }
    passBobFrames()
  }

  /// Ends the stretch of constant light: books what its open slots leave uncounted and forgets its tables.
  func settle() {
    guard let past = light else { return }
    light = nil
    for detector in 0..<Analyser.detectorCount {
      let mean = past.ungated[detector] * Double(slot - past.start)
      frontEnd.count(ungated.poisson(mean: mean), detector: detector)
    }
  }

  private func shine(until end: UInt64) {
    let present: Light
    if let light {
      present = light
    } else {
      present = Light(self, from: slot)
      light = present
      sentSettings = present.settings
      sampler.begin(at: slot)
      if let table = present.eveTable { eve?.note(from: slot, settings: present.settings, passes: table.passes) }
    }
    if present.isLit {
      pulsesSent += end - slot
      alice.choices.record(slot..<end, settings: present.settings)
    }
    if alignedReceiver != nil {
      if present.isGated { alignedReceiver?.take(sampledArrivals(before: end, of: present)) }
      release(before: end)
      return
    }
    guard present.isGated else { return }
    found.removeAll(keepingCapacity: true)
    if let table = present.eveTable {
      sampler.collect(
        into: &found, before: end, table: table, settings: present.settings, enabled: present.enabled)
    } else {
      sampler.collect(
        into: &found, before: end, table: present.table, settings: present.settings, enabled: present.enabled)
    }
    frontEnd.count(found)
    note(found)
    bob.receive(found)
  }

  /// Counts and shows what the gates let in.
  func note(_ found: [Detection]) {
    detections += UInt64(found.count)
    spectator?(found, sentSettings)
  }

  private func sampledArrivals(before end: UInt64, of present: Light) -> [Arrival] {
    arrivals.removeAll(keepingCapacity: true)
    let timing = timing(of: present.settings)
    if let table = present.eveTable {
      sampler.collect(into: &arrivals, before: end, table: table, settings: present.settings, timing: timing)
    } else {
      sampler.collect(into: &arrivals, before: end, table: present.table, settings: present.settings, timing: timing)
    }
    return arrivals
  }

  /// A stretch of slots with the same lasers, gates and channel.
  private struct Light {
    let start: UInt64
    let isLit: Bool
    let isGated: Bool
    let settings: EmissionSettings
    let enabled: UInt8
    let table: ClickTable
    /// In place of `table` when Eve acts slot by slot.
    let eveTable: EveClickTable?
    /// Mean counts per slot of each detector that are not sampled: outside the gate, or with the gates closed.
    let ungated: [Double]

    init(_ simulation: Simulation, from start: UInt64) {
      let receiver = simulation.receiver
      let channel = simulation.channel
      self.start = start
      isLit = simulation.alice.isOpen
      isGated = simulation.bob.isOpen
      settings = simulation.alice.emission.attenuated(by: simulation.aliceParts.transmission)
      let open = GateWindow(widthPs: GateWindow.slotPs, centrePs: 0, offsetPs: 0, spreadPs: 1)
      let isFree = simulation.alignedReceiver != nil
      let gate =
        isFree ? open : simulation.bob.gate(for: settings, latePs: channel.arrivalPs, jitterPs: receiver.jitterPs)
      enabled = simulation.bob.enabledDetectors
      table = ClickTable(channel: channel, settings: isLit ? settings : nil, receiver: receiver, gate: gate)
      eveTable = isLit && isGated ? Self.eveTable(simulation, settings: settings, gate: gate) : nil
      let all = ClickTable(channel: channel, settings: isLit ? settings : nil, receiver: receiver, gate: open)
      var rest = [Double](repeating: 0, count: Analyser.detectorCount)
      for detector in rest.indices {
        rest[detector] = all.mean(of: detector, under: settings)
        let isSampled = isGated && (isFree || enabled >> UInt8(detector) & 1 == 1)
        if isSampled { rest[detector] -= table.mean(of: detector, under: settings) }
      }
      ungated = rest
    }

    private static func eveTable(
      _ simulation: Simulation, settings: EmissionSettings, gate: GateWindow
    ) -> EveClickTable? {
      guard let eve = simulation.eve else { return nil }
      switch eve.attack {
      case .intercept, .split:
        return EveClickTable(
          eve, channel: simulation.channel, settings: settings, receiver: simulation.receiver, gate: gate)
      case .axisLoss: return nil
      }
    }
  }
}
