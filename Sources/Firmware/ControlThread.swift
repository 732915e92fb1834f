import BoardProtocol
import CLinux
import FixedStorage
import Ports
import Units

/// Where the control thread runs. On a board with four processors the last one is kept free for it by the kernel's
/// command line, and the one before it for the rest of the program.
struct ControlPlan {
  var devices = BoardDevices()
  /// SCHED_FIFO above the interrupt threads of a real-time kernel, which have 50; a transfer waits for them asleep.
  var priority: Int32 = 80
  /// Feeds a heartbeat without being asked, for a run that measures the thread alone.
  var beatsAlone = false

  /// -1 where there is nothing to choose.
  static var processor: Int32 { gimbal_processor(1) >= 0 ? gimbal_processor(0) : -1 }
  static var otherProcessor: Int32 { gimbal_processor(3) >= 0 ? gimbal_processor(1) : -1 }
}

/// Written once before the thread starts, and read once when it begins.
nonisolated(unsafe) private var plan = ControlPlan()

/// Locks the memory of the process and starts the control thread; the error number if Linux refuses.
func startControl(_ wanted: ControlPlan) -> Int32 {
  unsafe plan = wanted
  let error = gimbal_lock_memory(65_536)
  guard error == 0 else { return error }
  return gimbal_start_control(ControlPlan.processor, wanted.priority) {
    var control = unsafe ControlThread(plan)
    control.run()
  }
}

/// The thread that has the devices: once a millisecond the heartbeat and the input lines, at once; between ticks what
/// the controller asks for, as far as it ends before the next tick.
///
/// The heartbeat is passed on for 50 ms after the controller asked for it, so that a controller that hangs closes
/// lasers and gates through the watchdog of the gateware, which waits 100 ms.
private struct ControlThread: ~Copyable {
  private static var tickNs: UInt64 { TimeBase.tick.count }
  private static var heartbeatNs: UInt64 { 50_000_000 }
  /// Kept free in front of a tick.
  private static var guardNs: UInt64 { 50_000 }
  private static var feedNs: UInt64 { 500_000_000 }
  /// The watchdog of the board is fed no longer when the controller has not been heard for so long.
  private static var silenceNs: UInt64 { 2_000_000_000 }

  private let devices: BoardDevices
  private let beatsAlone: Bool
  private var desk = Desk()
  private var report = TickReport()
  private var aliveUntil: UInt64 = 0
  /// When the controller last asked for something, whatever it was: in the fault state it asks for no heartbeat.
  private var lastRequest: UInt64 = 0
  private var nextFeed: UInt64 = 0
  private var heartbeat: Int32 = 0
  /// An edge of the tamper line was seen. It is told from then on: a tampered module needs a restart in any case.
  private var wasTampered = false
  /// Nanoseconds that transfers took since the last tick.
  private var spent: UInt64 = 0
  /// A request waits for the tick to be over. Then it begins, whatever time is left: where ticks always take long, it
  /// would wait for ever.
  private var isPutOff = false
  /// When the tick that comes next is due.
  private var due: UInt64 = 0

  init(_ plan: ControlPlan) {
    devices = plan.devices
    beatsAlone = plan.beatsAlone
  }

  mutating func run() {
    due = gimbal_monotonic_ns() + Self.tickNs
    while true {
      serve()
      account(.wakeUp, from: due)
      beat()
      account(.strobe, from: due)
      account(.transfers, spent)
      spent = 0
      let began = gimbal_monotonic_ns()
      readLines()
      account(.lines, from: began)
      report.ticks += 1
      let now = gimbal_monotonic_ns()
      let late = now > due ? (now - due) / Self.tickNs : 0
      report.missed += late
      due += (late + 1) * Self.tickNs
    }
  }

  private mutating func account(_ step: TickStep, from began: UInt64) {
    let now = gimbal_monotonic_ns()
    account(step, now > began ? now - began : 0)
  }

  private mutating func account(_ step: TickStep, _ ns: UInt64) {
    let place = Int(step.rawValue)
    if ns > report.worstNs[place] { report.worstNs[place] = ns }
    if ns > step.budgetNs { report.over[place] += 1 }
    if step == .strobe { report.strobeSumNs += ns }
  }

  private mutating func beat() {
    guard beatsAlone || gimbal_monotonic_ns() < aliveUntil else {
      report.withheld += 1
      return
    }
    heartbeat ^= 1
    if devices.hasLines { _ = gimbal_line_set(Int32(gimbal_line_heartbeat), heartbeat) }
  }

  private mutating func readLines() {
    if devices.hasLines {
      report.interrupts += UInt64(edges(of: gimbal_line_fpga_irq).rising)
      report.pulses += UInt64(edges(of: gimbal_line_pps).rising)
      if hasTamperEdge() { wasTampered = true }
    }
    if devices.watchdog >= 0, due >= nextFeed, beatsAlone || due < lastRequest + Self.silenceNs {
      _ = gimbal_watchdog_feed(devices.watchdog)
      nextFeed = due + Self.feedNs
    }
  }

