import CSyndrome

/// A run of lanes of one row of checks in the working memory of the syndrome decoder; see `csyndrome.h`.
public struct CheckPart: Sendable {
  /// Lanes of a column.
  public var lanes: Int
  /// Those that are worked on. All three are multiples of 64.
  public var range: Range<Int>
  /// Where the messages of the first entry begin.
  public var messages: Int
  /// Where there are 64 bytes of scratch for each entry, behind the posteriors and before all messages.
  public var scratch: Int

  public init(lanes: Int, range: Range<Int>, messages: Int, scratch: Int) {
    self.lanes = lanes
    self.range = range
    self.messages = messages
    self.scratch = scratch
  }
}

extension Block<Int8> {
  /// Lanes that the kernels work on at a time.
  public static var syndromeStep: Int { Int(gimbal_syndrome_step) }

  /// Updates the checks of `part` and returns how many of them the posteriors contradicted before.
  ///
  /// Of each entry `plan` has the first byte of the column in the low half and the turn, below `lanes`, in the high
  /// half. Bit `i % 64` of word `i / 64` of `targets` is the parity of check `i` of the row.
  public mutating func updateChecks(_ part: CheckPart, plan: Span<UInt64>, targets: Span<UInt64>) -> Int {
    precondition(targets.count * 64 >= part.range.upperBound)
    let shape = shape(of: part, plan: plan)
    var span = mutableSpan
    // Every run was checked against the block, and the callee stays inside of them.
    return unsafe span.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return 0 }
      return unsafe plan.withUnsafeBufferPointer { plan in
        unsafe targets.withUnsafeBufferPointer { targets in
          Int(
            unsafe gimbal_syndrome_update(
              shape, plan.baseAddress, targets.baseAddress, start, start + part.messages, start + part.scratch))
        }
      }
    }
  }

  /// The signs of 64 posteriors from `first` on: a bit is set where one is negative.
  public func signs(from first: Int) -> UInt64 {
    precondition(first >= 0 && first + Self.syndromeStep <= count)
    // The bounds were just checked.
    return unsafe span.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return 0 }
      return unsafe gimbal_syndrome_signs(start + first)
    }
  }

  private func shape(of part: CheckPart, plan: Span<UInt64>) -> gimbal_syndrome_part {
    let step = Self.syndromeStep
    precondition(part.lanes > 0 && part.lanes % step == 0 && part.range.lowerBound >= 0)
    precondition(part.range.lowerBound % step == 0 && part.range.upperBound % step == 0)
    precondition(part.range.upperBound <= part.lanes && part.messages >= 0 && part.scratch >= 0)
    precondition(part.scratch + step * plan.count <= count && part.messages + part.lanes * plan.count <= count)
    for k in plan.indices {
      precondition(Int(plan[k] & 0xffff_ffff) + part.lanes + step <= part.scratch && Int(plan[k] >> 32) < part.lanes)
    }
    return gimbal_syndrome_part(
      entries: Int32(plan.count), lanes: Int32(part.lanes), first: Int32(part.range.lowerBound),
      end: Int32(part.range.upperBound))
  }
}
