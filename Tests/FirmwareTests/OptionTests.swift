import Foundation
import Testing
import Units

private func run(_ arguments: [String]) throws -> Ending { try Program(arguments).finish() }

/// Each row: arguments, and the one line that they are answered with.
@Test(arguments: [
  (["--foo"], "error: options: unknown option --foo"),
  (["--role"], "error: options: missing value of --role"),
  (["--role", "eve"], "error: options: bad value of --role value=eve"),
  (["--board", "/dev/spi"], "error: options: bad value of --board value=/dev/spi"),
  (["--link", "listen:localhost:1"], "error: options: bad value of --link value=listen:localhost:1"),
  (["--link", "connect:127.0.0.1:0"], "error: options: bad value of --link value=connect:127.0.0.1:0"),
  (["--link", "listen:127.0.0.256:1"], "error: options: bad value of --link value=listen:127.0.0.256:1"),
  (["--link", "listen:127.0.0.1:65536"], "error: options: bad value of --link value=listen:127.0.0.1:65536"),
  (["--console", "tty"], "error: options: bad value of --console value=tty"),
  (["--set", "block_bits"], "error: options: bad value of --set value=block_bits"),
  (["--set", "block_bits=many"], "error: options: bad value of --set value=block_bits=many"),
  (["--set", "block_bit=5"], "error: options: bad value of --set value=block_bit=5"),
  (["--set", "protocol_version=2"], "error: options: bad value of --set value=protocol_version=2"),
  (["--set", "link_id=18446744073709551616"], "error: options: bad value of --set value=link_id=18446744073709551616"),
  (["--role", "bob"], "error: options: missing option --board"),
])
func options_thatCannotBeUsed_areToldInOneLineWithStatus2(arguments: [String], line: String) throws {
  #expect(try run(arguments) == Ending(status: 2, output: "", complaints: line + "\n"))
}

@Test func configuration_thatCannotBeUsed_namesTheField() throws {
  let session = try Session()
  let arguments = session.arguments(.alice, link: "listen:127.0.0.1:0")
  let ending = try run(arguments + ["--set", "block_bits=5"])
  #expect(ending.status == 2)
  #expect(ending.complaints == "error: options: unusable configuration field=block_bits value=5\n")
}

@Test func keyFile_thatCannotBeRead_isToldWithStatus2() throws {
  let session = try Session()
  let arguments = session.arguments(.alice, link: "listen:127.0.0.1:0")
  let missing = try run(arguments + ["--psk", session.file("nothing").path])
  #expect(missing == Ending(status: 2, output: "", complaints: "error: --psk: cannot read the key file errno=2\n"))
  try Data(repeating: 7, count: 63).write(to: session.file("short"))
  let short = try run(arguments + ["--psk", session.file("short").path])
  #expect(short.status == 2)
  #expect(short.complaints == "error: --psk: the key file must hold 64 to 65536 bytes\n")
}

@Test func boardOfTheOtherRole_isRefused() throws {
  let session = try Session()
  var arguments = session.arguments(.bob, link: "listen:127.0.0.1:0")
  arguments[1] = "alice"
  let ending = try run(arguments)
  #expect(ending.status == 2 && ending.complaints == "error: --board: the board is the other role's\n")
}

@Test func journal_thatIsDamaged_isNeverTakenForNew() throws {
  let session = try Session()
  try Data(repeating: 0, count: 16).write(to: session.file("journal.alice"))
  let ending = try run(session.arguments(.alice, link: "listen:127.0.0.1:0"))
  #expect(ending.status == 2)
  #expect(ending.complaints == "error: --journal: the authentication index cannot be read\n")
}

@Test func help_namesEveryOptionAndEveryField() throws {
  let ending = try run(["--help"])
  #expect(ending.status == 0 && ending.complaints.isEmpty)
  for word in ["--role", "--exit-when-done", "--selftest", "planned_cross", "block_bits", "link_id"] {
    #expect(ending.output.contains(word))
  }
  #expect(try run(["--version"]) == Ending(status: 0, output: "gimbal 0.1.0\n", complaints: ""))
}
