import Controller
import LinkControl
import Testing
import Twin
import TwinRun
import Units
import Wire

/// A batch as Bob would announce it; each gap below 128 is one byte.
private func batch(_ number: UInt64, frame: UInt64, gaps: [UInt8]) -> [UInt8] {
  bytes(0x1234_5678_9abc_def0, 8) + bytes(frame, 4) + bytes(number, 4) + bytes(UInt64(gaps.count), 2) + gaps
}

private typealias AliceAlone = LonePeer<AliceEnd<TwinSpi>>
private typealias BobAlone = LonePeer<BobEnd<TwinSpi>>

/// The first frame of the window that Alice proposed.
private func firstFrame(_ heard: [(type: MessageType, payload: [UInt8])]) throws -> UInt64 {
  let window = try #require(heard.last { $0.type == .window }?.payload)
  return number(window[..<4])
}

@Test func detections_inOrder_areAnswered() throws {
  var peer = try AliceAlone.exchanging()
  let frame = try firstFrame(peer.heard)
  try peer.send(.detections, batch(0, frame: frame, gaps: [5, 0, 120]))
  try peer.pass(ticks: 4)
  let choices = try #require(peer.heard.last { $0.type == .choices }?.payload)
  #expect(choices.count == 9 && Array(choices[..<6]) == bytes(0, 4) + bytes(3, 2))
  #expect(choices[6...].allSatisfy { $0 & 15 < 12 && $0 >> 4 & 3 < 3 && $0 >> 6 < 3 })
  let state = "\(peer.module.state.name)"
  #expect(state == "exchanging")
}

/// Bob may not have heard yet that the window was shortened: such slots had no light, and nothing is told of them.
@Test func detections_behindTheWindow_areAnsweredWithNothing() throws {
  var peer = try AliceAlone.exchanging()
  let frame = try firstFrame(peer.heard)
  try peer.send(.detections, batch(0, frame: frame + 5000, gaps: [5, 0, 120]))
  try peer.pass(ticks: 4)
  let choices = try #require(peer.heard.last { $0.type == .choices }?.payload)
  #expect(Array(choices[6...]) == [0xff, 0xff, 0xff])
}

/// A slot is looked up once: no batch may come again, go back, skip a number, or leave the frame.
@Test(arguments: 0..<6) func detections_outOfOrder_endTheSession(kind: Int) throws {
  var peer = try AliceAlone.exchanging()
  let frame = try firstFrame(peer.heard)
  try peer.send(.detections, batch(0, frame: frame + 1, gaps: [5, 0, 120]))
  try peer.pass(ticks: 4)
  let before = "\(peer.module.state.name)"
  let bad =
    switch kind {
    case 0: batch(0, frame: frame + 1, gaps: [5, 0, 120])
    case 1: batch(1, frame: frame, gaps: [1])
    case 2: batch(2, frame: frame + 2, gaps: [1])
    case 3: batch(1, frame: frame - 1, gaps: [1])
    case 4: batch(1, frame: frame + 2, gaps: [])
    default: Array(batch(1, frame: frame + 2, gaps: [1]).dropLast()) + [0xff, 0xff, 0x7f]
    }
  try peer.send(.detections, bad)
  try peer.pass(ticks: 4)
  let end = peer.module.lastEnd
  let state = "\(peer.module.state.name)"
  let answers = peer.heard.count { $0.type == .choices }
  #expect(before == "exchanging" && state == "idle" && end == .protocolBroken && answers == 1)
  let isArmed = peer.simulation.alice.isArmed
  #expect(!isArmed)
}

/// What was kept must be of the oldest batch in flight, and no bit more than it has.
@Test(arguments: [[0, 0, 0, 1, 0xff], [0, 0, 0, 0], [0, 0, 0, 0, 7, 7]] as [[UInt8]])
func sifted_thatFitsNoBatch_endsTheSession(payload: [UInt8]) throws {
  var peer = try AliceAlone.exchanging()
  let frame = try firstFrame(peer.heard)
  try peer.send(.detections, batch(0, frame: frame, gaps: [5, 0, 120]))
  try peer.pass(ticks: 4)
  try peer.send(.sifted, payload)
  try peer.pass(ticks: 4)
  let end = peer.module.lastEnd
  #expect(end == .protocolBroken)
}

/// Bob with gates open in the dark: he detects dark counts, and his Alice is made by hand.
@Test(arguments: 0..<4) func choices_thatFitNoBatch_endTheSession(kind: Int) throws {
  var peer = try BobAlone { BobEnd(bus: $0, from: &$1) }
  let batch = try peer.meet()
  let state = "\(peer.module.state.name)"
  let events = Int(number(batch[16..<18]))
  #expect(state == "exchanging" && events > 0)
  let honest = bytes(0, 4) + bytes(UInt64(events), 2) + [UInt8](repeating: 0, count: events)
  let bad =
    switch kind {
    case 0: bytes(1, 4) + Array(honest[4...])
    case 1: Array(honest.dropLast())
    case 2: honest + [0]
    // No axis has the number 3.
    default: Array(honest.dropLast()) + [0x30]
    }
  try peer.send(.choices, bad)
  try peer.pass(ticks: 3)
  let end = peer.module.lastEnd
  #expect(end == .protocolBroken)
}

/// The end of a window plus one must be a frame number.
@Test func window_atTheLastFrame_isRefused() throws {
  var peer = try BobAlone { BobEnd(bus: $0, from: &$1) }
  try peer.pass(ticks: 30)
  try peer.greet(answering: false)
  try peer.pass(ticks: 3)
  try peer.send(.window, bytes(8, 4) + bytes(UInt64(UInt32.max), 4) + bytes(0, 4))
  try peer.pass(ticks: 200)
  let end = peer.module.lastEnd
  let isOpen = peer.simulation.bob.isOpen
  #expect(end == .protocolBroken && !isOpen)
}
