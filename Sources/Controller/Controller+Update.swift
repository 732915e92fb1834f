import Console
import Distillation
import Drivers
import FixedStorage
import LinkControl
import Ports
import Units

/// A new program on its way into its place.
enum UpdatePhase: Equatable, Sendable {
  case none
  /// Its self-test runs; overdue after the deadline.
  case trial(deadline: Instant)
}

// A program replaces itself only with one that has passed its own self-test on this very processor, at rest, and the
// old one stays beside it.
extension Controller where End: ~Copyable, Board: ~Copyable {
  private static var trialTimeout: Nanoseconds { Nanoseconds(milliseconds: 120_000) }

  mutating func update(_ word: Span<UInt8>, on terminal: inout Screen) {
    guard word.isEmpty else { return beginUpdate(on: &terminal) }
    if case .trial = updatePhase { return terminal.print("update   the self-test of the new program runs\r\n") }
    do throws(StoreError) {
      let bytes = try board.candidateBytes()
      var text = Line()
      text.append("update   a program waits, ", bytes)
      text.append(" B")
      terminal.printLine(text)
    } catch {
      switch error {
      case .empty: terminal.print("update   no program waits\r\n")
      case .absent, .system: tell(error, on: &terminal)
      }
    }
  }

  private mutating func beginUpdate(on terminal: inout Screen) {
    guard case .idle = state else { return refuse("update", "only between sessions", on: &terminal) }
    guard updatePhase == .none else { return refuse("update", "a new program is being tested", on: &terminal) }
    do throws(StoreError) {
      _ = try board.candidateBytes()
      try board.beginTrial()
    } catch {
      return tell(error, on: &terminal)
    }
    updatePhase = .trial(deadline: now + Self.trialTimeout)
    terminal.print("the self-test of the new program runs; trace tells how it ends\r\n")
  }

  private func tell(_ error: StoreError, on terminal: inout Screen) {
    var text = Line()
    text.append("error: update: ")
    switch error {
    case .absent: text.append("the program was started without --update FILE")
    case .empty: text.append("no program waits")
    case .system(let number): text.append("the file cannot be used errno=", UInt64(number.magnitude))
    }
    terminal.printLine(text)
  }

  /// Every tick: asks for the end of the self-test, and installs the program that passed.
  mutating func watchUpdate() {
    guard case .trial(let deadline) = updatePhase else { return }
    do throws(StoreError) {
      guard let status = try board.trialStatus() else {
        if now >= deadline {
          board.endTrial()
          noteUpdate(status: nil)
        }
        return
      }
      // What began meanwhile goes on; the update is asked for again behind it.
      guard status == 0, case .idle = state else { return noteUpdate(status: status) }
      try board.install()
      updatePhase = .none
      trace(.updated(status: 0, isInstalled: true))
      wantsRestart = true
    } catch {
      noteUpdate(status: nil)
    }
  }

  private mutating func noteUpdate(status: Int32?) {
    updatePhase = .none
    trace(.updated(status: status ?? -1, isInstalled: false))
  }
}
