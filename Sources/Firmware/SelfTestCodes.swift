import Checksum
import FixedStorage
import LinkControl
import Ports
import RegisterMap
import Sifting
import Units
import Wire

/// Check values of the CRC catalogue for the text "123456789".
func testChecksums(_ tally: inout Tally) {
  let digits: [9 of UInt8] = [0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39]
  tally.expect("crc8 of 123456789", UInt64(Checksum.crc8(digits.span)), is: 0xf4)
  tally.expect("crc16 of 123456789", UInt64(Checksum.crc16(digits.span)), is: 0x29b1)
  tally.expect("crc32 of 123456789", UInt64(Checksum.crc32(digits.span)), is: 0xcbf4_3926)
}

func testFields(_ tally: inout Tally) {
  let middle = Field(bits: 8...15)
  tally.expect("field extract", UInt64(middle.extract(from: 0x1234_5678)), is: 0x56)
  tally.expect("field insert", UInt64(middle.insert(0xab, into: 0x1234_5678)), is: 0x1234_ab78)
  let top = Field(bits: 31...31)
  tally.expect("field of one bit", UInt64(top.insert(true, into: 0)), is: 0x8000_0000)
  let whole = Field(bits: 0...31)
  tally.expect("field of a whole word", UInt64(whole.insert(0xdead_beef, into: 0x1111_1111)), is: 0xdead_beef)
  for i in FpgaMap.all.indices {
    let register = FpgaMap.all[i]
    tally.expect("reset value within the defined bits", UInt64(register.reset & ~register.defined), is: 0)
  }
}

/// The bytes of one frame, with checksums by Python's binascii.crc_hqx and zlib.crc32, and back.
func testFrame(_ tally: inout Tally) {
  let expected: [22 of UInt8] = [
    0x47, 0x51, 0x06, 0x1c, 0x01, 0x02, 0x03, 0x04, 0, 0, 0, 0, 0, 2, 0xd6, 0xcd, 0xaa, 0x55, 0x36, 0x7a, 0x69, 0xad,
  ]
  var outbox = Outbox(storage: mappedBlock(of: UInt8.self, count: Outbox.capacityBytes))
  var inbox = Inbox(storage: mappedBlock(of: UInt8.self, count: Inbox.capacityBytes))
  var pipe = MemoryPipe(mappedBlock(of: UInt8.self, count: 64))
  let payload: [2 of UInt8] = [0xaa, 0x55]
  outbox.append(outbox.nextHeader(.tag, block: 0x0102_0304, payloadBytes: 2), payload: payload.span)
  var bytes: [64 of UInt8] = .init(repeating: 0)
  var room = bytes.mutableSpan
  do throws(LinkError) {
    try outbox.flush(to: &pipe)
    let count = try pipe.receive(into: &room)
    tally.expect("frame length", UInt64(count), is: 22)
    for i in 0..<22 { tally.expect("frame byte", UInt64(bytes[i]), is: UInt64(expected[i])) }
    _ = try pipe.send(bytes.span.extracting(first: 22))
    try inbox.fill(from: &pipe)
  } catch {
    tally.expect("frame through the pipe", false)
  }
  do throws(WireFault) {
    let header = try inbox.next()
    tally.expect("frame type", UInt64(header?.type.rawValue ?? 0), is: UInt64(MessageType.tag.rawValue))
    tally.expect("frame block", UInt64(header?.block ?? 0), is: 0x0102_0304)
    tally.expect("frame payload", inbox.payload.count == 2 && inbox.payload[0] == 0xaa && inbox.payload[1] == 0x55)
  } catch {
    tally.expect("frame is read back", false)
  }
}

/// Images of X, Y and Z under the twelve elements, four bits each from the lowest on: axis, and 4 for a change of sign.
/// Computed from the two-by-two matrices with numpy.
private let twirlImages: [12 of UInt16] = [
  0x210, 0x650, 0x614, 0x254, 0x021, 0x461, 0x425, 0x065, 0x102, 0x542, 0x506, 0x146,
]

