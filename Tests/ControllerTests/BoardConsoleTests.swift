import Console
import Controller
import FixedStorage
import Health
import LinkControl
import Testing
import Twin
import TwinRun
import Units

@Test func gateAndDelay_areSetAtTheirOwnEndsOnly_andReadBack() {
  var link = booted()
  let wrong = [
    answer("gate 1200", of: &link.alice), answer("delay 1200", of: &link.bob), answer("gate", of: &link.alice),
  ]
  #expect(wrong.allSatisfy { $0.hasPrefix("error: ") && $0.contains(" has no ") })
  let set = answer("gate 1240 1500", of: &link.bob)
  link.run(ticksMax: 30)
  let register = answer("peek GATE", of: &link.bob)
  #expect(
    set == "gate     delay 1240 ps  width 1500 ps\r\n" && register.contains(" 15\r\n") && register.contains(" 124\r\n"))
  let refused = [
    answer("gate 1245", of: &link.bob), answer("gate 9999", of: &link.bob), answer("gate 1000 50", of: &link.bob),
  ]
  #expect(refused.allSatisfy { $0.hasPrefix("error: gate: gate_") && $0.contains("must be") })
  let kept = answer("gate", of: &link.bob)
  let shown = answer("show gate_delay_ps", of: &link.bob)
  #expect(kept == set && shown.hasPrefix("gate_delay_ps 1240 ps"))
}

/// A gate beside the pulse costs nearly all clicks. It moves between sessions only.
@Test func gate_besideThePulse_seesNothing() {
  func clicks(gate: Int) -> UInt64 {
    var link = LinkRun(plan(frames: 0))
    _ = link.boot()
    _ = answer("gate \(gate)", of: &link.bob)
    _ = link.startExchange()
    link.run(ticksMax: 400)
    let refused = answer("gate 3000", of: &link.bob)
    #expect(refused.hasPrefix("error: gate: only between sessions"))
    return link.bob.totals.detections
  }
  let (open, shut) = (clicks(gate: 1000), clicks(gate: 7000))
  #expect(open > 10_000 && shut * 20 < open, "\(open) \(shut)")
}

/// A shorter life destroys keys, which takes the privilege for that.
@Test func keyLifetime_isShortenedByTheTrustedOnly() {
  var link = booted()
  _ = answer("set key_ttl_s 60", of: &link.alice)
  let refused = answer("apply", as: .operate, of: &link.alice)
  let kept = link.alice.settings[.keyTtlS]
  let taken = answer("apply", of: &link.alice)
  _ = answer("set key_ttl_s 0", of: &link.alice)
  let longer = answer("apply", as: .operate, of: &link.alice)
  #expect(refused.hasPrefix("error: apply: key_ttl_s is shorter") && kept == 86_400)
  #expect(taken == "applied\r\n" && longer == "applied\r\n")
}

@Test func intensity_isSetAsAWholeOrNotAtAll() {
  var link = booted()
  let set = answer("intensity signal 400000", of: &link.alice)
  let (mean, candidate) = (link.alice.configuration.means[0].millionths, link.alice.candidate.link.means[0].millionths)
  #expect(set.hasPrefix("applied\r\nsignal   0.400000 photons") && mean == 400_000 && candidate == 400_000)
  let refused = answer("intensity signal 1000", of: &link.alice)
  let (kept, after) = (link.alice.configuration.means[0].millionths, link.alice.candidate.link.means[0].millionths)
  #expect(refused.hasPrefix("error: apply: mean_signal") && refused.split(separator: "\r\n").count == 1)
  #expect(kept == 400_000 && after == 400_000)
  _ = answer("set epsilon_secret 9", of: &link.alice)
  let waiting = answer("intensity decoy 100000", of: &link.alice)
  let epsilon = link.alice.candidate.link.epsilonSecret
  #expect(waiting.contains("other changes wait") && epsilon == 9)
}

/// Counted day by day, with the rule of leap years, from 1970 to 2400.
@Test func day_ofAnyYear_isTheDateThatCountingGives() {
  var (year, month, day) = (1970, 1, 1)
  for number in 0..<UInt32(157_000) {
    var text = Line()
    text.append(day: number)
    var shown = ""
    for i in text.utf8.indices { shown.unicodeScalars.append(Unicode.Scalar(text.utf8[i])) }
    let digits = { (value: Int) in value < 10 ? "0\(value)" : "\(value)" }
    #expect(shown == "\(year)-\(digits(month))-\(digits(day))")
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    day += 1
    guard day > [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] else { continue }
    (month, day) = (month % 12 + 1, 1)
    if month == 1 { year += 1 }
  }
}

