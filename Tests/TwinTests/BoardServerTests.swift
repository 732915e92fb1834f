import BoardProtocol
import Foundation
import HostSockets
import Optics
import Testing
import Units

@testable import Twin

// MARK: Pace

@Test func paceCredit_grantsWallTimeTimesRate_untilSpent() {
  var credit = PaceCredit(rate: 0.5)
  #expect(credit.grant(at: .seconds(7)) == Nanoseconds(0))
  #expect(credit.grant(at: .seconds(7) + .milliseconds(1)) == Nanoseconds(500_000))
  #expect(credit.milliseconds(until: Nanoseconds(500_000)) == 0)
  #expect(credit.milliseconds(until: Nanoseconds(1_000_001)) == 2)
  credit.spend(Nanoseconds(400_000))
  #expect(credit.grant(at: .seconds(7) + .milliseconds(2)) == Nanoseconds(600_000))
}

@Test func paceCredit_afterLongWork_doesNotMakeUpForIt() {
  var credit = PaceCredit(rate: 1)
  _ = credit.grant(at: .zero)
  #expect(credit.grant(at: .seconds(10)) == PaceCredit.max)
  credit.spend(PaceCredit.max)
  #expect(credit.grant(at: .seconds(10) + .milliseconds(1)) == Nanoseconds(milliseconds: 1))
}

// MARK: The server

private let hello = BoardRequest(.hello, argument: BoardProtocol.version, payloadBytes: 1, replyBytes: 1)
private let readTamper = BoardRequest(.readLine, argument: 3, replyBytes: 1)
private let tellTime = BoardRequest(.setLine, argument: 1, payloadBytes: 1)

/// A server on a thread of its own; ends when both seats have been left.
private final class ServedBoard: @unchecked Sendable {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("gimbal-\(UUID().uuidString.prefix(8))").path
  private let server: BoardServer
  private let ended = DispatchGroup()

  init(pace: Pace, patience: Duration? = nil) throws {
    server = try BoardServer(
      Simulation(.bench, seed: 1), path: path, pace: pace, patience: patience, isControlled: true)
    ended.enter()
    Thread.detachNewThread { [self] in
      do { try server.run() } catch { Issue.record("\(error)") }
      ended.leave()
    }
  }

  func seat(_ role: Role) throws -> Seat { Seat(try StreamConnection(to: BoardServer.path(path, of: role))) }
  func control() throws -> Seat { Seat(try StreamConnection(to: path + ".control")) }
  func ends() -> Bool { ended.wait(timeout: .now() + 60) == .success }
}

/// The other end of a stream of the server.
private final class Seat {
  private var connection: StreamConnection?
  private var pending: [UInt8] = []

  init(_ connection: StreamConnection) { self.connection = connection }

  func leave() { connection = nil }

  func ask(_ request: BoardRequest, _ payload: [UInt8] = []) -> Bool {
    let head = request.bytes
    return connection?.send(head.indices.map { head[$0] } + payload) == true
  }

  func sleep(untilMs ms: UInt64) -> Bool {
    let ns = ms * 1_000_000
    return ask(BoardRequest(.sleep, payloadBytes: 8), (0..<8).map { UInt8(truncatingIfNeeded: ns >> (56 - 8 * $0)) })
  }

