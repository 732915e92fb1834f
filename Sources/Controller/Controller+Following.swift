import Alignment
import Console
import Distillation
import Drivers
import FixedStorage
import LinkControl
import Ports
import Sifting
import Units

// Bob's wave plates follow the frame in `perPulse`, if the operator wants it. They stand before the analyser, so that
// they are part of the channel, and what turns them is public; bits go on being key while they turn.
extension Controller where End: ~Copyable, Board: ~Copyable {
  /// A session begins: sends the plates to where they were left, or home. Plates that do not answer cost the following
  /// and no session.
  mutating func beginFollowing() {
    guard End.role == .bob, configuration.variant == .perPulse else { return }
    let expected = Double(configuration.plannedQber.count) * 1e-6
    guard core.follower.begin(isOn: settings[.adaptive] == 1, expectedQber: expected) else { return }
    do throws(DriverFault) { try drive.bringUp(over: &board) } catch { core.follower.giveUp() }
  }

  /// Every tick of an exchange: what came of blocks, and where the plates are.
  mutating func followFrame() {
    guard End.role == .bob, configuration.variant == .perPulse, case .exchanging = state else { return }
    if core.follower.isOn { noteBlockErrors() }
    do throws(WavePlateFault) {
      try placePlates()
    } catch {
      core.follower.giveUp()
    }
  }

  private mutating func placePlates() throws(WavePlateFault) {
    let setting = core.follower.setting
    switch core.follower.motion {
    case .resting, .failed: return
    case .wanted:
      let way = try drive.place(setting, over: &board)
      core.follower.noteTold(at: now, way: way)
    case .turning(let nextLook, let deadline):
      guard now >= nextLook else { return }
      guard try drive.isPlaced(setting, over: &board) else {
        if now >= deadline { return core.follower.giveUp() }
        return core.follower.lookAgain(at: now + PlateDrive.lookPeriod)
      }
      do throws(DriverFault) { core.follower.noteSettled(in: try end.frame()) } catch { fail(error) }
    }
  }

  private mutating func noteBlockErrors() {
    // Cheaper than a look at the summary, which is long.
    let ended = core.totals.blocksOk
    guard ended != blocksFollowed else { return }
    blocksFollowed = ended
    guard let last = core.last, last.refusal == nil else { return }
    core.follower.noteErrors(last.errors.total, of: last.sifted.total, in: last.number)
  }

  /// How often the plates were sent elsewhere in the session.
  public var plateMoves: UInt64 { core.follower.moves }

  // MARK: Console

  /// How the frame is followed, for `adaptive`.
  func showFollowing(on terminal: inout Screen) {
    followingLine(on: &terminal)
    guard End.role == .bob, settings[.adaptive] != 0 else { return }
    turnLine(core.follower.estimate, on: &terminal)
    var text = Line()
    text.append("plates  ")
    for plate in 0..<3 {
      text.append("  ")
      text.append(scaled: UInt64(core.follower.setting[plate].centidegrees), places: 2)
    }
    text.append(" deg")
    terminal.printLine(text)
  }

  /// In short, for `status` too.
  func followingLine(on terminal: inout Screen) {
    var text = Line()
    text.append("frame    ")
    if End.role == .alice {
      text.append("bob's plates follow it")
    } else if configuration.variant != .perPulse {
      text.append("not followed by perBlock")
    } else if settings[.adaptive] == 0 {
      text.append("off: set adaptive plates")
    } else {
      text.append(core.follower.motion.summary)
      text.append("  moved ", core.follower.moves)
      text.append("  bits told ", core.totals.bitsTold)
    }
    terminal.printLine(text)
  }

  private func turnLine(_ estimate: RotationEstimate?, on terminal: inout Screen) {
    guard let estimate else { return terminal.print("turn     not yet known\r\n") }
    var text = Line()
    text.append("turn    ")
    let (turn, sigmas) = (estimate.rotation.vector, estimate.sigmas)
    text.appendTurn(" DA ", turn.x, sigmas.x)
    text.appendTurn("  RL ", turn.y, sigmas.y)
    text.appendTurn("  HV ", turn.z, sigmas.z)
    text.append(core.follower.turnIsSeen ? " deg, seen" : " deg, not seen")
    terminal.printLine(text)
    text.clear()
    text.append("errors   with it ")
    text.appendPercent(estimate.qber)
    text.append("  undone ")
    text.appendPercent(estimate.correctedQber)
    terminal.printLine(text)
  }
}

extension FrameFollower.Motion {
  var summary: StaticString {
    switch self {
    case .resting: "followed"
    case .wanted, .turning: "followed, plates turn"
    case .failed: "given up: the plates do not answer or do not arrive"
    }
  }
}

extension Text {
  /// An angle on the Poincaré sphere and its standard deviation, both in radians, as degrees.
  fileprivate mutating func appendTurn(_ name: StaticString, _ radians: Double, _ sigma: Double) {
    let degrees = 57.29577951308232
    append(name)
    append(radians < 0 ? "-" : "+")
    append(scaled: UInt64(min(abs(radians), 4) * degrees * 100 + 0.5), places: 2)
    append(" +- ")
    append(scaled: UInt64(min(sigma, 10) * degrees * 100 + 0.5), places: 2)
  }

  fileprivate mutating func appendPercent(_ rate: Double) {
    append(scaled: UInt64(max(0, rate) * 10_000 + 0.5), places: 2)
    append(" %")
  }
}

extension PlateDrive {
  /// From look to look at plates that are late.
  static var lookPeriod: Nanoseconds { Nanoseconds(milliseconds: 5) }

  /// Sends the plates to a setting. Returns how long the longest way may take: half a turn is never the shorter way.
  mutating func place(
    _ setting: PlateSetting, over bus: inout some I2cBus & ~Copyable
  ) throws(WavePlateFault) -> Nanoseconds {
    forgetPlace()
    do throws(DriverFault) {
      let standing = try plates.angles(over: &bus)
      try plates.setTargets(setting, over: &bus)
      var way: UInt16 = 0
      for plate in 0..<3 { way = max(way, standing[plate].distance(to: setting[plate])) }
      // Hundredths of a degree at so many degrees a second, and a tick to begin.
      return Nanoseconds(milliseconds: 2 + UInt64(way) * 10 / UInt64(WavePlates.speedMax))
    } catch {
      throw .device(error)
    }
  }

  /// Whether the plates stand still where they were sent.
  mutating func isPlaced(
    _ setting: PlateSetting, over bus: inout some I2cBus & ~Copyable
  ) throws(WavePlateFault) -> Bool { try plates.isSettled(at: setting, over: &bus) }
}
