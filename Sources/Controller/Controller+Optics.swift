import Drivers
import LinkControl
import Ports
import Units

extension Controller where End: ~Copyable, Board: ~Copyable {
  /// Watches the gateware and does the exchange's work of this tick.
  mutating func serviceOptics() {
    switch state {
    case .booting, .selfTest, .faulted, .zeroized: return
    case .idle, .acquiring, .exchanging, .draining: break
    }
    do throws(DriverFault) {
      fpgaStatus = try end.status()
      if fpgaStatus.watchdogExpired { return noteWatchdog() }
    } catch {
      return fail(error)
    }
    switch state {
    case .exchanging: exchange()
    case .draining:
      // The last answers to batches may still be on their way.
      siftOnce()
    case .booting, .selfTest, .idle, .acquiring, .faulted, .zeroized: break
    }
  }

  /// In an exchange light went off behind our back; at rest the latch is only cleared.
  private mutating func noteWatchdog() {
    if case .exchanging = state { return apply(.failed(FaultCause(.watchdogExpired))) }
    do throws(DriverFault) { try end.clearWatchdog() } catch { fail(error) }
  }

  private mutating func exchange() {
    siftOnce()
    guard case .exchanging = state else { return }
    do throws(DriverFault) {
      if try end.isOver() { apply(.windowOver) }
    } catch {
      fail(error)
    }
  }

  private mutating func siftOnce() {
    do throws(SiftingFault) {
      try end.sift(&core, &board, blockBits: scan.isRunning ? .max : Int(configuration.blockBits), at: now)
    } catch {
      endSession(error)
    }
  }

  /// Every tick and in every state: an opened case erases all keys.
  mutating func watchTamper() {
    // Read in any state: it is the sign of life that keeps the watchdog of the board fed.
    do throws(BusError) {
      if try board.isHigh(.tamper) { apply(.zeroizeRequested) }
    } catch {
      fail(.bus(error, address: 0))
    }
  }

  /// Every 100 ms on Bob's side counters, bias currents and temperatures; every 500 ms the bought parts.
  mutating func keepHouse() {
    guard ticks % 100 == 0 else { return }
    switch state {
    case .booting, .selfTest, .faulted, .zeroized: return
    case .idle, .acquiring, .exchanging, .draining: break
    }
    if ticks % 500 == 0 { parts.keepHouse(as: End.role, over: &board) }
    guard End.role == .bob else { return }
    do throws(DriverFault) {
      try frontEnd.latch(over: &board)
      readings.counts = try frontEnd.counts(over: &board)
      readings.biasNa = try frontEnd.biasCurrentsNa(over: &board)
      readings.temperatureMilliC = try frontEnd.temperaturesMilliC(over: &board)
      hasReadings = true
    } catch {
      failFrontEnd(error)
    }
  }
}
