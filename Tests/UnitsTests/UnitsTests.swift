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

/// Angles of a plate repeat after half a turn, and the way between two is never more than a quarter.
@Test func plateAngle_countsHalfTurnsOut() throws {
  for eighths in -9...9 {
    let expected = UInt16(((eighths + 400) % 4) * 4_500)
    #expect(PlateAngle(eighths: eighths).centidegrees == expected)
  }
  #expect(PlateAngle(centidegrees: 18_000) == nil)
  let low = try #require(PlateAngle(centidegrees: 5))
  let high = try #require(PlateAngle(centidegrees: 17_990))
  #expect(low.distance(to: high) == 15 && high.distance(to: low) == 15 && low.distance(to: low) == 0)
  #expect(PlateAngle(eighths: 0).distance(to: PlateAngle(eighths: -2)) == 9_000)
}
