public import Sifting

/// Which element of the twirl the wave plates hold in which frames: public, and the same on both sides.
///
/// Eve may know it; the credit of `perBlock` assumes that she does (theory.md 1.4, variant B). Twelve groups in a row
/// visit every element once, so the average channel is depolarising.
public enum TwirlSchedule {
  /// Frames that share a setting: 0.67 s.
  public static var groupFrames: UInt32 { 64 }
  /// Frames at the start of a group in which the plates may still turn: 146.8 ms for at most 90 degrees, which take
  /// 125 ms at 720 degrees a second (assumed motor). They carry no key.
  public static var settleFrames: UInt32 { 14 }

  public static func group(of frame: UInt32) -> UInt32 { frame / groupFrames }

  public static func element(ofGroup group: UInt32) -> Twirl {
    guard let twirl = Twirl(index: UInt8(truncatingIfNeeded: group % UInt32(Twirl.count))) else {
      preconditionFailure("the remainder names an element")
    }
    return twirl
  }

  public static func isSettling(_ frame: UInt32) -> Bool { frame % groupFrames < settleFrames }

  /// The first frame of a group that may carry key.
  public static func firstKeyFrame(ofGroup group: UInt32) -> UInt32 { group * groupFrames + settleFrames }
}
