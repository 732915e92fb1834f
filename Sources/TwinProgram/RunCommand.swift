import ArgumentParser
import Controller
import Estimation
import Foundation
import LinkControl
import Optics
import Twin
import TwinRun
import Units

/// One run of the link: progress, then the report.
struct Run: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(abstract: "Fly two modules and let them make key.")
  }

  @OptionGroup var link: ScenarioOptions
  @Option(help: "Seconds of light, more than 0 and at most 86400.")
  var seconds = 10.0
  @Option(help: "Everything random in the run follows from this number.")
  var seed: UInt64 = 1
  @Option(help: ClocksOption.help)
  var clocks = Clocks.common
  @Option(help: "How the twirl is applied: perPulse or perBlock.")
  var variant = "perPulse"
  @Option(
    help: ArgumentHelp(
      "Take light and block length from the policy for this error rate, in per cent.", valueName: "qber"))
  var policy: Double?
  @Option(
    help: ArgumentHelp(
      "Set a number of the channel: \(Scenario.channelNames.joined(separator: ", ")).", valueName: "name=value"))
  var channel: [String] = []
  @Option(
    help: ArgumentHelp(
      "Announce only bins of detections that come at least this fast, in slots with clicks a second.", valueName: "hz"))
  var keepAbove: UInt32 = 0
  @Flag(help: "Let Bob's wave plates follow the frame, from what Alice tells of events that gave no key.")
  var adaptive = false
  @Option(help: ArgumentHelp("Write what anyone may recompute, one file a block.", valueName: "dir"))
  var record: String?
  @Option(help: ArgumentHelp("Set a configuration field of both modules.", valueName: "field=value"))
  var set: [String] = []
  @Option(help: ArgumentHelp("Set a configuration field of Alice only.", valueName: "field=value"))
  var setAlice: [String] = []
  @Option(help: ArgumentHelp("Set a configuration field of Bob only.", valueName: "field=value"))
  var setBob: [String] = []
  @Option(help: ArgumentHelp("Break a device of Alice: \(FaultName.list).", valueName: "fault"))
  var faultAlice: FaultName?
  @Option(help: ArgumentHelp("Break a device of Bob: \(FaultName.list).", valueName: "fault"))
  var faultBob: FaultName?
  @Option(help: ArgumentHelp(EveOption.help, valueName: "attack"))
  var eve: EveOption?
  @Option(help: ArgumentHelp("Write what the run was like every 100 ms, as JSON.", valueName: "file"))
  var timeline: String?
  @Option(help: ArgumentHelp("Make one page with plots of the run; see make report-tools.", valueName: "file.html"))
  var report: String?
  @Flag(help: "Print the report only.")
  var quiet = false

  mutating func run() throws {
    let plan = try plan()
    let page = try report.map { try ReportPage(writing: $0) }
    let timelineFile = try timeline.map { try ReportPage.writable($0, what: "timeline") }
    try rehearse(adBlock: plan.alice.adBlock)
    var pair = LinkRun(plan)
    let progress = RunProgress(isQuiet: quiet)
    let needsTimeline = page != nil || timelineFile != nil || progress.isLive
    let watched = needsTimeline ? Timeline(watching: pair) : nil
    if !quiet { print(ProgressLine.heading(plan)) }
    let result = pair.run { run in progress.show(run, windowEnded: watched?.note(run) ?? false, watched) }
    watched?.end(pair)
    progress.end()
    if let folder = plan.records {
      do {
        try pair.recorder.write(to: folder, configuration: plan.alice)
      } catch {
        throw ValidationError("cannot write records to \(folder.path)")
      }
    }
    for line in Report.complaints(result) { FileHandle.standardError.write(Data((line + "\n").utf8)) }
    print(Report.text(plan, result, eve: eve))
    if let watched, page != nil || timelineFile != nil {
      let data = try watched.json(of: plan, report: Report.values(plan, result, eve: eve))
      if let timelineFile { try Self.write(data, to: timelineFile) }
      try page?.make(from: data)
    }
    throw ExitCode(result.isGood ? 0 : 1)
  }

  private static func write(_ data: Data, to file: URL) throws {
    do { try data.write(to: file) } catch { throw ValidationError("cannot write timeline '\(file.path)'") }
  }

  /// A second of light that is thrown away. Swift's runtime on the host makes its record of a generic type when the
  /// type is first used; after a rehearsal whatever the modules still allocate is theirs. Embedded Swift has no such
  /// records.
  private func rehearse(adBlock: UInt8) throws {
    var configuration = LinkConfiguration()
    configuration.exchangeFrames = 95
    configuration.variant = try twirlVariant()
    configuration.adBlock = adBlock
    configuration.plan(for: .drone, seconds: 1)
    var pair = LinkRun(
      RunPlan(scenario: .drone, seconds: 1, seed: 1, alice: configuration, bob: configuration))
    _ = pair.run { _ in }
  }

  private func plan() throws -> RunPlan {
    guard seconds.isFinite, seconds > 0, seconds <= 86_400 else {
      throw ValidationError("seconds must be more than 0 and at most 86400, not \(seconds)")
    }
    let scenario = try link.load(changedBy: channel)
    var common = LinkConfiguration()
    common.variant = try twirlVariant()
    common.exchangeFrames = max(1, UInt32(seconds * 1e9 / Double(TimeBase.frameNs)))
    // A row depends on the size of the block, so the fields that are set come first; what they set stays.
    try common.apply(set)
    if let policy { try common.follow(policyFor: policy) }
    common.plan(for: scenario, seconds: seconds)
    try common.apply(set)
    var alice = common
    try alice.apply(setAlice)
    var bob = common
    try bob.apply(setBob)
    guard alice.exchangeFrames > 0, bob.exchangeFrames > 0 else {
      throw ValidationError("exchange_frames=0 runs until an operator stops it, and a run has none")
    }
    var plan = RunPlan(scenario: scenario, seconds: seconds, seed: seed, alice: alice, bob: bob)
    plan.clocks = clocks
    // A module whose slots are its own finds those of the light, or there is no key.
    if clocks == .own { precondition(plan.bobSettings.set(.clock, to: 1)) }
    plan.aliceFaults = faultAlice?.plan ?? plan.aliceFaults
    plan.bobFaults = faultBob?.plan ?? plan.bobFaults
    if adaptive {
      guard bob.variant == .perPulse else { throw ValidationError("adaptive needs the variant perPulse") }
      _ = plan.bobSettings.set(.adaptive, to: 1)
    }
    guard plan.bobSettings.set(.binRateMin, to: UInt64(keepAbove)) else {
      throw ValidationError("keep-above: \(ModuleSetting.binRateMin.condition)")
    }
    plan.attack = eve?.attack
    plan.relay = eve?.relay
    plan.records = try record.map(Self.folder)
    return plan
  }

  private func twirlVariant() throws -> TwirlVariant {
    switch variant {
    case "perPulse": return .perPulse
    case "perBlock": return .perBlock
    default: throw ValidationError("unknown variant '\(variant)': use perPulse or perBlock")
    }
  }

  /// The folder for records, made if need be, and tried before anything is simulated.
  private static func folder(_ path: String) throws -> URL {
    guard !path.isEmpty else { throw ValidationError("the record folder has no name") }
    let folder = URL(fileURLWithPath: path, isDirectory: true)
    let probe = folder.appendingPathComponent(".gimbal-probe")
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try Data().write(to: probe)
      try FileManager.default.removeItem(at: probe)
    } catch {
      throw ValidationError("cannot write to record folder '\(path)'")
    }
    return folder
  }
}

