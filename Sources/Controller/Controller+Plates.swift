import Console
import Drivers
import FixedStorage
import LinkControl
import Ports
import RegisterMap
import Sifting
import Units

extension Controller where End: ~Copyable, Board: ~Copyable {
  /// Bob, in `perPulse`: plates that a program before this one left turned have to be home before a session begins. A
  /// board on which no controller of plates answers has none to send.
  mutating func homePlates() {
    homeBy = nil
    guard End.role == .bob, configuration.variant == .perPulse else { return }
    do throws(DriverFault) { try drive.plates.identify(over: &board) } catch { return }
    do throws(WavePlateFault) { if try drive.plates.isSettled(at: .identity, over: &board) { return } } catch {}
    // At the speed that they have if they do not take another: the deadline decides.
    do throws(DriverFault) { try drive.bringUp(over: &board) } catch {}
    drive.forgetPlace()
    homeBy = now + PlateDrive.homeTimeout
  }

  /// Every tick at rest, until plates that stood elsewhere were read back at zero; no session begins before.
  mutating func bringPlatesHome() {
    guard let deadline = homeBy, case .idle = state else { return }
    do throws(WavePlateFault) {
      if try drive.place(.identity, at: now, over: &board) { homeBy = nil }
    } catch {
      switch error {
      case .notHomed, .notInPlace: if now >= deadline { failPlates(error) }
      case .device, .motorFailed: failPlates(error)
      }
    }
  }

  /// Every tick of an exchange: turns the plates where a group begins and looks whether they have arrived.
  ///
  /// Never before the group begins, because the last frame before it still carries key; but the plates of the first
  /// group of a window turn as soon as the window is agreed.
  mutating func turnPlates() {
    guard configuration.variant == .perBlock, case .exchanging = state else { return }
    let frame: UInt32
    do throws(DriverFault) { frame = try end.frame() } catch { return fail(error) }
    let group = TwirlSchedule.group(of: max(frame, window.start))
    do throws(WavePlateFault) {
      guard try drive.turn(to: group, as: End.role, at: now, over: &board) else { return }
    } catch {
      return failPlates(error)
    }
    noteSettled(group)
  }

  /// Lets the frames of a group carry key from the next one on: a frame that began before may have seen them turn.
  private mutating func noteSettled(_ group: UInt32) {
    let frame: UInt32
    do throws(DriverFault) { frame = try end.frame() } catch { return fail(error) }
    end.mask.noteSettled(group, in: frame)
    let planned = max(TwirlSchedule.firstKeyFrame(ofGroup: group), window.start)
    drive.noteSettled(framesLate: frame + 1 > planned ? frame + 1 - planned : 0)
  }

  /// Told of the wave plates, with the evidence.
  mutating func failPlates(_ fault: WavePlateFault) {
    switch fault {
    case .device(let fault):
      let cause = FaultCause(fault)
      apply(.failed(FaultCause(.wavePlates, address: cause.address, expected: cause.expected, found: cause.found)))
    case .notHomed(let status), .motorFailed(let status):
      let homed = WavePlatesMap.Status.homed.mask
      apply(
        .failed(
          FaultCause(.wavePlates, address: UInt16(WavePlatesMap.status.address), expected: homed, found: status)))
    case .notInPlace(let plate, let target, let actual):
      apply(
        .failed(
          FaultCause(
            .wavePlates, address: UInt16(WavePlatesMap.plateActual[plate].address),
            expected: UInt32(target.centidegrees), found: UInt32(actual.centidegrees))))
    }
  }

  /// The wave plates for the operator; `perPulse` has none.
  func platesLine(on terminal: inout Screen) {
    guard configuration.variant == .perBlock else { return }
    var text = Line()
    switch drive.motion {
    case .resting: text.append("plates   resting")
    case .turning(let group, _):
      text.append("plates   turning  element ", UInt64(TwirlSchedule.element(ofGroup: group).index))
    case .settled(let group, _):
      text.append("plates   settled  element ", UInt64(TwirlSchedule.element(ofGroup: group).index))
    }
    text.append("  groups ", drive.groupsSettled)
    text.append("  late frames ", drive.framesLate)
    text.append("  masked events ", end.eventsMasked)
    terminal.printLine(text)
  }
}

extension Controller where End: ~Copyable, Board: ~Copyable {
  /// Settings of the wave plates that were reached in the session.
  public var plateGroups: UInt64 { drive.groupsSettled }
  /// Frames of the session without key because the plates came late.
  public var framesLate: UInt64 { drive.framesLate }
  /// Events of the session that carried no key because their frame could not be told or was masked.
  public var eventsMasked: UInt64 { end.eventsMasked }
}