  /// Either edge: Linux names an edge by the level that it finds afterwards, so a short pulse can be two falling ones.
  private func hasTamperEdge() -> Bool {
    let seen = edges(of: gimbal_line_tamper)
    return seen.rising > 0 || seen.falling > 0
  }

  private func edges(of line: some BinaryInteger) -> (rising: UInt32, falling: UInt32) {
    var rising: UInt32 = 0
    var falling: UInt32 = 0
    // The results are written before the call returns.
    _ = unsafe gimbal_line_edges(Int32(line), &rising, &falling)
    return (rising, falling)
  }
}

// MARK: Requests

extension ControlThread {
  /// Serves until the tick is due.
  private mutating func serve() {
    while true {
      let now = gimbal_monotonic_ns()
      guard now < due else { return }
      guard gimbal_turn() == Desk.asked else {
        gimbal_await_turn(Desk.free, due)
        continue
      }
      guard let request = BoardRequest(desk.request.span.extracting(first: BoardProtocol.requestHeadBytes)) else {
        desk.answer(.refused)
        gimbal_pass_turn(Desk.free)
        continue
      }
      // What takes longer than a tick begins right behind one.
      let cost = min(cost(of: request), Self.tickNs - 4 * Self.guardNs)
      guard isPutOff || now + cost + Self.guardNs <= due else {
        isPutOff = true
        gimbal_sleep_until(due)
        return
      }
      isPutOff = false
      perform(request)
      gimbal_pass_turn(Desk.free)
      let ended = gimbal_monotonic_ns()
      spent += ended - now
      lastRequest = ended
    }
  }

  /// The time on the wire, and the way through the kernel, which is some tens of microseconds on the reference board.
  private func cost(of request: BoardRequest) -> UInt64 {
    let way: UInt64 = 60_000
    switch request.operation {
    case .spi: return way + UInt64(request.payloadBytes) * 8_000_000_000 / UInt64(max(devices.spiHertzHad, 1))
    // Nine clocks a byte, with the address once or twice.
    case .i2c:
      return way + UInt64(request.payloadBytes + request.replyBytes + 2) * 9_000_000_000 / BoardDevices.i2cHertz
    case .hello, .sleep, .setLine, .readLine, .report: return 10_000
    }
  }

  private mutating func perform(_ request: BoardRequest) {
    switch request.operation {
    case .spi: transferSpi(request)
    case .i2c: transferI2c(request)
    case .setLine: setLine(request)
    case .readLine: readLine(request)
    case .report: tell(request)
    case .hello, .sleep: desk.answer(.refused)
    }
  }

  private mutating func transferSpi(_ request: BoardRequest) {
    guard devices.spi >= 0 else { return finish(devices.faults[0]) }
    finish(Self.move(request, over: devices.spi, desk.request, into: &desk.reply))
  }

  private mutating func transferI2c(_ request: BoardRequest) {
    guard devices.i2c >= 0 else { return finish(devices.faults[1]) }
    var error = Self.move(request, over: devices.i2c, desk.request, into: &desk.reply)
    if Self.isStuck(error), freeBus() {
      error = Self.move(request, over: devices.i2c, desk.request, into: &desk.reply)
    }
    finish(error)
  }

  // Static, because the compiler tracks fields of `self` apart only as separate arguments.
  private static func move(
    _ request: BoardRequest, over descriptor: Int32, _ asked: borrowing Block<UInt8>, into answer: inout Block<UInt8>
  ) -> Int32 {
    var reply = answer.tail(from: Desk.replyHeadBytes)
    let start = BoardProtocol.requestHeadBytes
    let written = asked.span.extracting(start..<(start + request.payloadBytes))
    let isSpi = request.operation == .spi
    precondition(request.replyBytes <= reply.count && (!isSpi || request.replyBytes == request.payloadBytes))
    // The callees read exactly the bytes of `written`, and write at most `replyBytes`, for which there is room.
    return unsafe written.withUnsafeBytes { written in
      unsafe reply.withUnsafeMutableBytes { reply in
        guard let from = written.baseAddress, let to = reply.baseAddress else { return Int32(0) }
        return isSpi
          ? unsafe gimbal_spi_transfer(descriptor, from, to, written.count)
          : unsafe gimbal_i2c_transfer(descriptor, request.argument, from, written.count, to, request.replyBytes)
      }
    }
  }

