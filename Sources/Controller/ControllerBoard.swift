import Console
import Distillation
import Drivers
import FixedStorage
import KeyStore
import LinkControl
import Ports
import RegisterMap
import Units

// The board for whoever looks for a fault: lines, bus, watchdog, temperatures, reserve of authentication.
extension Controller where End: ~Copyable, Board: ~Copyable {
  mutating func showLines(on terminal: inout Screen) {
    let inputs: [4 of InputLine] = [.fpgaDone, .fpgaIrq, .pps, .tamper]
    for i in inputs.indices {
      var text = Line()
      text.append(inputs[i].name)
      text.pad(to: 15)
      do throws(BusError) {
        text.append(try board.isHigh(inputs[i]) ? "in   high" : "in   low")
      } catch {
        text.append("in   does not answer")
      }
      terminal.printLine(text)
    }
    lineRow(.laserArm, isHigh: fpgaStatus.isArmed, on: &terminal)
    lineRow(.frameTrigger, isHigh: false, on: &terminal)
    lineRow(.heartbeat, isHigh: heartbeatIsHigh, on: &terminal)
  }

  private func lineRow(_ line: OutputLine, isHigh: Bool, on terminal: inout Screen) {
    var text = Line()
    text.append(line.name)
    text.pad(to: 15)
    text.append(isHigh ? "out  high" : "out  low")
    terminal.printLine(text)
  }

  /// Devices that a module may have, with whether they acknowledge; or the first bytes of any one.
  mutating func showBus(_ word: Span<UInt8>, on terminal: inout Screen) {
    if let address = Command.number(word) {
      return showDevice(UInt8(truncatingIfNeeded: address), on: &terminal)
    }
    for i in boardDevices.indices {
      var reply: [1 of UInt8] = [0]
      var span = reply.mutableSpan
      let pointer: [1 of UInt8] = [0]
      var text = Line()
      text.append("0x")
      text.append(hexadecimal: UInt64(boardDevices[i].address), digits: 2)
      text.append("     ")
      text.append(boardDevices[i].name)
      text.pad(to: 32)
      do throws(BusError) {
        try board.transfer(pointer.span, to: boardDevices[i].address, reply: &span)
        text.append("answers")
      } catch {
        text.append(error.summary)
      }
      terminal.printLine(text)
    }
  }

  private mutating func showDevice(_ address: UInt8, on terminal: inout Screen) {
    // Three bytes: a word of SMBus with its packet error code, the longest read that every device here answers.
    var reply: [3 of UInt8] = .init(repeating: 0)
    var span = reply.mutableSpan
    let pointer: [1 of UInt8] = [0]
    var text = Line()
    do throws(BusError) {
      try board.transfer(pointer.span, to: address, reply: &span)
    } catch {
      text.append("error: i2c: ")
      text.append(error.summary)
      text.append(" address=0x")
      text.append(hexadecimal: UInt64(address), digits: 2)
      return terminal.printLine(text)
    }
    text.append("0x")
    text.append(hexadecimal: UInt64(address), digits: 2)
    text.append("     register 0:")
    for i in reply.indices {
      text.append(" ")
      text.append(hexadecimal: UInt64(reply[i]), digits: 2)
    }
    terminal.printLine(text)
  }

  mutating func showWatchdog(on terminal: inout Screen) {
    var text = Line()
    text.append("watchdog ")
    do throws(DriverFault) {
      let period = FpgaMap.Watchdog.periodMs.extract(from: try end.read(FpgaMap.watchdog))
      text.append("period ", UInt64(period))
      text.append(" ms  ")
    } catch {
      text.append("gateware does not answer  ")
    }
    text.append(fpgaStatus.watchdogExpired ? "expired" : "fed")
    text.append("  heartbeat ")
    if case .faulted = state { text.append("stopped") } else { text.append("an edge a tick") }
    terminal.printLine(text)
    timingLine(on: &terminal)
  }

  func showTemperatures(on terminal: inout Screen) {
    var text = Line()
    text.append("board    ")
    if let temperature = parts.temperature { text.append(milliC: temperature.count) } else { text.append("not known") }
    terminal.printLine(text)
    guard End.role == .bob else { return }
    for i in readings.temperatureMilliC.indices {
      text.clear()
      text.append(detectorNames[i])
      text.pad(to: 9)
      text.append(milliC: readings.temperatureMilliC[i])
      terminal.printLine(text)
    }
  }

