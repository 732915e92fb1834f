import Controller
import HostStorage
import LinkControl
import Testing
import Twin
import TwinRun
import Units
import Wire

private let types: [MessageType] = [
  .hello, .refuse, .window, .windowSet, .stop, .drained, .held, .pattern, .patternSet, .detections, .choices,
  .sifted, .told, .close, .closed, .parityRequest, .parityReply, .reconciled, .confirm, .counts, .length, .seed, .tag,
  .abort, .permutation, .loaded, .parities, .accepted, .rejected, .seedTaken,
]

/// A peer that greets, and from some moment on says anything: the module neither traps nor makes a key.
private func pester<End: OpticalEnd & ~Copyable>(
  _ peer: inout LonePeer<End>, seed: UInt64, real: [MessageType: [UInt8]]
) throws {
  var random = SeededRandom(seed: seed)
  try peer.pass(ticks: 30)
  if Bool.random(using: &random) { peer.module.start() }
  try peer.pass(ticks: 2)
  let greets = Int.random(in: 0..<4, using: &random) > 0
  if greets { try peer.greet(answering: Bool.random(using: &random)) }
  try peer.pass(ticks: 5)
  if let window = peer.heard.last(where: { $0.type == .window })?.payload, Bool.random(using: &random) {
    try peer.send(.windowSet, Array(window.prefix(8)))
    try peer.pass(ticks: Int.random(in: 1...250, using: &random))
  }
  for _ in 0..<30 {
    let type = types.randomElement(using: &random) ?? .hello
    let heard = peer.heard.randomElement(using: &random)?.payload ?? []
    let payload = random.bent(real[type] ?? heard, bytesMax: 4096)
    try peer.send(type, block: UInt32.random(in: 0...2, using: &random), payload)
    try peer.pass(ticks: Int.random(in: 1...4, using: &random))
  }
  let keys = peer.module.keyCount
  #expect(keys == 0)
}

@Test(arguments: fuzzSeeds(40)) func alice_pesteredByAnyPeer_neitherTrapsNorMakesKey(seed: UInt64) throws {
  var peer = try LonePeer<AliceEnd<TwinSpi>> { AliceEnd(bus: $0, from: &$1) }
  let batch = bytes(7, 8) + bytes(300, 4) + bytes(0, 4) + bytes(3, 2) + [5, 0, 120]
  try pester(&peer, seed: seed, real: [.detections: batch, .sifted: bytes(0, 4) + [5]])
}

@Test(arguments: fuzzSeeds(40)) func bob_pesteredByAnyPeer_neitherTrapsNorMakesKey(seed: UInt64) throws {
  var peer = try LonePeer<BobEnd<TwinSpi>> { BobEnd(bus: $0, from: &$1) }
  let choices = bytes(0, 4) + bytes(3, 2) + [0, 0x11, 0x22]
  try pester(&peer, seed: seed, real: [.choices: choices, .window: bytes(300, 4) + bytes(9000, 4)])
}
