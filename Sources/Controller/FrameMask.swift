public import Units

/// Which frames carry no key because the wave plates of this module were not in place, or because something is decided
/// by what detectors count in them.
///
/// In `perPulse` it hides nothing but stretches that it is told of. In `perBlock` it hides every
/// frame of a group until the plates were read back in place, and always the first `TwirlSchedule.settleFrames`. It
/// remembers as many groups as a module may lag behind.
public struct FrameMask: Sendable {
  /// Twice the depth of Alice's choice memory: what is older cannot be announced anyway.
  private static var depth: Int { 8 }

  private let isNeeded: Bool
  private var groups: [8 of UInt32] = .init(repeating: .max)
  /// The first frame of each remembered group that carries key.
  private var firstFrames: [8 of UInt32] = .init(repeating: .max)

  /// The last stretches of frames that were hidden by `hide`, in either variant.
  private var firstAstray: [8 of UInt32] = .init(repeating: .max)
  private var lastAstray: [8 of UInt32] = .init(repeating: 0)
  private var stretches = 0

  public init(_ variant: TwirlVariant) { isNeeded = variant == .perBlock }

  /// Forgets every group, so that every frame is hidden again, and every stretch.
  public mutating func reset() {
    for i in groups.indices { groups[i] = .max }
    stretches = 0
  }

  /// From this frame on nothing carries key, until `show`.
  public mutating func hide(from frame: UInt32) {
    firstAstray[stretches % Self.depth] = frame
    lastAstray[stretches % Self.depth] = .max
    stretches += 1
  }

  /// The reason is gone; the last frame that had begun by then is `frame`.
  public mutating func show(after frame: UInt32) {
    guard stretches > 0 else { return }
    lastAstray[(stretches - 1) % Self.depth] = frame
  }

  private func isAstray(_ frame: UInt32) -> Bool {
    for i in 0..<min(stretches, Self.depth) where frame >= firstAstray[i] && frame <= lastAstray[i] { return true }
    return false
  }

  /// The plates were read back in place for `group`; the last frame that had begun by then is `frame`.
  public mutating func noteSettled(_ group: UInt32, in frame: UInt32) {
    let place = Int(group) % Self.depth
    groups[place] = group
    firstFrames[place] = max(TwirlSchedule.firstKeyFrame(ofGroup: group), frame + 1)
  }

  public func hides(_ frame: UInt32) -> Bool {
    if stretches > 0, isAstray(frame) { return true }
    guard isNeeded else { return false }
    let group = TwirlSchedule.group(of: frame)
    let place = Int(group) % Self.depth
    return groups[place] != group || frame < firstFrames[place]
  }
}
