/// How well a wire works, counted since start-up.
public struct WireCounters: Equatable, Sendable {
  public internal(set) var transfers: UInt64 = 0
  /// Transfers that repeated an earlier one.
  public internal(set) var retries: UInt64 = 0
  /// Commands that the device refused for their check.
  public internal(set) var commandsDamaged: UInt64 = 0
  /// Replies that arrived with a wrong check.
  public internal(set) var repliesDamaged: UInt64 = 0

  public init() {}
}
