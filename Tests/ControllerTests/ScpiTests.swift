import Console
import Controller
import FixedStorage
import HostStorage
import LinkControl
import Scpi
import Testing
import Twin
import TwinRun
import Units

private func bytes(_ span: Span<UInt8>) -> [UInt8] { span.indices.map { span[$0] } }

/// A program at the machine mode of a module.
private struct Script: ~Copyable {
  var scpi = ScpiInstrument()
  var privilege = Privilege.secure
  private(set) var staysInScpi = true

  mutating func serve<End: OpticalEnd & ~Copyable>(_ module: inout Controller<End, TwinBoard>) -> String {
    var sent: [UInt8] = []
    while true {
      staysInScpi = module.serve(&scpi, as: privilege) && staysInScpi
      let output = bytes(scpi.output)
      scpi.clearOutput()
      if output.isEmpty { return String(decoding: sent, as: UTF8.self) }
      sent += output
    }
  }

  /// What comes back at once.
  mutating func ask<End: OpticalEnd & ~Copyable>(
    _ line: String, _ module: inout Controller<End, TwinBoard>
  ) -> String {
    for byte in (line + "\n").utf8 { scpi.take(byte) }
    return serve(&module)
  }

  mutating func error<End: OpticalEnd & ~Copyable>(_ module: inout Controller<End, TwinBoard>) -> String {
    ask(":SYST:ERR?", &module)
  }
}

/// A line for each row and form, with what the row takes.
private func everyLine() -> [(String, isQuery: Bool)] {
  var lines: [(String, isQuery: Bool)] = []
  for i in scpiTable.indices {
    let row = scpiTable[i]
    let header = "\(row.pattern)".filter { !"[]".contains($0) }
    let name = row.node == .register ? "STATUS" : "planned_qber"
    let argument =
      switch row.argument {
      case .none: ""
      case .number: row.unit == .count ? " 0" : " 3E-10"
      case .name: " \(name)"
      case .nameAndNumber: " \(name),20000"
      }
    if row.form != .query { lines.append((header + argument, false)) }
    if row.form != .command { lines.append((header + "?" + (row.queryArgument == .name ? " \(name)" : ""), true)) }
  }
  return lines
}

/// Every header is answered or refused at both ends, at rest and while light is on: a query with one whole line or an
/// error, a command with nothing.
@Test func everyNode_answersOrRefuses() {
  for isLit in [false, true] {
    for (line, isQuery) in everyLine() where line != "*RST" {
      var link = booted()
      if isLit { _ = link.startExchange() }
      var one = Script()
      var other = Script()
      for (text, error) in [
        (one.ask(line, &link.alice), one.error(&link.alice)), (other.ask(line, &link.bob), other.error(&link.bob)),
      ] {
        let isRefused = error != "0,\"No error\"\n"
        #expect(text.isEmpty == (!isQuery || (isRefused && line != "SYSTem:ERRor:NEXT?")), "\(line) \(text) \(error)")
        #expect(text.isEmpty || (text.hasSuffix("\n") && !text.hasPrefix("\n")), "\(line)")
        #expect(text.utf8.allSatisfy { (0x20...0x7e).contains($0) || $0 == 10 }, "\(line)")
        #expect(!isRefused || error.hasPrefix("-2"), "\(line) \(error)")
      }
      link.run(ticksMax: 5)
    }
  }
}

/// A query is refused only where the hardware is the other end's.
@Test func everyQuery_isAnsweredWhereItsHardwareIs() {
  var link = booted()
  for (line, isQuery) in everyLine() where isQuery {
    var script = Script()
    let answers = [script.ask(line, &link.alice), script.ask(line, &link.bob)].map { !$0.isEmpty }
    #expect(answers[0] || answers[1], "\(line)")
    let isOneEnds = ["PULS", "GATE", "DEAD", "COUN", "BIAS", "TEMP"].contains { line.contains($0) }
    #expect(answers == [true, true] || (isOneEnds && !line.contains("ERRor")), "\(line)")
  }
}

@Test func identity_hasFourParts_andTheSelfTestPasses() {
  var link = booted()
  var script = Script()
  let names = [script.ask("*IDN?", &link.alice), script.ask("*IDN?", &link.bob)]
  #expect(names == ["Gimbal,QKD alice,0,0.1.0\n", "Gimbal,QKD bob,0,0.1.0\n"])
  #expect("\(Program.version)".hasSuffix(" 0.1.0"))
  let tests = [script.ask("*TST?", &link.alice), script.ask("*TST?", &link.bob)]
  #expect(tests == ["0\n", "0\n"])
}