@Test func status_ofASubject_isThatCommand() {
  var link = booted()
  for subject in [
    "link", "keys", "auth", "gpio", "watchdog", "timing", "alarm", "plates", "config", "twirl", "rates", "trace",
  ] {
    let (one, other) = (answer("status \(subject)", of: &link.bob), answer(subject, of: &link.bob))
    #expect(one == other && !one.hasPrefix("error"), "\(subject)")
  }
  for line in ["status start", "status zeroize", "status nothing", "status s"] {
    let text = answer(line, of: &link.bob)
    #expect(text.hasPrefix("error: status: "), "\(line)")
  }
}

/// What is written past the drivers is nobody's configuration: no session, from either side, before a self-test.
@Test func poke_isReadBack_andHoldsSessionsUntilASelfTest() {
  var link = booted()
  let written = answer("poke WATCHDOG.period_ms 90 now", of: &link.alice)
  let read = answer("peek watchdog.period", of: &link.alice)
  #expect(written.hasPrefix("written") && read == "  period_ms          90\r\n")
  let own = answer("start", of: &link.alice)
  link.bob.start()
  link.run(ticksMax: 100)
  let state = link.alice.state
  #expect(own.contains("selftest first") && state == .idle)
  link.run(ticksMax: 8000)
  let tested = answer("selftest", of: &link.alice)
  let healed = answer("peek watchdog.period", of: &link.alice)
  #expect(tested == "self-test passed\r\n" && healed.contains(" 100\r\n"))
  let isLit = link.startExchange()
  #expect(isLit)
}

@Test func poke_ofWhatCannotBe_changesNothing() {
  var link = booted()
  let expected = [
    ("poke IDENT 5 now", "cannot be written"), ("poke COMMIT 1 now", "cannot be written"),
    ("poke WATCHDOG 65536 now", "does not fit"), ("poke PULSE.width 256 now", "does not fit"),
    ("poke PULSE.nothing 1 now", "no field"), ("poke NOTHING 1 now", "no register"), ("poke WATCHDOG 5", "usage"),
    ("poke WATCHDOG 5 later", "the word now"), ("poke WATCHDOG. 5 now", "no field"),
    ("poke STATUS. 5 now", "no field"),
  ]
  for (line, reason) in expected {
    let text = answer(line, of: &link.alice)
    #expect(text.hasPrefix("error: poke: ") && text.contains(reason), "\(line): \(text)")
  }
  let less = answer("poke WATCHDOG 5 now", as: .operate, of: &link.alice)
  let isPoked = link.alice.isPoked
  #expect(less.contains("may operate, not secure") && !isPoked)
}

@Test func bus_tellsWhoAnswers() {
  var link = booted()
  let all = answer("i2c", of: &link.bob)
  let one = answer("i2c 0x2a", of: &link.bob)
  let none = answer("i2c 0x08", of: &link.bob)
  #expect(all.contains("counter front-end") && all.contains("answers"))
  #expect(one.hasPrefix("0x2a     register 0:") && none == "error: i2c: does not acknowledge address=0x08\r\n")
}

@Test func config_tellsTheHashesOfBothModules() {
  var link = booted()
  let before = answer("config", of: &link.alice)
  #expect(before.contains("peer not heard"))
  link.alice.start()
  link.run(ticksMax: 100)
  let (one, other) = (answer("config", of: &link.alice), answer("config", of: &link.bob))
  let hash = link.alice.configuration.hash
  let hex = String(hash, radix: 16)
  #expect(one.contains(hex) && one == other)
  var changed = link.alice.configuration
  changed.epsilonSecret = 9
  #expect(changed.hash != hash)
}

@Test func rates_followTheLight() {
  var link = LinkRun(plan(frames: 300))
  _ = link.startExchange()
  link.run(ticksMax: 2500)
  let text = answer("rates", of: &link.bob)
  let (last, sifted) = (link.bob.rates.lastSecond, link.bob.totals.siftedNow)
  #expect(last.siftedBits > 10_000 && last.siftedBits < sifted && last.detections > last.siftedBits)
  #expect(text.contains("sifted \(last.siftedBits) bit/s"))
}

@Test func pdl_ofAnEvenReceiver_isWithinItsError() {
  var link = LinkRun(plan(frames: 300))
  _ = link.startExchange()
  link.run(ticksMax: 2500)
  let rows = answer("pdl", of: &link.bob).split(separator: "\r\n")
  #expect(rows.count == 7)
  for row in rows.prefix(3) {
    let words = row.split(separator: " ")
    guard let contrast = Double(words[1]), let sigma = Double(words[3]) else {
      Issue.record("\(row)")
      return
    }
    // The detectors of the bench differ a little in efficiency: 3 % at most.
    #expect(sigma > 0 && abs(contrast) < 0.03 + 5 * sigma, "\(row)")
  }
  let alice = answer("pdl", of: &link.alice)
  #expect(alice.hasPrefix("loss     is measured at bob"))
}