  /// What the attenuator is set to and what the monitor behind it sees; sets it at once. All light is weakened alike,
  /// which is a loss like that of the channel: it costs key, never secrecy.
  mutating func tuneAttenuator(_ word: Span<UInt8>, on terminal: inout Screen) {
    guard End.role == .alice else { return refuse("voa", "bob has no lasers", on: &terminal) }
    do throws(DriverFault) {
      if let value = Command.number(word) {
        try parts.attenuate(value, over: &board)
        tune(.voaCdb, to: value)
      }
      var text = Line()
      text.append("voa      ")
      if let hundredths = try parts.attenuation(over: &board) {
        text.append(scaled: hundredths, places: 2)
        text.append(" dB")
      } else {
        text.append("not driven by its reference")
      }
      text.append("  monitor ")
      if let monitor = parts.monitor {
        text.append(scaled: UInt64(max(0, monitor.voltage.count)), places: 6)
        text.append(monitor.isClipped ? " V, clipped" : " V")
      } else {
        text.append("not known")
      }
      terminal.printLine(text)
    } catch {
      var text = Line()
      text.append("error: voa: ")
      text.append(FaultCause(error))
      terminal.printLine(text)
    }
  }

  /// The one-time bytes for tags. They are no keys: nothing delivers them.
  func showReserve(on terminal: inout Screen) {
    let unused = UInt64(core.pool.unusedBytes)
    var text = Line()
    text.append("reserve  ", unused)
    text.append(" B  blocks ", unused / UInt64(AuthenticationPool.bytesPerBlock))
    if let next = core.pool.nextUsableBlock() { text.append("  next block ", UInt64(next)) }
    terminal.printLine(text)
    text.clear()
    text.append("spent    ", core.totals.authBitsSpent)
    text.append(" bits  replenished ", core.totals.replenishedBits)
    text.append(" bits")
    terminal.printLine(text)
  }

  /// What flows a second.
  func showRates(on terminal: inout Screen) {
    let last = rates.lastSecond
    rateRow("last s", last.detections, last.siftedBits, last.secretBits, on: &terminal)
    let average = rates.average
    rateRow("session", average.detections, average.siftedBits, average.secretBits, on: &terminal)
  }

  private func rateRow(
    _ name: StaticString, _ detections: UInt64, _ sifted: UInt64, _ secret: UInt64, on terminal: inout Screen
  ) {
    var text = Line()
    text.append(name)
    text.pad(to: 9)
    text.append("detections ", detections)
    text.append("/s  sifted ", sifted)
    text.append(" bit/s  secret ", secret)
    text.append(" bit/s")
    terminal.printLine(text)
  }
}

/// What may answer on the I2C bus of a module; which of them are there depends on its role and variant.
private let boardDevices: [6 of BoardDevice] = [
  BoardDevice(address: FrontEndMap.i2cAddress, name: "counter front-end"),
  BoardDevice(address: WavePlatesMap.i2cAddress, name: "wave plates"),
  BoardDevice(address: PartAddress.tmp117, name: "temperature, TMP117"),
  BoardDevice(address: PartAddress.ads1115, name: "monitor, ADS1115"),
  BoardDevice(address: PartAddress.eeprom, name: "identity, 24AA02"),
  BoardDevice(address: PartAddress.mcp4728, name: "voa and tilt, MCP4728"),
]

private struct BoardDevice: Sendable {
  let address: UInt8
  let name: StaticString
}

let detectorNames: [6 of StaticString] = ["H", "V", "D", "A", "R", "L"]

extension BusError {
  var summary: StaticString {
    switch self {
    case .notAcknowledged: "does not acknowledge"
    case .timedOut: "timed out"
    case .system: "refused by the system"
    }
  }
}

extension InputLine {
  var name: StaticString {
    switch self {
    case .fpgaDone: "FPGA_DONE"
    case .fpgaIrq: "FPGA_IRQ"
    case .pps: "PPS"
    case .tamper: "TAMPER"
    }
  }
}

extension OutputLine {
  var name: StaticString {
    switch self {
    case .laserArm: "LASER_ARM"
    case .frameTrigger: "FRAME_TRIGGER"
    case .heartbeat: "HEARTBEAT"
    }
  }
}

extension Text {
  /// A temperature in degrees Celsius with two places.
  mutating func append(milliC: Int32) {
    append(milliC < 0 ? "-" : "")
    append(scaled: UInt64(milliC.magnitude) / 10, places: 2)
    append(" C")
  }
}
