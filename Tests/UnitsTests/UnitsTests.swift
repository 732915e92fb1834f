import Testing
import Units

@Test func instant_advancesByASpanAndMeasuresIt() {
  let start = Instant(ns: 5)
  let end = start + Nanoseconds(milliseconds: 2)
  #expect(end.ns == 2_000_005 && end - start == Nanoseconds(2_000_000) && start < end)
}

@Test func frame_lastsTenAndAHalfMilliseconds() {
  #expect(TimeBase.frameNs == 10_485_760)
}

@Test func share_isAFractionOf65536() {
  #expect(Share(of65536: 16_384).value == 0.25)
}