/// Click pattern, random word, and the measurement: axis in bits 0...1, outcome in 2, cross click in 3.
private let clickReadings: [9 of (clicks: UInt8, random: UInt32, note: UInt8)] = [
  (0b000001, 0, 2), (0b000010, 0, 2 | 4), (0b000100, 0, 0), (0b001000, 0, 4), (0b010000, 0, 1), (0b100000, 0, 1 | 4),
  // Both detectors of an axis: the outcome is the random bit.
  (0b000011, 1, 2 | 4), (0b001100, 0, 0),
  // Two axes: a cross click on the first of them.
  (0b000101, 0, 2 | 8),
]

func testSifting(_ tally: inout Tally) {
  for index in UInt8(0)..<Twirl.count {
    guard let twirl = Twirl(index: index) else { return tally.expect("twirl exists", false) }
    var images: UInt64 = 0
    for number in UInt8(0)..<3 {
      guard let axis = Axis(rawValue: number) else { return tally.expect("axis exists", false) }
      let image = twirl.image(of: axis)
      images |= UInt64(image.axis.rawValue | (image.flips ? 4 : 0)) << UInt64(4 * number)
    }
    tally.expect("twirl images", images, is: UInt64(twirlImages[Int(index)]))
  }
  for i in clickReadings.indices {
    let reading = clickReadings[i]
    let found = Measurement(clicks: reading.clicks, random: reading.random)
    let note = found.axis.rawValue | found.outcome << 2 | (found.isCross ? 8 : 0)
    tally.expect("click reading", UInt64(note), is: UInt64(reading.note))
  }
  testSiftedBits(&tally)
}

/// Without noise Bob's bit is Alice's, whatever the twirl; off the axis there is none.
private func testSiftedBits(_ tally: inout Tally) {
  for index in UInt8(0)..<Twirl.count {
    for number in UInt8(0)..<3 {
      guard let twirl = Twirl(index: index), let axis = Axis(rawValue: number),
        let other = Axis(rawValue: (twirl.image(of: axis).axis.rawValue + 1) % 3)
      else { return tally.expect("twirl and axes exist", false) }
      let image = twirl.image(of: axis)
      let announcement = Announcement(twirl: twirl, axis: axis, intensity: .signal)
      let seen = Measurement(axis: image.axis, outcome: image.flips ? 0 : 1, isCross: false)
      tally.expect("sifted bit", UInt64(seen.siftedBit(announcement) ?? 9), is: 1)
      let missed = Measurement(axis: other, outcome: 1, isCross: false)
      tally.expect("no sifted bit off the axis", missed.siftedBit(announcement) == nil)
    }
  }
}

/// A good session, a fault in the middle of one, and the way out.
func testStates(_ tally: inout Tally) {
  let limits = ModuleLimits()
  let now = Instant(ns: 0)
  var state = ModuleState.booting(deadline: now + limits.bootTimeout)
  let events: [7 of ModuleEvent] = [
    .configured, .selfTestPassed, .startRequested, .windowAgreed, .peerHeard, .windowOver, .drained,
  ]
  let actions: [7 of ModuleAction] = [.runSelfTest, .none, .greetPeer, .openOptics, .none, .closeOptics, .none]
  for i in events.indices {
    let step = state.next(on: events[i], at: now, within: limits)
    tally.expect("action of a good session", step.action == actions[i])
    state = step.state
  }
  tally.expect("a good session ends idle", state == .idle)
  let cause = FaultCause(.stuckRegister, address: 4, expected: 1, found: 0)
  let step = ModuleState.exchanging(deadline: now).next(on: .failed(cause), at: now, within: limits)
  tally.expect("a fault closes the optics", step.action == .abandonSession && step.state == .faulted(cause))
  let out = step.state.next(on: .stopRequested, at: now, within: limits)
  tally.expect("stop leaves a fault", out.state == .booting(deadline: now + limits.bootTimeout))
  let late = ModuleState.booting(deadline: now).next(on: .tick, at: now, within: limits)
  tally.expect("a silent gateware is a fault", late.state == .faulted(FaultCause(.gatewareSilent)))
}
