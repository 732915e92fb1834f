import Console
import Controller
import FixedStorage
import Foundation
import HostConsole
import HostStorage
import LinkControl
import Ports
import Testing
import Twin
import TwinRun
import Units

/// What a module answers to a line.
func answer<End: OpticalEnd & ~Copyable>(
  _ line: String, as privilege: Privilege = .secure, of module: inout Controller<End, TwinBoard>
) -> String {
  var screen = Screen.onHost()
  let bytes = Array(line.utf8)
  module.execute(line: bytes.span, as: privilege, on: &screen)
  return String(decoding: screen.taken(), as: UTF8.self)
}

/// What a console would be told of events since the last call.
func news<End: OpticalEnd & ~Copyable>(_ module: inout Controller<End, TwinBoard>) -> String {
  var screen = Screen.onHost()
  module.tellNews(on: &screen)
  return String(decoding: screen.taken(), as: UTF8.self)
}

func text<let capacity: Int>(_ text: borrowing Text<capacity>) -> String {
  let bytes = text.utf8
  return String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
}

func booted(_ plan: RunPlan = plan()) -> LinkRun {
  var link = LinkRun(plan)
  precondition(link.boot())
  return link
}

/// Lines for every row of the table, with none and with all of the arguments that it may have.
private func everyLine() -> [String] {
  commandTable.indices.flatMap { i in
    let spec = commandTable[i]
    let words = (0..<Int(spec.argumentsMax)).map { place in
      switch spec.kind(at: place)! {
      case .command: "set"
      case .subject: "link"
      case .field: "planned_qber"
      case .value, .number: "20000"
      case .register: spec.verb == .poke ? "WATCHDOG" : "STATUS"
      case .picoseconds: "1200"
      case .decibels: "300"
      case .millionths: "400000"
      case .intensity: "signal"
      case .address: "0x2a"
      case .count: "5"
      case .millimetres: "2500"
      case .speed, .acceleration: "-300"
      case .level: "notice"
      case .alarm: "link_down"
      case .loss: "undo"
      case .run: "run"
      case .now: "now"
      }
    }
    return Set([Int(spec.argumentsMin), Int(spec.argumentsMax)]).sorted().map { count in
      (["\(spec.name)"] + words.prefix(count)).joined(separator: " ")
    }
  }
}

/// Every verb answers at both ends, at rest and while light is on, in whole lines of printable characters.
@Test func everyVerb_answersInWholeLines() {
  for isLit in [false, true] {
    for line in everyLine() {
      var link = booted()
      if isLit { _ = link.startExchange() }
      for text in [answer(line, of: &link.alice), answer(line, of: &link.bob)] {
        #expect(text.hasSuffix("\r\n"), "\(line)")
        #expect(text.utf8.allSatisfy { (0x20...0x7e).contains($0) || $0 == 13 || $0 == 10 }, "\(line)")
      }
      link.run(ticksMax: 5)
    }
  }
}

