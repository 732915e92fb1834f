/// What a burst read brought.
public struct BurstCount: Equatable, Sendable {
  /// Words that arrived.
  public let words: Int
  /// Words that still waited behind them, at most 65 535.
  public let waiting: Int
}
