import Health
import Testing

private func hasFailed(_ bytes: [UInt8]) -> Bool {
  var health = RandomHealth()
  health.take(bytes.span)
  return health.hasFailed
}

@Test func source_thatIsStuck_failsAtTheEleventhEqualSample() {
  #expect(!hasFailed([1] + [UInt8](repeating: 7, count: 10)))
  #expect(hasFailed([1] + [UInt8](repeating: 7, count: 11)))
}

/// The first sample of a window is counted: 79 of it in 512 samples fail, 78 do not.
@Test(arguments: [(78, false), (79, true)])
func source_thatPrefersOneSample_failsTheProportion(count: Int, fails: Bool) {
  var bytes = [UInt8](repeating: 0, count: RandomHealth.window)
  for i in bytes.indices { bytes[i] = i % 2 == 0 && i / 2 < count ? 200 : UInt8(i % 199) }
  #expect(hasFailed(bytes) == fails)
}

@Test func failure_isNeverForgotten() {
  var health = RandomHealth()
  health.take([UInt8](repeating: 0, count: 11).span)
  let fine: [UInt8] = (0..<2048).map { UInt8(truncatingIfNeeded: $0 &* 167) }
  health.take(fine.span)
  #expect(health.hasFailed)
}

/// A source of full entropy fails a test with a probability below 2^-40 a sample: not in a million samples.
@Test func source_thatIsUniform_passes() {
  var state: UInt64 = 1
  var bytes = [UInt8](repeating: 0, count: 1 << 20)
  for i in bytes.indices {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    bytes[i] = UInt8(state >> 56)
  }
  #expect(!hasFailed(bytes))
}