@Test func telemetry_hasEveryKeyOnce_andNoKeyBits() {
  var link = LinkRun(plan(frames: 60))
  _ = link.startExchange()
  _ = link.runUntilIdle()
  link.run(ticksMax: 300)
  for (line, role) in [(text(link.alice.telemetryLine()), "alice"), (text(link.bob.telemetryLine()), "bob")] {
    let words = line.split(separator: " ")
    let keys = words.dropFirst().map { $0.prefix { $0 != "=" } }
    #expect(words.first == "telemetry" && Set(keys).count == keys.count && line.utf8.count < 1000)
    #expect(
      line.contains(" role=\(role) ") && line.contains(" state=idle ") && line.hasSuffix(" alarms=none"), "\(line)")
    #expect(line.contains(" counts=") == (role == "bob"))
    let stored = role == "alice" ? link.alice.keyCount : link.bob.keyCount
    #expect(stored > 0 && line.contains(" keys_stored=\(stored) keys_released=\(stored) "), "\(line)")
  }
  let again = text(link.alice.telemetryLine())
  #expect(again.contains(" seq=2 "))
}

/// The attenuator weakens the light that Bob counts, and the monitor sees it.
@Test func voa_weakensTheLight_andIsFoundAgainAfterASelfTest() {
  var link = LinkRun(plan(frames: 0))
  _ = link.startExchange()
  link.run(ticksMax: 1300)
  func clicks(_ link: inout LinkRun) -> UInt64 {
    let before = link.bob.totals.detections
    link.run(ticksMax: 300)
    return link.bob.totals.detections - before
  }
  let open = clicks(&link)
  let set = answer("voa 1000", of: &link.alice)
  link.run(ticksMax: 1300)
  let weak = clicks(&link)
  let monitored = answer("voa", of: &link.alice)
  #expect(set.hasPrefix("voa      10.00 dB") && monitored.contains("monitor 0."))
  #expect(open > 10_000 && weak * 5 < open && weak * 20 > open, "\(open) \(weak)")
  let bob = answer("voa 100", of: &link.bob)
  #expect(bob.hasPrefix("error: voa: bob has no lasers"))
  _ = answer("abort now", of: &link.alice)
  _ = answer("selftest", of: &link.alice)
  let kept = answer("voa", of: &link.alice)
  #expect(kept.hasPrefix("voa      10.00 dB"))
}

@Test func version_tellsWhoTheModuleIs() {
  var link = booted()
  link.run(ticksMax: 1200)
  let (one, other) = (answer("version", of: &link.alice), answer("version", of: &link.bob))
  #expect(one.contains("  alice  register map 1") && one.contains("serial ") && one != other)
  let temperature = answer("temperature", of: &link.alice)
  #expect(temperature.hasPrefix("board    ") && temperature.hasSuffix(" C\r\n"))
}

/// A program that waits replaces this one only if it passes its self-test, and at rest.
@Test(arguments: [Int32(0), 1]) func update_installsWhatPassesItsSelfTest(status: Int32) {
  let plan = plan()
  var link = booted(plan)
  let none = [answer("update", of: &link.alice), answer("update now", of: &link.alice)]
  #expect(none[0] == "update   no program waits\r\n" && none[1] == "error: update: no program waits\r\n")
  plan.aliceProgram.candidate = (1_000_000, status, 5)
  let waits = answer("update", of: &link.alice)
  let less = answer("update now", as: .operate, of: &link.alice)
  let begun = answer("update now", of: &link.alice)
  let again = [answer("update now", of: &link.alice), answer("update", of: &link.alice)]
  link.run(ticksMax: 3)
  let early = link.alice.wantsRestart
  link.run(ticksMax: 10)
  let (late, traced) = (link.alice.wantsRestart, answer("trace 1", of: &link.alice))
  #expect(waits.contains("1000000 B") && less.contains("not secure") && begun.hasPrefix("the self-test"))
  #expect(again[0].hasPrefix("error: update: a new program") && again[1].contains("runs") && !early)
  #expect(
    late == (status == 0) && plan.aliceProgram.isInstalled == late
      && traced.contains(status == 0 ? "installed" : "refused  self-test status 1"))
}

/// A session that began during the self-test goes on, and the program stays.
@Test func update_duringASession_isNotInstalled() {
  let plan = plan()
  plan.aliceProgram.candidate = (1_000_000, 0, 50)
  var link = booted(plan)
  _ = answer("update now", of: &link.alice)
  let isLit = link.startExchange()
  link.run(ticksMax: 100)
  let (wants, traced) = (link.alice.wantsRestart, answer("trace", of: &link.alice))
  #expect(isLit && !wants && !plan.aliceProgram.isInstalled && traced.contains("new program refused"))
  let refused = answer("update now", of: &link.alice)
  #expect(refused.contains("only between sessions"))
}
