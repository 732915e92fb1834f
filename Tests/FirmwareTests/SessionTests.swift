import Foundation
import Testing
import Twin
import Units

/// Two seconds of light: short enough for a test, long enough for a key.
private let settings = [
  "--set", "exchange_frames=200", "--set", "planned_sifted=250000", "--set", "block_bits=1000000", "--exit-when-done",
]

/// Tests of whole processes; one at a time, as each keeps three processors busy.
@Suite(.serialized) struct SessionTests {
  @Test func twoProcesses_makeTheSameKeys() throws {
    let session = try Session()
    let modules = try session.start(
      alice: settings + ["--start", "--deliver", session.file("keys.alice").path],
      bob: settings + ["--deliver", session.file("keys.bob").path])
    let bob = modules.bob.finish()
    let alice = modules.alice.finish()
    #expect(alice == Ending(status: 0, output: "session: finished\n", complaints: ""))
    #expect(bob == Ending(status: 0, output: "session: finished\n", complaints: ""))
    let keys = session.text("keys.alice")
    #expect(keys == session.text("keys.bob"))
    #expect(session.serverEnds())

    // The documented form: `BLOCK.INDEX HEX`, every key once, in order.
    let lines = keys.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count > 1 && lines.last == "")
    for (index, line) in lines.dropLast().enumerated() {
      #expect(line.wholeMatch(of: /0\.(\d+) [0-9a-f]{64}/).map { Int($0.1) } == index)
    }
    let mode = try FileManager.default.attributesOfItem(atPath: session.file("keys.bob").path)[.posixPermissions]
    #expect(mode as? Int == 0o600)
    // One block was opened, so the next one that may be used is number 1: mark, index, CRC-32 by Python's zlib.
    let journal: [UInt8] = [0x47, 0x49, 0x44, 0x58, 0, 0, 0, 0, 0, 0, 0, 1, 0xbb, 0xf7, 0xcb, 0x58]
    #expect(try Data(contentsOf: session.file("journal.alice")) == Data(journal))
    #expect(try Data(contentsOf: session.file("journal.bob")) == Data(journal))
  }

  /// The one-time bytes of the first session are never used again: the second takes the next block.
  @Test func secondStart_continuesAfterTheRecordedIndex() throws {
    let session = try Session()
    try Data([0x47, 0x49, 0x44, 0x58, 0, 0, 0, 0, 0, 0, 0, 1, 0xbb, 0xf7, 0xcb, 0x58])
      .write(to: session.file("journal.bob"))
    let modules = try session.start(
      alice: settings + ["--start", "--deliver", session.file("keys.alice").path],
      bob: settings + ["--deliver", session.file("keys.bob").path])
    let bob = modules.bob.finish()
    let alice = modules.alice.finish()
    #expect(alice.status == 0 && bob.status == 0)
    #expect(session.text("keys.alice").hasPrefix("1.0 ") && session.text("keys.bob").hasPrefix("1.0 "))
  }

  @Test func differentBlockBits_areRefusedByBothWithTheField() throws {
    let session = try Session()
    let modules = try session.start(
      alice: settings + ["--start"], bob: settings + ["--set", "block_bits=999999"])
    let bob = modules.bob.finish()
    let alice = modules.alice.finish()
    let refusal = "error: session: refused: the modules are configured differently  field=block_bits"
    #expect(alice == Ending(status: 1, output: "", complaints: "\(refusal) own=1000000 peer=999999\n"))
    #expect(bob == Ending(status: 1, output: "", complaints: "\(refusal) own=999999 peer=1000000\n"))
    #expect(session.serverEnds())
  }

  @Test func differentSecrets_giveNoKey() throws {
    let session = try Session()
    try Data(repeating: 1, count: 4_096).write(to: session.file("other"))
    let modules = try session.start(
      alice: settings + ["--start", "--deliver", session.file("keys.alice").path],
      bob: settings + ["--deliver", session.file("keys.bob").path, "--psk", session.file("other").path])
    _ = modules.bob.finish()
    _ = modules.alice.finish()
    #expect(session.text("keys.alice").isEmpty && session.text("keys.bob").isEmpty)
  }

  @Test func console_onAPseudoTerminal_answersHelpStatusAndKeys() throws {
    let session = try Session()
    let modules = try session.start(alice: ["--console", "pty"], bob: ["--console", "pty"])
    let alicePath = try #require(modules.alice.line(after: "console: "))
    let bobPath = try #require(modules.bob.line(after: "console: "))
    let alice = try Terminal(alicePath)
    let bob = try Terminal(bobPath)
    #expect(alice.read(until: "gimbal-alice> ") != nil && bob.read(until: "gimbal-bob> ") != nil)
    let help = try #require(alice.ask("help"))
    for verb in ["help [COMMAND]", "status", "report", "start", "stop", "counters", "keys", "version"] {
      #expect(help.contains("\r\n\(verb) "), "\(verb) in \(help)")
    }
    let status = try #require(bob.ask("status"))
    for line in ["state    ", "session  none yet", "link     ", "qber     none yet", "faults   none"] {
      #expect(status.contains("\r\n\(line)"), "\(line) in \(status)")
    }
    #expect(try #require(bob.ask("keys")).contains("\r\nkeys     in store 0  held 0  delivered 0  dropped 0\r\n"))
    #expect(try #require(alice.ask("nonsense")).contains("\r\nerror: console: unknown command  type help\r\n"))
    #expect(try #require(alice.ask("keys 3")).contains("\r\nerror: keys: wrong argument count  usage: keys\r\n"))
    modules.alice.kill()
    modules.bob.kill()
    _ = modules.alice.finish()
    _ = modules.bob.finish()
    #expect(session.serverEnds())
  }

  /// A terminal changes between people and programs and back; in SCPI it shows only what was asked for.
  @Test func console_changesToScpiAndBack() throws {
    let session = try Session()
    let modules = try session.start(alice: ["--console", "pty", "--scpi"], bob: ["--console", "pty"])
    let alice = try Terminal(try #require(modules.alice.line(after: "console: ")))
    let bob = try Terminal(try #require(modules.bob.line(after: "console: ")))
    #expect(alice.asks("*IDN?") == "Gimbal,QKD alice,0,0.1.0\n")
    #expect(alice.asks("MEAS:QBER?;:SYST:SESS?;:FOO?") == "9.91E+37;none\n")
    #expect(alice.asks("SYST:ERR?") == "-113,\"Undefined header\"\n")
    #expect(alice.asks("SYST:CONS", until: "> ") == "gimbal-alice> ")
    #expect(try #require(alice.ask("version")).contains("gimbal 0.1.0"))
    #expect(bob.read(until: "> ") != nil)
    #expect(bob.asks("scpi", until: "back\r\n") == "scpi\r\nscpi: SYSTem:CONSole comes back\r\n")
    #expect(bob.asks("*IDN?;*CLS") == "Gimbal,QKD bob,0,0.1.0\n")
    modules.alice.kill()
    modules.bob.kill()
    _ = modules.alice.finish()
    _ = modules.bob.finish()
  }

  /// What one run saved the next one starts with; a torn file keeps the program from starting and stays as it is.
  @Test func configuration_thatWasSaved_isThereAtTheNextStart() throws {
    let session = try Session()
    let file = session.file("saved.alice").path
    let extra = ["--console", "pty", "--configuration", file]
    let first = try session.start(alice: extra, bob: [])
    let alice = try Terminal(try #require(first.alice.line(after: "console: ")))
    #expect(alice.read(until: "> ") != nil)
    #expect(alice.repeats("status", until: "state    idle"))
    _ = alice.ask("set link_id 4711")
    #expect(alice.repeats("apply", until: "\r\napplied\r\n"))
    #expect(try #require(alice.ask("save")).contains("\r\nsaved\r\n"))
    first.alice.kill()
    first.bob.kill()
    _ = first.alice.finish()
    _ = first.bob.finish()
    let text = session.text("saved.alice")
    #expect(text.hasPrefix("# gimbal configuration 2\n") && text.contains("\nset link_id 4711\n"))
    let again = try Session()
    let second = try again.start(alice: extra, bob: [])
    let terminal = try Terminal(try #require(second.alice.line(after: "console: ")))
    #expect(terminal.read(until: "> ") != nil)
    #expect(try #require(terminal.ask("show link_id")).contains("link_id 4711"))
    second.alice.kill()
    second.bob.kill()
    _ = second.alice.finish()
    _ = second.bob.finish()
  }

  /// The operator starts a short exchange and asks until the report tells that it is over.
  @Test func console_startsASessionAndReportsIt() throws {
    let session = try Session()
    let short = ["--set", "exchange_frames=200", "--set", "planned_sifted=250000", "--console", "pty"]
    let modules = try session.start(alice: short, bob: short)
    let alice = try Terminal(try #require(modules.alice.line(after: "console: ")))
    let bob = try Terminal(try #require(modules.bob.line(after: "console: ")))
    #expect(alice.read(until: "> ") != nil && bob.read(until: "> ") != nil)
    #expect(alice.repeats("start", until: "\r\nstarting\r\n"))
    #expect(alice.repeats("report", until: "\r\nsession=finished\r\n"))
    #expect(bob.repeats("report", until: "\r\nsession=finished\r\n"))
    let report = try #require(bob.ask("report"))
    #expect(report.contains("\r\nblocks_ok=1\r\n") && report.contains("\r\nblocks_aborted=0\r\n"))
    let keys = try #require(bob.ask("keys"))
    #expect(
      keys.firstMatch(of: /\r\nkey      [0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-800[0-9a-f]-000000000000  released\r\n/)
        != nil)
    #expect(alice.ask("keys")?.dropLast(14) == keys.dropLast(12))
    modules.alice.kill()
    modules.bob.kill()
    _ = modules.alice.finish()
    _ = modules.bob.finish()
  }
}
