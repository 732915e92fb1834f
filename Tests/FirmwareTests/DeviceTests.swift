import Foundation
import Glibc
import Testing
import Units

/// A folder without devices: the module starts, says what is missing and stands in the fault state. Without the rights
/// to keep time it does not start.
@Test func board_withoutDevices_isToldAndFaulted() throws {
  let session = try Session()
  var arguments = session.arguments(.bob, link: "listen:127.0.0.1:0")
  arguments[3] = "linux:\(session.folder.path)"
  let program = try Program(arguments + ["--exit-when-done"])
  let ending = program.finish(seconds: 60)
  guard getuid() == 0 else {
    #expect(ending.status == 2)
    #expect(ending.complaints.hasSuffix("error: --board: cannot lock memory and keep time errno=1\n"))
    return
  }
  #expect(ending.status == 1)
  for device in ["spi", "i2c", "gpio"] {
    #expect(ending.complaints.contains("warning: --board: no \(device) errno=2\n"))
  }
  #expect(!ending.complaints.contains("watchdog") && !ending.complaints.contains("random"))
  #expect(ending.complaints.contains("error: fault: "), "\(ending.complaints)")
}

/// A file that is no device is told with Linux's reason; ENOTTY from spidev's first call.
@Test func board_ofFiles_isNoBoard() throws {
  let session = try Session()
  try Data([0]).write(to: session.file("spi"))
  var arguments = session.arguments(.bob, link: "listen:127.0.0.1:0")
  arguments[3] = "linux:\(session.folder.path)"
  let ending = try Program(arguments + ["--exit-when-done"]).finish(seconds: 60)
  #expect(ending.complaints.contains("warning: --board: no spi errno=25\n"), "\(ending.complaints)")
}

/// The thread runs its ticks while blocks are distilled, whatever the machine is doing meanwhile.
@Test func timing_tellsStepsAndTicks() throws {
  let ending = try Program(["--timing", "1"]).finish(seconds: 60)
  guard getuid() == 0 else {
    #expect(
      ending
        == Ending(
          status: 2, output: "", complaints: "error: --timing: cannot lock memory and keep time errno=1\n"))
    return
  }
  let lines = ending.output.split(separator: "\n")
  #expect(ending.status == 0 || ending.status == 1)
  #expect(lines.count == 5 && lines[1].hasPrefix("timing step=strobe budget_ns=150000 worst_ns="))
  let all = try #require(
    ending.output.firstMatch(of: /timing ticks=(\d+) missed=(\d+) .* page_faults=(\d+) blocks=(\d+)/))
  // A tick that is left out is counted as missed, so that together they are the second, and those of the looks.
  let ticks = try #require(Int(all.1)), missed = try #require(Int(all.2))
  #expect(ticks + missed >= 990 && all.3 == "0" && all.4 != "0")
}
