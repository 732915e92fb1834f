import Optics
import Sifting
import Testing
import Units

@testable import TwinRun

@Suite struct FrameTrackerTests {
  @Test func axisTurns_areTheTwentyFourOfTheCube() {
    #expect(axisTurns.count == 24)
    for (i, turn) in axisTurns.enumerated() {
      #expect(turn.after(turn.transposed) == .identity)
      #expect(!axisTurns[..<i].contains(turn))
      // A turn and no reflection: Z is the image of Z by the right hand.
      let (x, y) = (turn.imageOfX, turn.imageOfY)
      #expect(turn.imageOfZ == BlochVector(x.y * y.z - x.z * y.y, x.z * y.x - x.x * y.z, x.x * y.y - x.y * y.x))
    }
  }

  @Test func renamed_followsTheTurn() {
    for turn in axisTurns {
      for axis in [Axis.x, .y, .z] {
        for outcome in UInt8(0)...1 {
          let named = Measurement(axis: axis, outcome: outcome, isCross: false).renamed(by: turn)
          let before = (outcome == 0 ? 1.0 : -1.0) * axis.unitVector
          let after = (named.outcome == 0 ? 1.0 : -1.0) * named.axis.unitVector
          #expect(turn.applied(to: before) == after)
        }
      }
    }
  }
}
