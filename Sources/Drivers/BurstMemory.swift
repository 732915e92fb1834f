/// What tells a burst apart from the one before it at the same address.
struct BurstMemory {
  var address: UInt8 = 0
  var words = 0
  var firstWord: UInt32 = 0
  /// A burst read was sent and nobody knows whether the device performed it.
  var isInDoubt = false

  /// Whether a repeated burst is the one that is remembered and not the one in doubt. The first word is enough:
  /// events carry their time. Two empty bursts count as the same, which loses nothing.
  func isRepeated(by count: BurstCount, firstWord: UInt32, asked: Int) -> Bool {
    count.words == min(asked, words) && (count.words == 0 || firstWord == self.firstWord)
  }
}