/// A faulty module tells the fault by number, name and status, and refuses what only a sound one can do.
@Test func fault_isToldByTestAlarmAndStatus() {
  var plan = plan()
  plan.bobFaults = FaultPlan([.wrongIdentity(0x4749_4d43)])
  var link = LinkRun(plan)
  link.run(ticksMax: 100)
  var script = Script()
  let told = script.ask("*TST?;:SYST:FAUL?;STAT?;:STAT:QUES:COND?", &link.bob)
  let refused = [script.ask("INIT", &link.bob), script.error(&link.bob)]
  _ = script.ask("CONF:FIEL link_id,77;*RST", &link.bob)
  let reset = script.error(&link.bob)
  let noted = script.ask("CONF:FIEL? link_id", &link.bob)
  #expect(noted == "77,1\n")
  #expect(
    told.hasPrefix("1;wrong_identity;faulted;") && (Int(told.split(separator: ";")[3].dropLast()) ?? 0) & 2048 > 0)
  #expect(refused == ["", "-213,\"Init ignored\"\n"] && reset == "-221,\"Settings conflict;only between sessions\"\n")
}

/// A session begun by INITiate is waited for without waiting inside, and then its figures are those of the totals.
@Test func session_isBegunAwaitedAndMeasured() {
  var link = booted(plan(frames: 60))
  var script = Script()
  let none = script.ask("MEAS:QBER?;QBER:UPP?;:MEAS:EFF?;RATE:SIFT?", &link.alice)
  #expect(none == Array(repeating: "9.91E+37", count: 4).joined(separator: ";") + "\n")
  let early = script.ask("*ESR?;:INIT;*OPC;*OPC?;*ESR?;:SYST:SESS?", &link.alice)
  var answer = ""
  var ticks = 0
  while answer.isEmpty, ticks < 30_000 {
    link.step()
    ticks += 1
    answer = script.serve(&link.alice)
  }
  #expect(early == "128" && answer == ";1;1;finished\n" && ticks > 600, "\(early) \(answer)")
  let totals = link.alice.totals
  let figures = script.ask("MEAS:BITS:SIFT?;SECR?;:MEAS:BLOC?;DET?;QBER?;EFF?", &link.alice).dropLast().split(
    separator: ";")
  #expect(figures.prefix(4) == ["\(totals.siftedNow)", "\(totals.netSecretBits)", "1,0", "\(totals.detections)"])
  #expect(abs((Double(figures[4]) ?? 0) - Double(totals.qberPpm) / 1e6) < 1e-6)
  #expect(abs((Double(figures[5]) ?? 0) - Double(totals.efficiencyThousandths) / 1e3) < 1e-4)
  let rates = script.ask("MEAS:RATE:SIFT?;SECR?", &link.alice).dropLast().split(separator: ";").map { Double($0) ?? 0 }
  let seconds = 60 * Double(TimeBase.frameNs) * 1e-9
  for (rate, bits) in zip(rates, [totals.siftedNow, totals.netSecretBits]) {
    #expect(bits > 0 && abs(rate - Double(bits) / seconds) <= 1e-5 * rate + 1)
  }
}

@Test func initiate_isRefusedWhileBusyOrAlone() {
  var link = booted()
  var script = Script()
  _ = script.ask("INIT", &link.alice)
  _ = script.ask("INIT", &link.alice)
  let busy = script.error(&link.alice)
  #expect(busy == "-213,\"Init ignored\"\n")
  let isDark = [script.ask("ABOR", &link.alice), script.ask("ABOR;STOP;:SYST:STAT?", &link.alice)]
  #expect(isDark == ["", "idle\n"])
}

/// What is over already cannot be stopped: the session ends as it would have.
@Test func stop_whileTheLastBlockIsDistilled_changesNothing() {
  var link = LinkRun(plan(frames: 60))
  var script = Script()
  _ = link.startExchange()
  let isDraining = link.run(ticksMax: 30_000) { $0.alice.state.stateName == .draining }
  _ = script.ask("STOP", &link.alice)
  let error = script.error(&link.alice)
  _ = link.runUntilIdle()
  let end = link.alice.lastEnd
  #expect(isDraining && error.hasPrefix("0,") && end == .finished)
}