  /// The next message; nil when the server has hung up.
  func message() throws -> (head: BoardReply, payload: [UInt8])? {
    guard let bytes = take(BoardProtocol.replyHeadBytes) else { return nil }
    let read = BoardReply(bytes.span)
    let head = try #require(read)
    return (head, try #require(take(head.payloadBytes)))
  }

  func order(_ line: String) -> String? {
    guard connection?.send(Array((line + "\n").utf8)) == true else { return nil }
    while true {
      if let end = pending.firstIndex(of: 10) {
        let answer = String(decoding: pending[..<end], as: UTF8.self)
        pending.removeFirst(end + 1)
        return answer
      }
      guard let more = more(), !more.isEmpty else { return nil }
      pending += more
    }
  }

  /// Nil when nothing comes within a minute.
  private func more() -> [UInt8]? {
    guard let connection, !waitForInput([connection.descriptor], milliseconds: 60_000).isEmpty else { return nil }
    return connection.receive()
  }

  private func take(_ count: Int) -> [UInt8]? {
    while pending.count < count {
      guard let more = more(), !more.isEmpty else { return nil }
      pending += more
    }
    defer { pending.removeFirst(count) }
    return Array(pending[..<count])
  }
}

@Test func boardServer_freeRunningWithoutPace_isRefused() throws {
  let bench = try ServedBoard(pace: .free)
  let bob = try bench.seat(.bob)
  #expect(bob.ask(hello, [BoardClock.freeRunning.rawValue]))
  #expect(try bob.message()?.head.status == .refused)
  #expect(try bob.message() == nil)
  try bench.seat(.alice).leave()
  #expect(bench.ends())
}

@Test func boardServer_freeRunning_timeWaitsForTheOtherAndLinesAreTold() throws {
  let bench = try ServedBoard(pace: .rate(100))
  let alice = try bench.seat(.alice)
  let bob = try bench.seat(.bob)
  #expect(alice.ask(hello, [BoardClock.simulated.rawValue]))
  #expect(try alice.message()?.payload == [0])
  #expect(bob.ask(hello, [BoardClock.freeRunning.rawValue]))
  #expect(try bob.message()?.payload == [1])
  // Gateware configured, and the first tenth of a second.
  let first = try #require(try bob.message())
  #expect(first.head == BoardReply(.lines, payloadBytes: 1, timeNs: 0))
  #expect(first.payload == [0b0101])
  // Alice is awake.
  for _ in 0..<5 {
    Thread.sleep(forTimeInterval: 0.01)
    #expect(bob.ask(tellTime, [0]))
    #expect(try bob.message()?.head == BoardReply(.done, payloadBytes: 0, timeNs: 0))
  }
  #expect(alice.sleep(untilMs: 150))
  let second = try #require(try bob.message())
  #expect(second.head.status == .lines && second.payload == [0b0001])
  #expect((100_000_000..<150_000_000).contains(second.head.timeNs))
  #expect(try alice.message()?.head.timeNs == 150_000_000)
  #expect(bob.ask(tellTime, [0]))
  #expect(try bob.message()?.head.timeNs == 150_000_000)
  // It has no use for sleep.
  #expect(bob.sleep(untilMs: 200))
  #expect(try bob.message()?.head.status == .refused)
  alice.leave()
  #expect(bench.ends())
}

@Test func boardServer_freeRunning_isNeverAheadOfThePace() throws {
  let rate = 0.01
  let began = ContinuousClock.now
  let bench = try ServedBoard(pace: .rate(rate))
  let alice = try bench.seat(.alice)
  let bob = try bench.seat(.bob)
  for seat in [alice, bob] {
    #expect(seat.ask(hello, [seat === alice ? 0 : 1]))
    _ = try seat.message()
  }
  _ = try bob.message()
  #expect(alice.sleep(untilMs: 3_600_000))
  var times: [UInt64] = []
  while (times.last ?? 0) < 200_000 {
    #expect(bob.ask(tellTime, [0]))
    times.append(try #require(try bob.message()).head.timeNs)
    let wall = began.duration(to: .now).components
    let limit = (Double(wall.seconds) * 1e9 + Double(wall.attoseconds) * 1e-9) * rate
    #expect(Double(times.last ?? 0) <= limit)
  }
  #expect(times == times.sorted())
  alice.leave()
  bob.leave()
  #expect(bench.ends())
}

@Test func boardServer_withoutSleepers_goesOn() throws {
  let bench = try ServedBoard(pace: .rate(100))
  let alice = try bench.seat(.alice)
  let bob = try bench.seat(.bob)
  for seat in [alice, bob] {
    #expect(seat.ask(hello, [seat === alice ? 0 : 1]))
    _ = try seat.message()
  }
  alice.leave()
  // Twice the pulse per second, which begins high.
  #expect(try (0..<3).map { _ in try bob.message()?.payload } == [[5], [1], [5]])
  bob.leave()
  #expect(bench.ends())
}

/// Whoever asks for nothing has its computer taken away, say by others on the same machine.
@Test func boardServer_withPatience_waitsForASilentModule() throws {
  let bench = try ServedBoard(pace: .rate(100), patience: .milliseconds(1))
  let control = try bench.control()
  let alice = try bench.seat(.alice)
  let bob = try bench.seat(.bob)
  for seat in [alice, bob] {
    #expect(seat.ask(hello, [seat === alice ? 0 : 1]))
    _ = try seat.message()
  }
  _ = try bob.message()
  #expect(alice.sleep(untilMs: 3_600_000))
  Thread.sleep(forTimeInterval: 0.05)
  // The server looks at its clock behind each command; at most one look finds something to grant.
  _ = control.order("time")
  let still = try #require(control.order("time").flatMap(UInt64.init))
  #expect(still <= PaceCredit.max.count)
  Thread.sleep(forTimeInterval: 0.05)
  #expect(control.order("time") == "\(still)")
  // It goes on with every request.
  for _ in 0..<3 {
    #expect(bob.ask(tellTime, [0]))
    #expect(try bob.message()?.head.status == .done)
    Thread.sleep(forTimeInterval: 0.002)
  }
  #expect(try #require(control.order("time").flatMap(UInt64.init)) > still)
  alice.leave()
  bob.leave()
  #expect(bench.ends())
}

@Test func boardControl_changesTheSimulation() throws {
  let bench = try ServedBoard(pace: .rate(100))
  let control = try bench.control()
  let bob = try bench.seat(.bob)
  #expect(bob.ask(hello, [BoardClock.freeRunning.rawValue]))
  _ = try bob.message()
  _ = try bob.message()
  #expect(control.order("tamper bob on") == "ok")
  #expect(try bob.message()?.payload == [0b1101])
  #expect(bob.ask(readTamper))
  #expect(try bob.message()?.payload == [1])
  #expect(control.order("tamper bob off") == "ok")
  #expect(try bob.message()?.payload == [0b0101])
  #expect(bob.ask(BoardRequest(.setLine, argument: 2, payloadBytes: 1), [1]))
  #expect(try bob.message()?.head.status == .done)
  #expect(control.order("lines bob") == "fpga_done=1 fpga_irq=0 pps=1 tamper=0 laser_arm=0 heartbeat=1")
  #expect(control.order("gateware bob") == "open=0 watchdog_expired=0")
  #expect(control.order("time") == "0")
  #expect(control.order("interlock open") == "ok")
  let sensor = BoardRequest(.i2c, argument: 0x48, payloadBytes: 1, replyBytes: 2)
  for (faults, status) in [("i2c-silent=0x48", BoardStatus.notAcknowledged), ("i2c-silent=0x2a", .done), ("", .done)] {
    #expect(control.order("faults bob \(faults)") == "ok")
    #expect(bob.ask(sensor, [15]))
    #expect(try bob.message()?.head.status == status)
  }
  #expect(control.order("faults bob silent-spi flipped-reply=3") == "ok")
  #expect(bob.ask(BoardRequest(.spi, payloadBytes: 16, replyBytes: 16), [UInt8](repeating: 0, count: 16)))
  #expect(try bob.message()?.head.status == .timedOut)
  for line in ["", "tamper", "tamper bob", "tamper bob 1", "faults eve", "faults bob flipped-reply=0", "lines bob x"] {
    #expect(control.order(line) == "error: no such command: \(line)")
  }
  bob.leave()
  try bench.seat(.alice).leave()
  #expect(bench.ends())
}