@Test func help_namesEveryCommandAndOneInFull() {
  var link = booted()
  let all = answer("help", of: &link.alice)
  for i in commandTable.indices { #expect(all.contains("\(commandTable[i].summary)")) }
  let one = answer("help set", of: &link.alice)
  #expect(one.hasPrefix("set FIELD VALUE") && !one.contains("status"))
}

/// What one module shows makes another one the same, though single lines on the way contradict each other.
@Test func configuration_shownByOneModule_canBePastedToAnother() {
  var first = booted()
  for line in ["set mean_signal 60000", "set mean_decoy 20000", "set epsilon_secret 9", "set link 0x2a", "apply"] {
    #expect(!answer(line, of: &first.alice).contains("error"), "\(line)")
  }
  let shown = answer("show", of: &first.alice)
  var second = booted()
  for line in shown.split(separator: "\r\n") {
    #expect(!answer(String(line), of: &second.alice).contains("error"), "\(line)")
  }
  let (one, other) = (first.alice.configuration, second.alice.configuration)
  #expect(one == other && one.linkId == 42 && one.means[0].millionths == 60_000 && one.epsilonSecret == 9)
  let again = answer("show", of: &second.alice)
  #expect(again == shown)
}

/// A configuration that follows the policy shows the row, and what comes with it as comments.
@Test func configuration_ofAPolicyRow_canBePasted() {
  var first = booted()
  _ = answer("set policy_row 12", of: &first.alice)
  _ = answer("apply", of: &first.alice)
  let shown = answer("show", of: &first.alice)
  #expect(shown.contains("set policy_row 12") && shown.contains("# mean_signal "))
  var second = booted()
  for line in shown.split(separator: "\r\n") { _ = answer(String(line), of: &second.alice) }
  let (one, other) = (first.alice.configuration, second.alice.configuration)
  #expect(one == other && one.policyRow == 12)
}

@Test func set_ofWhatCannotBe_changesNothingAndSaysWhy() {
  var link = booted()
  let before = link.alice.candidate
  let expected = [
    ("set nothing 5", "no field"), ("set mean 5", "or several"), ("set ad_block 300", "1 to 16"),
    ("set ad_block five", "cannot be five"), ("set protocol_version 5", "the program's"), ("set variant 2", "perBlock"),
    ("set policy_row 60000", "row of the table"), ("set planned_qber 4294967296", "below 500000"),
  ]
  for (line, reason) in expected {
    let text = answer(line, of: &link.alice)
    #expect(text.hasPrefix("error: set: ") && text.contains(reason), "\(line)")
  }
  let (after, candidate) = (link.alice.configuration, link.alice.candidate)
  #expect(after == before.link && candidate == before)
}

/// Each field may be set alone; together they have to make sense, and are refused as a whole.
@Test func apply_ofFieldsThatContradict_isRefusedAsAWhole() {
  var link = booted()
  let before = link.alice.configuration
  _ = answer("set planned_qber 30000", of: &link.alice)
  _ = answer("set mean_signal 1000", of: &link.alice)
  let refused = answer("apply", of: &link.alice)
  #expect(refused.hasPrefix("error: apply: mean_signal=1000") && refused.contains("must exceed"))
  let changes = answer("changes", of: &link.alice)
  #expect(changes.contains("planned_qber 30000  in force 12000 ppm") && changes.contains("mean_signal 1000  in force"))
  let unchanged = link.alice.configuration
  #expect(unchanged == before)
  _ = answer("discard", of: &link.alice)
  let none = answer("apply", of: &link.alice)
  #expect(none == "nothing to apply\r\n")
  _ = answer("set variant 1", of: &link.alice)
  let variant = answer("apply", of: &link.alice)
  let last = link.alice.configuration
  #expect(variant.contains("--set") && last == before)
}

/// What was saved comes back as a candidate, whatever was set meanwhile.
@Test func save_keepsWhatIsInForce_andLoadSetsIt() {
  var link = booted()
  let early = answer("load", of: &link.alice)
  _ = answer("set link_id 77", of: &link.alice)
  _ = answer("apply", of: &link.alice)
  let saved = answer("save", of: &link.alice)
  _ = answer("defaults", of: &link.alice)
  _ = answer("apply", of: &link.alice)
  let between = link.alice.configuration.linkId
  let loaded = answer("load", of: &link.alice)
  _ = answer("apply", of: &link.alice)
  let after = link.alice.configuration.linkId
  #expect(early.contains("nothing was saved") && saved == "saved\r\n" && between == 1)
  #expect(loaded.contains("link_id 77  in force 1") && after == 77)
}

/// What a key length depends on stays as it is while light is on, and takes effect in the next session.
@Test func apply_isForBetweenSessions() {
  var link = LinkRun(plan(frames: 60))
  let isLit = link.startExchange()
  _ = answer("set epsilon_secret 9", of: &link.alice)
  let early = answer("apply", of: &link.alice)
  #expect(isLit && early.contains("only between sessions state=exchanging"))
  let isOver = link.runUntilIdle()
  _ = answer("set epsilon_secret 9", of: &link.bob)
  let late = [answer("apply", of: &link.alice), answer("apply", of: &link.bob)]
  #expect(isOver && late == ["applied\r\n", "applied\r\n"])
  let isLitAgain = link.startExchange()
  let isOverAgain = link.runUntilIdle()
  let totals = [link.alice.totals, link.bob.totals]
  #expect(isLitAgain && isOverAgain && totals.map(\.blocksOk) == [2, 2])
}

/// One module alone that is set otherwise is refused by its peer with the field.
@Test func apply_atOneEndOnly_isToldAtTheNextStart() {
  var link = booted()
  _ = answer("set link_id 7", of: &link.alice)
  _ = answer("apply", of: &link.alice)
  link.alice.start()
  link.run(ticksMax: 200)
  let status = answer("link", of: &link.bob)
  #expect(status.contains("configured differently") && status.contains("field=link_id own=1 peer=7"))
}

@Test func abort_losesTheOpenBlockAtBothEnds() {
  var link = booted()
  let idle = answer("abort now", of: &link.alice)
  let without = answer("abort", of: &link.alice)
  #expect(idle.contains("no session to give up") && without.contains("usage: abort now"))
  let isLit = link.startExchange()
  link.run(ticksMax: 200)
  let text = answer("abort now", of: &link.alice)
  let isDark = link.run(ticksMax: 200) { !$0.isLit }
  #expect(isLit && text == "given up\r\n" && isDark)
  let (names, ends, keys) = (link.names, link.ends, link.deliverKeys())
  #expect(names == ["idle", "idle"] && ends == [.stopped, .peerRefused] && keys == [[], []])
}

@Test func zeroize_needsTheWordAndThePrivilege_andErasesAllKeys() {
  var link = LinkRun(plan(frames: 60))
  _ = link.startExchange()
  _ = link.runUntilIdle()
  let had = link.alice.keyCount
  let refused = [
    answer("zeroize", of: &link.alice), answer("zeroize yes", of: &link.alice),
    answer("zeroize now", as: .operate, of: &link.alice), answer("zeroize now", as: .observe, of: &link.alice),
  ]
  #expect(refused.allSatisfy { $0.hasPrefix("error: zeroize: ") } && refused[2].contains("may operate, not secure"))
  let kept = link.alice.keyCount
  let text = answer("zeroize now", of: &link.alice)
  let (left, state) = (link.alice.keyCount, link.alice.state)
  #expect(had > 0 && kept == had && text == "all keys are erased\r\n" && left == 0 && state == .zeroized)
}

@Test func consoleThatMayObserve_startsAndSetsNothing() {
  var link = booted()
  let before = link.alice.candidate
  for line in ["start", "stop", "abort now", "set ad_block 2", "apply", "discard", "defaults", "zeroize now"] {
    let text = answer(line, as: .observe, of: &link.alice)
    #expect(text.contains("this console may observe"), "\(line)")
  }
  let status = answer("status", as: .observe, of: &link.alice)
  let (state, candidate) = (link.alice.state, link.alice.candidate)
  #expect(status.hasPrefix("state    idle") && state == .idle && candidate == before)
}

@Test func peek_readsRegistersWithTheirFields() {
  var link = booted()
  let ident = answer("peek ident", of: &link.alice)
  #expect(ident.hasPrefix("IDENT 0x47494d42\r\n  magic"))
  let mean = answer("peek MEAN_SIGNAL", of: &link.alice)
  #expect(mean.contains("MEAN_SIGNAL 0x0007a120") && mean.contains(" 500000\r\n"))
  let refused = [
    answer("peek fifo", of: &link.bob), answer("peek COMMIT", of: &link.bob), answer("peek MEAN", of: &link.bob),
    answer("peek 0x08", of: &link.bob), answer("peek PULSE", of: &link.bob),
  ]
  #expect(refused.allSatisfy { $0.hasPrefix("error: peek: ") } && refused[0].contains("port"))
  #expect(refused[4].contains("refused"))
  let listed = answer("register", of: &link.bob)
  let one = answer("register PULSE", of: &link.bob)
  #expect(listed.contains("FIFO_LEVEL") && one.contains("delay") && one.contains("bits 19 to 8"))
  let states = link.names
  #expect(states == ["idle", "idle"])
}

/// Bent lines of every command: the module goes on, its configuration stays usable, and no key leaves by the console.
@Test(arguments: fuzzSeeds(20)) func console_ofBentLines_keepsTheModuleUsable(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  var link = booted()
  let script = Array((everyLine() + ["set mean_signal 400000", "apply", "start"]).joined(separator: "\n").utf8)
  for _ in 0..<20 {
    for line in random.bent(script, bytesMax: 1000).split(separator: 10, omittingEmptySubsequences: false) {
      var screen = Screen.onHost()
      let bytes = Array(line.prefix(128))
      link.alice.execute(line: bytes.span, on: &screen)
      let isUsable = link.alice.configuration.unusableField() == nil
      #expect(isUsable)
    }
    link.run(ticksMax: 3)
  }
}