extension LinkConfiguration {
  /// Takes the row of the policy for an error rate in per cent and for the size of the block.
  mutating func follow(policyFor percent: Double) throws {
    guard percent >= 0, percent < 50 else { throw ValidationError("policy must be at least 0 and below 50 per cent") }
    let qber = PartsPerMillion(UInt32((percent * 10_000).rounded()))
    switch Policy.row(variant: variant, qber: qber, blockBits: blockBits) {
    case .row(let index): follow(row: index)
    case .none(.needsLargerBlock(let size)):
      throw ValidationError(
        "no key at \(percent) % in blocks of \(blockBits) sifted bits: set block_bits to 2^\(size) or more")
    case .none(.noKeyAtAnySize): throw ValidationError("no key at \(percent) % in blocks of any size")
    }
  }

  /// Plans the counts of a block from what the scenario lets through on average.
  mutating func plan(for scenario: Scenario, seconds: Double) {
    let light = shareSignal.value * means[0].value + shareDecoy.value * means[1].value
    // Frames in which wave plates turn carry no key.
    let duty =
      variant == .perPulse ? 1 : 1 - Double(TwirlSchedule.settleFrames) / Double(TwirlSchedule.groupFrames)
    let efficiency = Self.meanEfficiency(of: scenario, seconds: seconds)
    let perSecond = 1e9 / Double(TimeBase.slotNs) * light * efficiency / 3 * duty
    plannedSifted = UInt32(max(1000, min(Double(blockBits), perSecond * seconds)))
  }

  /// Transmission and detection averaged over ten seconds of another flight, over all of a pass that is never the same
  /// for long: a plan may not look at the run itself.
  private static func meanEfficiency(of scenario: Scenario, seconds: Double) -> Double {
    var process = ChannelProcess(scenario, seed: 0x706c_616e)
    let milliseconds = scenario.pass == nil ? 10_000 : Int(max(1, min(seconds, 1_000) * 1_000))
    let sum = (0..<milliseconds).reduce(0.0) { sum, _ in sum + process.next().transmission }
    let detectors = scenario.receiver.efficiencies
    return sum / Double(milliseconds) * detectors.reduce(0, +) / Double(detectors.count)
  }

  /// Applies `field=value` settings and refuses what cannot be used.
  mutating func apply(_ settings: [String]) throws {
    for setting in settings {
      let parts = setting.split(separator: "=", maxSplits: 1).map(String.init)
      let field = (0..<ConfigurationField.count).compactMap(ConfigurationField.init).first {
        "\($0.name)" == parts.first
      }
      guard let field else { throw ValidationError("unknown configuration field in '\(setting)'") }
      guard parts.count == 2, let value = UInt64(parts[1]), set(field, to: value) else {
        throw ValidationError("bad value in '\(setting)'")
      }
    }
    if let field = unusableField() {
      throw ValidationError("configuration field \(field.name) cannot be \(self[field]): \(field.condition)")
    }
  }
}