@Test func operationBits_followTheStates() {
  var link = booted(plan(frames: 60))
  var script = Script()
  _ = script.ask("STAT:OPER:ENAB 784;:INIT", &link.alice)
  var seen: Set<Int> = []
  for _ in 0..<30_000 {
    link.step()
    seen.insert((Int(script.ask("STAT:OPER:COND?", &link.alice).dropLast()) ?? -1) & 784)
    if case .idle = link.alice.state { break }
  }
  let events = script.ask("*STB?;:STAT:OPER?", &link.alice)
  #expect(seen.isSuperset(of: [256, 16, 512]) && events.hasPrefix("128;"))
}

@Test func configuration_isNotedAndAppliedAsAWhole() {
  var link = booted()
  var script = Script()
  let noted = script.ask("INT:SIGN 0.06;DEC 0.02;SIGN?;:CONF:FIEL? mean_signal;CHAN?", &link.alice)
  #expect(noted == "0.060000;60000,500000;2\n")
  let applied = script.ask("CONF:APPL;CHAN?;FIEL? mean_sig;:INT:DEC?", &link.alice)
  let means = link.alice.configuration.means
  #expect(applied == "0;60000,60000;0.020000\n" && means[0].millionths == 60_000 && means[1].millionths == 20_000)
  _ = script.ask("INT:SIGN 0.001", &link.alice)
  let refused = [script.ask("CONF:APPL", &link.alice), script.error(&link.alice)]
  #expect(refused[0].isEmpty && refused[1].hasPrefix("-221,\"Settings conflict;mean_signal must exceed"))
  let discarded = script.ask("CONF:DISC;CHAN?;APPL", &link.alice)
  let errors = [
    ("CONF:FIEL nothing,5", "-224"), ("CONF:FIEL mean,5", "-224"), ("CONF:FIEL ad_block,300", "-222"),
    ("CONF:FIEL? nothing", "-224"), ("DIAG:REG? nothing", "-224"), ("DIAG:REG? FIFO", "-224"),
    ("DIAG:REG? COMMIT", "-224"), ("CONF:FIEL protocol_version,1", "-222"), ("INT:SIGN 2", "-222"),
  ].map { line, number in
    _ = script.ask(line, &link.alice)
    return script.error(&link.alice).hasPrefix(number + ",")
  }
  #expect(discarded == "0\n" && !errors.contains(false))
  let names = script.ask("CONF:CAT?", &link.alice).dropLast().split(separator: ",")
  #expect(names.count == Int(SettingName.count) && names.contains("ad_block"))
}

/// A reset while light is on stops the session as `stop` does, and leaves the keys of the session before.
@Test func reset_putsDefaultsIntoForce_afterStoppingASession() {
  var link = LinkRun(plan(frames: 60))
  _ = link.startExchange()
  _ = link.runUntilIdle()
  let keys = link.alice.keyCount
  var script = Script()
  link.alice.start()
  let isLit = link.run(ticksMax: 1000) { $0.isLit }
  let early = script.ask("*RST;*OPC?", &link.alice)
  var answer = ""
  for _ in 0..<60_000 where answer.isEmpty {
    link.step()
    answer = script.serve(&link.alice)
  }
  let (end, configuration, left) = (link.alice.lastEnd, link.alice.configuration, link.alice.keyCount)
  let error = script.error(&link.alice)
  #expect(isLit && early.isEmpty && answer == "1\n" && configuration == LinkConfiguration(), "\(error)")
  #expect(error.hasPrefix("0,") && end == .stopped && keys > 0 && left >= keys)
}

@Test func saveAndRecall_keepWhatIsInForce() {
  var link = booted()
  var script = Script()
  _ = script.ask("*RCL 0", &link.alice)
  let early = script.error(&link.alice)
  _ = script.ask("CONF:FIEL link_id,77;APPL;*SAV 0;:CONF:FIEL link_id,78;APPL;*RCL 0", &link.alice)
  let (error, link77) = (script.error(&link.alice), link.alice.configuration.linkId)
  _ = script.ask("*SAV 1", &link.alice)
  let range = script.error(&link.alice)
  #expect(early.hasPrefix("-250,") && error.hasPrefix("0,") && link77 == 77 && range.hasPrefix("-222,"))
}

