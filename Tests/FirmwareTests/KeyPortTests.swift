import Foundation
import Glibc
import HostSockets
import Testing
import Twin
import Units

/// Two seconds of light, and a module that stays when they are over.
private let settings = [
  "--set", "exchange_frames=200", "--set", "planned_sifted=250000", "--set", "block_bits=1000000",
]

private let client = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().appendingPathComponent("Tools/keyclient").path

/// One run of the Python client, as another user if one is given.
private func ask(_ port: String, _ arguments: String..., as user: Int = 0) throws -> Ending {
  let script = """
    import locale, os, sys
    sys.path.insert(0, sys.argv.pop(1))
    import gimbal_keys
    if \(user): os.setuid(\(user))
    sys.exit(gimbal_keys.main(sys.argv[1:]))
    """
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = ["python3", "-c", script, client, port] + arguments
  let (output, complaints) = (Pipe(), Pipe())
  process.standardOutput = output
  process.standardError = complaints
  try process.run()
  let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  let complaint = String(decoding: complaints.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  return Ending(status: process.terminationStatus, output: text, complaints: complaint)
}

/// Asks for the status until it holds `fact`.
private func waits(_ port: String, for fact: String, above least: Int = 0) throws -> Bool {
  let deadline = Date(timeIntervalSinceNow: 120)
  while Date() < deadline {
    let found = try ask(port, "status").output.split(separator: "\n").first { $0.hasPrefix(fact) }
    if let found, least == 0 || Int(found.dropFirst(fact.count)).map({ $0 > least }) == true { return true }
    Thread.sleep(forTimeInterval: 0.2)
  }
  return false
}

/// Ends both; neither may have complained.
private func end(_ modules: (alice: Program, bob: Program)) {
  modules.alice.kill()
  modules.bob.kill()
  let complaints = [modules.alice.finish().complaints, modules.bob.finish().complaints]
  #expect(complaints == ["", ""])
}

extension SessionTests {
  /// A key is got by name-less request at one end and by its name at the other; then both modules lose power, and what
  /// was handed out stays so.
  @Test func keyPort_givesEqualKeysAtBothEndsOnce_alsoOverARestart() throws {
    let session = try Session()
    func extra(_ name: String) -> [String] {
      [
        "--keys", session.file("vault.\(name)").path, "--key-port", "unix:" + session.file("port.\(name)").path,
        "--journal", session.file("journal.\(name)").path, "--psk", session.file("psk").path,
      ]
    }
    let (alicePort, bobPort) = (session.file("port.alice").path, session.file("port.bob").path)
    let modules = try session.start(alice: settings + ["--start"] + extra("alice"), bob: settings + extra("bob"))
    #expect(try waits(alicePort, for: "own_key_count=", above: 16) && waits(bobPort, for: "own_key_count=", above: 16))
    let taken = try ask(alicePort, "get", "3")
    let lines = taken.output.split(separator: "\n")
    #expect(taken.status == 0 && lines.count == 3 && Set(lines).count == 3)
    let names = lines.map { String($0.prefix(36)) }
    let form = /[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-800[0-9a-f]-[0-9a-f]{11}[02468ace]/
    #expect(names.allSatisfy { $0.wholeMatch(of: form) != nil })
    #expect(try ask(bobPort, "get-id", names[0]) == Ending(status: 0, output: lines[0] + "\n", complaints: ""))
    let twice = try ask(bobPort, "get-id", names[0])
    #expect(twice.status == 1 && twice.output.isEmpty && twice.complaints.hasPrefix("error: delivered: "))
    #expect(try ask(alicePort, "get-id", names[0]).complaints.hasPrefix("error: own_parity: "))
    let odd = try ask(bobPort, "get")
    #expect(try ask(alicePort, "get-id", String(odd.output.prefix(36))).output == odd.output)
    for path in [alicePort, session.file("vault.bob").path] {
      let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
      #expect(mode as? Int == 0o600)
    }
    end(modules)

    let later = try Session(seed: 2)
    let again = try later.start(alice: settings + extra("alice"), bob: settings + extra("bob"))
    #expect(try waits(bobPort, for: "state=idle"))
    #expect(try ask(bobPort, "get-id", names[1]).output == lines[1] + "\n")
    #expect(try ask(bobPort, "get-id", names[0]).complaints.hasPrefix("error: delivered: "))
    #expect(try !ask(alicePort, "get", "16").output.contains(names[1]))
    #expect(try ask(alicePort, "status").output.contains("\nvault=good\n"))
    end(again)
  }

  /// Both clients watch, and are sent the same keys in the same order.
  @Test func keyPort_pushesTheSameKeysAtBothEnds() throws {
    let session = try Session()
    let (alicePort, bobPort) = (session.file("port.alice").path, session.file("port.bob").path)
    let modules = try session.start(
      alice: settings + ["--start", "--key-port", "unix:" + alicePort],
      bob: settings + ["--key-port", "unix:" + bobPort])
    #expect(try waits(alicePort, for: "version=1") && waits(bobPort, for: "version=1"))
    let ends = try [alicePort, bobPort].map { try ask($0, "watch", "--all", "--count", "40") }
    #expect(ends[0] == ends[1] && ends[0].status == 0 && ends[0].output.split(separator: "\n").count == 40)
    end(modules)
  }

  /// Another user than the module's own, root and the one that is named is told so and hung up on.
  @Test(.enabled(if: geteuid() == 0)) func keyPort_ofAnotherUser_isRefused() throws {
    let session = try Session()
    let port = session.file("port").path
    let modules = try session.start(alice: ["--key-port", "unix:" + port, "--key-user", "65533"], bob: [])
    #expect(try ask(port, "status", as: 65_533).status == 0)
    let refused = try ask(port, "status", as: 65_534)
    #expect(refused.status == 1 && refused.complaints == "error: user: this user is not served\n")
    #expect(try ask(port, "status").status == 0)
    end(modules)
  }

  /// Four clients are served side by side, a fifth is told; one that leaves makes room, and none holds up the module.
  @Test func keyPort_servesFourClients() throws {
    let session = try Session()
    let port = session.file("port").path
    let modules = try session.start(alice: ["--key-port", "unix:" + port], bob: [])
    #expect(try waits(port, for: "version=1"))
    var idle: [Int32] = []
    for _ in 0..<4 { idle.append(try connect(port)) }
    let busy = try ask(port, "status")
    #expect(busy.status == 1 && busy.complaints == "error: busy: four clients are served already\n")
    // Half a line, noise, and a client that never reads.
    let noise = [UInt8](repeating: 0xff, count: 5000)
    _ = unsafe noise.withUnsafeBytes { unsafe send(idle[0], $0.baseAddress, $0.count, 0) }
    close(idle[3])
    #expect(try waits(port, for: "version=1"))
    idle.dropLast().forEach { close($0) }
    end(modules)
  }

  @Test func keyPort_onASerialLine_speaksTheSameProtocol() throws {
    let session = try Session()
    // The other end of the line, raw from the start.
    let script = """
      import os, pty, select, tty
      own, other = pty.openpty()
      tty.setraw(other)
      print(os.ttyname(other), flush=True)
      os.write(own, b"status\\nget\\r\\n")
      text = b""
      while text.count(b"\\n") < 2 and select.select([own], [], [], 60)[0]:
          text += os.read(own, 1000)
      print(text.decode(), end="", flush=True)
      """
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", script]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    var name = ""
    while !name.hasSuffix("\n") {
      name += String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    }
    name.removeLast()
    let modules = try session.start(alice: ["--key-port", "tty:" + name], bob: [])
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let lines = text.split(separator: "\n")
    #expect(lines.count == 2 && lines[0].hasPrefix("ok version=1 role=alice state="))
    #expect(lines.last?.hasPrefix("error code=empty ") == true)
    end(modules)
  }

  /// A file of another size, one that others may read, and a path that is no socket keep the module from starting.
  @Test(arguments: [
    ("--keys", "", 10, 0o600, "error: --keys: cannot be opened errno=27\n"),
    ("--keys", "", 0, 0o644, "error: --keys: cannot be opened errno=13\n"),
    ("--key-port", "unix:", 0, 0o600, "error: --key-port: cannot be opened errno=98\n"),
    ("--key-port", "tty:", 0, 0o600, "error: --key-port: cannot be opened errno=25\n"),
  ])
  func file_thatCannotBeUsed_isToldWithStatus2(
    option: String, prefix: String, bytes: Int, mode: Int, complaint: String
  ) throws {
    let session = try Session()
    let file = session.file("file")
    try Data(repeating: 0, count: bytes).write(to: file)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
    let arguments = session.arguments(.alice, link: "listen:127.0.0.1:0")
    let ending = try Program(arguments + [option, prefix + file.path]).finish()
    #expect(ending.status == 2 && ending.complaints == complaint)
    #expect(try Data(contentsOf: file).count == bytes)
  }
}

/// A client that only connects.
private func connect(_ path: String) throws -> Int32 {
  let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
  var name = sockaddr_un()
  name.sun_family = sa_family_t(AF_UNIX)
  // The path is shorter than the field, which is zero behind it.
  unsafe withUnsafeMutableBytes(of: &name.sun_path) { field in
    for (i, byte) in path.utf8.enumerated() { unsafe field[i] = byte }
  }
  let result = unsafe withUnsafePointer(to: name) { pointer in
    unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      unsafe Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
    }
  }
  try #require(result == 0)
  return descriptor
}
