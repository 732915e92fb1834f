import Foundation
import Glibc
import HostSockets
import Optics
import Twin
import Units

/// One run of the program `gimbal` as a process of its own; both outputs are collected. A test uses it from one thread;
/// the reader of complaints is waited for.
final class Program: @unchecked Sendable {
  let process = Process()
  private let output = Pipe()
  private let complaints = Pipe()
  private var lines = LineReader()
  private var complaintsText = Data()
  private let complaintsRead = DispatchGroup()

  /// The host build beside the tests, or what GIMBAL_PROGRAM names.
  static var path: URL {
    if let path = ProcessInfo.processInfo.environment["GIMBAL_PROGRAM"] { return URL(fileURLWithPath: path) }
    let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    return tests.deletingLastPathComponent().appendingPathComponent("gimbal")
  }

  init(_ arguments: [String]) throws {
    process.executableURL = Self.path
    process.arguments = arguments
    process.standardOutput = output
    process.standardError = complaints
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let handle = complaints.fileHandleForReading
    complaintsRead.enter()
    Thread.detachNewThread { [self] in
      complaintsText = handle.readDataToEndOfFile()
      complaintsRead.leave()
    }
  }

  /// The rest of the first line of output that starts with `prefix`; nil when the output ends without one.
  func line(after prefix: String) -> String? {
    while let line = lines.next(from: output.fileHandleForReading) {
      if line.hasPrefix(prefix) { return String(line.dropFirst(prefix.count)) }
    }
    return nil
  }

  /// Ends the process at once; threads of a test block the signals that could be refused, and a child inherits that.
  func kill() { Glibc.kill(process.processIdentifier, SIGKILL) }

  /// Waits for the end and returns exit status, the rest of the output and all complaints.
  func finish(seconds: Double = 300) -> Ending {
    let process = process
    let limit = DispatchWorkItem { Glibc.kill(process.processIdentifier, SIGKILL) }
    DispatchQueue.global().asyncAfter(deadline: .now() + seconds, execute: limit)
    let rest = lines.rest(from: output.fileHandleForReading)
    complaintsRead.wait()
    process.waitUntilExit()
    limit.cancel()
    return Ending(
      status: process.terminationStatus, output: rest, complaints: String(decoding: complaintsText, as: UTF8.self))
  }
}

/// How a process ended.
struct Ending: Equatable {
  let status: Int32
  let output: String
  let complaints: String
}

/// Cuts a stream into lines.
private struct LineReader {
  private var pending = Data()

  mutating func next(from handle: FileHandle) -> String? {
    while true {
      if let end = pending.firstIndex(of: 0x0a) {
        let line = String(decoding: pending[..<end], as: UTF8.self)
        pending = Data(pending[(end + 1)...])
        return line
      }
      let more = handle.availableData
      guard !more.isEmpty else { return nil }
      pending += more
    }
  }

  mutating func rest(from handle: FileHandle) -> String {
    String(decoding: pending + handle.readDataToEndOfFile(), as: UTF8.self)
  }
}

/// A folder with everything that two modules and their board need, and the server of the board.
final class Session {
  let folder: URL
  private let ended = DispatchGroup()

  init(_ scenario: Scenario = .bench, seed: UInt64 = 1) throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("gimbal-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let secret = Data((0..<4_096).map { _ in UInt8.random(in: 0...255) })
    try secret.write(to: file("psk"))
    let server = try BoardServer(Simulation(scenario, seed: seed), path: file("board").path)
    ended.enter()
    // The simulation is used by this thread only.
    let serving = Serving(server: server, ended: ended)
    Thread.detachNewThread { serving.run() }
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func file(_ name: String) -> URL { folder.appendingPathComponent(name) }

  /// The arguments of one module; the link is given by the caller.
  func arguments(_ role: Role, link: String) -> [String] {
    let name = role == .alice ? "alice" : "bob"
    return [
      "--role", name, "--board", "unix:\(BoardServer.path(file("board").path, of: role))", "--link", link,
      "--psk", file("psk").path, "--journal", file("journal.\(name)").path,
    ]
  }

  /// Starts Alice, who listens on a free port, and Bob, who connects to it.
  func start(alice: [String], bob: [String]) throws -> (alice: Program, bob: Program) {
    let first = try Program(arguments(.alice, link: "listen:127.0.0.1:0") + alice)
    guard let port = first.line(after: "link: listening on port ") else {
      throw NoPort(complaint: first.finish().complaints)
    }
    return (first, try Program(arguments(.bob, link: "connect:127.0.0.1:\(port)") + bob))
  }

  struct NoPort: Error { let complaint: String }

  /// Whether the server ended by itself, as it must when both modules have left.
  func serverEnds() -> Bool { ended.wait(timeout: .now() + 60) == .success }

  func text(_ name: String) -> String { (try? String(contentsOf: file(name), encoding: .utf8)) ?? "" }
}

/// Carries the server to its thread.
private final class Serving: @unchecked Sendable {
  let server: BoardServer
  let ended: DispatchGroup

  init(server: BoardServer, ended: DispatchGroup) {
    self.server = server
    self.ended = ended
  }

  func run() {
    do { try server.run() } catch { print("board server: \(error)") }
    ended.leave()
  }
}