@Test func pulseAndGate_areMovedInWholeSteps() {
  var link = booted(plan(frames: 60))
  var script = Script()
  let before = script.ask("SOUR:PULS:DEL?;WIDT?", &link.alice)
  let set = script.ask("PULS:DEL 2.5 NS;WIDT 700PS;DEL?;WIDT?;:DIAG:REG? PULSE", &link.alice)
  #expect(before == "1.75000E-9;5.00000E-10\n" && set == "2.50000E-9;7.00000E-10;\(250 << 8 | 7)\n")
  let gate = script.ask("SENS:GATE:DEL 1010 PS;DEL?;WIDT?;:SENS:DEAD?", &link.bob)
  #expect(gate == "1.01000E-9;2.00000E-9;1.00000E-7\n")
  let missing = [script.ask("SENS:GATE:DEL?", &link.alice), script.error(&link.alice)]
  #expect(missing == ["", "-241,\"Hardware missing;detectors and gates are Bob's\"\n"])
  let refused = ["PULS:DEL 1.755 NS", "PULS:WIDT 0", "PULS:WIDT 50 PS", "PULS:WIDT 5100 PS"].map { line in
    _ = script.ask(line, &link.alice)
    return script.error(&link.alice).hasPrefix("-222,")
  }
  let (delay, width) = (link.alice.settings[.pulseDelayPs], link.alice.settings[.pulseWidthPs])
  #expect(!refused.contains(false) && delay == 2500 && width == 700)
  let isLit = link.startExchange()
  _ = script.ask("PULS:DEL 1 NS", &link.alice)
  let during = script.error(&link.alice)
  let kept = script.ask("PULS:DEL?", &link.alice)
  #expect(isLit && during.hasPrefix("-221,") && kept.hasPrefix("2.50000"))
}

/// Alarms and the bits that stand for them.
@Test func alarms_areToldByNameAndBit() {
  var link = booted()
  var script = Script()
  let none = script.ask("SYST:ALAR?;FAUL?", &link.bob)
  _ = script.ask("CONF:FIEL alarm_detector_k,1;APPL", &link.bob)
  link.run(ticksMax: 300)
  let warm = script.ask("SYST:ALAR?;:STAT:QUES:COND?", &link.bob).dropLast().split(separator: ";")
  #expect(none == "none;none\n")
  #expect(warm.count == 2 && warm[0].contains("detector_warm") && (Int(warm[1]) ?? 0) & 16 > 0, "\(warm)")
}

@Test func scriptThatMayObserve_changesNothing() {
  var link = booted()
  var script = Script()
  script.privilege = .observe
  let before = link.alice.candidate
  for line in ["INIT", "STOP", "ABOR", "*RST", "*SAV 0", "*RCL 0", "INT:SIGN 0.4", "CONF:APPL", "PULS:DEL 0"] {
    let answer = script.ask(line, &link.alice)
    let error = script.error(&link.alice)
    #expect(answer.isEmpty && error == "-203,\"Command protected\"\n", "\(line)")
  }
  let (after, state) = (link.alice.candidate, link.alice.state)
  #expect(after == before && state == .idle)
}

@Test func console_isGivenBack_andComesWithAVerb() {
  var link = booted()
  var script = Script()
  _ = script.ask("*OPC?", &link.alice)
  let stays = script.staysInScpi
  _ = script.ask("SYST:CONS", &link.alice)
  let leaves = !script.staysInScpi
  #expect(stays && leaves)
}

/// Bent lines of every header: the module goes on, its configuration stays usable, and errors can be read afterwards.
@Test(arguments: fuzzSeeds(20)) func scpi_ofBentLines_keepsTheModuleUsable(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  var link = booted()
  var script = Script()
  let real = Array((everyLine().map(\.0) + ["INT:SIGN 0.4", "CONF:APPL", "INIT"]).joined(separator: "\n").utf8)
  for _ in 0..<20 {
    let start = Int.random(in: 0..<real.count, using: &random)
    for byte in random.bent(Array(real[start...]), bytesMax: 1000) {
      if script.scpi.room == 0 { _ = script.serve(&link.alice) }
      if script.scpi.room > 0 { script.scpi.take(byte) }
    }
    _ = script.serve(&link.alice)
    let isUsable = link.alice.configuration.unusableField() == nil
    #expect(isUsable)
    link.run(ticksMax: 3)
  }
  script.scpi.take(3)
  let answer = script.ask("\nSYST:ERR?", &link.alice)
  #expect(answer.contains(",\"") && answer.hasSuffix("\"\n"))
}