  /// Up to nine clocks let a target that holds the data line finish the byte that it believes to be sending (I2C-bus
  /// specification UM10204 rev. 7, section 3.1.16); the start of the next transfer makes it listen. False if the data
  /// line was not held, or is so still.
  private mutating func freeBus() -> Bool {
    let clock = Int32(gimbal_line_i2c_scl)
    let data = Int32(gimbal_line_i2c_sda)
    guard devices.hasLines, gimbal_line_exists(clock) != 0, gimbal_line_exists(data) != 0 else { return false }
    var isHigh: Int32 = 0
    guard unsafe gimbal_line_get(data, &isHigh) == 0, isHigh == 0 else { return false }
    for _ in 0..<9 where isHigh == 0 {
      for level in Int32(0)...1 {
        guard gimbal_line_set(clock, level) == 0 else { return false }
        // Half a period of 100 kHz, which every target follows.
        gimbal_sleep_until(gimbal_monotonic_ns() + 5_000)
      }
      guard unsafe gimbal_line_get(data, &isHigh) == 0 else { return false }
    }
    guard isHigh != 0 else { return false }
    report.recoveries += 1
    return true
  }

  private mutating func setLine(_ request: BoardRequest) {
    guard let line = OutputLine(rawValue: request.argument), request.payloadBytes == 1 else {
      return desk.answer(.refused)
    }
    let isHigh = desk.request[BoardProtocol.requestHeadBytes] != 0
    guard devices.hasLines else { return finish(devices.faults[2]) }
    switch line {
    case .heartbeat:
      aliveUntil = gimbal_monotonic_ns() + Self.heartbeatNs
      finish(0)
    case .laserArm: finish(gimbal_line_set(Int32(gimbal_line_laser_arm), isHigh ? 1 : 0))
    case .frameTrigger: finish(gimbal_line_set(Int32(gimbal_line_frame_trigger), isHigh ? 1 : 0))
    }
  }

  private mutating func readLine(_ request: BoardRequest) {
    guard let line = InputLine(rawValue: request.argument), request.replyBytes == 1 else {
      return desk.answer(.refused)
    }
    guard devices.hasLines else { return finish(devices.faults[2]) }
    var isHigh: Int32 = 0
    let number: Int32
    switch line {
    case .fpgaDone: number = Int32(gimbal_line_fpga_done)
    case .fpgaIrq: number = Int32(gimbal_line_fpga_irq)
    case .pps: number = Int32(gimbal_line_pps)
    case .tamper: number = Int32(gimbal_line_tamper)
    }
    // The result is written before the call returns.
    let error = unsafe gimbal_line_get(number, &isHigh)
    if line == .tamper {
      // A cover that was open between two looks counts.
      if hasTamperEdge() { wasTampered = true }
      if wasTampered { isHigh = 1 }
    }
    desk.reply[Desk.replyHeadBytes] = isHigh != 0 ? 1 : 0
    finish(error)
  }

  private mutating func tell(_ request: BoardRequest) {
    guard request.replyBytes == TickReport.bytes else { return desk.answer(.refused) }
    let counted = report
    var room = desk.reply.tail(from: Desk.replyHeadBytes)
    counted.write(to: &room)
    finish(0)
  }

  private mutating func finish(_ error: Int32) {
    switch error {
    case 0: desk.answer(.done)
    // ENXIO, EREMOTEIO: nobody acknowledged; drivers differ in which they tell.
    case 6, 121: desk.answer(.notAcknowledged)
    case _ where Self.isStuck(error): desk.answer(.timedOut)
    default: desk.answer(.refused, errorNumber: error)
    }
  }

  /// ETIMEDOUT, EAGAIN for a lost arbitration, EBUSY.
  private static func isStuck(_ error: Int32) -> Bool { error == 110 || error == 11 || error == 16 }
}

// MARK: The report as bytes

extension TickReport {
  static var bytes: Int { 8 * 15 }

  func write(to bytes: inout MutableSpan<UInt8>) {
    var place = 0
    func put(_ word: UInt64, _ bytes: inout MutableSpan<UInt8>) {
      for i in 0..<8 { bytes[place + i] = UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * i)) }
      place += 8
    }
    put(ticks, &bytes)
    put(missed, &bytes)
    for i in 0..<TickStep.count {
      put(worstNs[i], &bytes)
      put(over[i], &bytes)
    }
    put(strobeSumNs, &bytes)
    put(withheld, &bytes)
    put(interrupts, &bytes)
    put(pulses, &bytes)
    put(recoveries, &bytes)
  }

  init(_ bytes: Span<UInt8>) {
    self.init()
    var place = 0
    func next(_ bytes: Span<UInt8>) -> UInt64 {
      var word: UInt64 = 0
      for i in 0..<8 { word = word << 8 | UInt64(bytes[place + i]) }
      place += 8
      return word
    }
    ticks = next(bytes)
    missed = next(bytes)
    for i in 0..<TickStep.count {
      worstNs[i] = next(bytes)
      over[i] = next(bytes)
    }
    strobeSumNs = next(bytes)
    withheld = next(bytes)
    interrupts = next(bytes)
    pulses = next(bytes)
    recoveries = next(bytes)
  }
}
