/// Continuous tests of a hardware random source: both of NIST SP 800-90B, sections 4.4.1 and 4.4.2, on samples of eight
/// bits of which 4 bits of min-entropy are assumed, at a false alarm rate of 2^-40 a test.
///
/// They find a source that is stuck or has lost most of its entropy, not one that somebody steers.
public struct RandomHealth: Sendable {
  /// 1 + 40 / 4: so many equal samples in a row are a failure.
  public static var repetitionCutoff: Int { 11 }
  public static var window: Int { 512 }
  /// The smallest count that a sample of probability 1/16 reaches in 512 samples with a probability below 2^-40.
  public static var proportionCutoff: Int { 79 }

  private var last: UInt8 = 0
  private var run = 0
  private var sample: UInt8 = 0
  private var count = 0
  private var seen = 0
  /// Once a test failed, the source is not trusted again.
  public private(set) var hasFailed = false

  public init() {}

  public mutating func take(_ bytes: Span<UInt8>) {
    for i in bytes.indices { take(bytes[i]) }
  }

  private mutating func take(_ byte: UInt8) {
    run = byte == last ? run + 1 : 1
    last = byte
    if run >= Self.repetitionCutoff { hasFailed = true }
    if seen == 0 {
      sample = byte
      count = 0
    }
    if byte == sample { count += 1 }
    if count >= Self.proportionCutoff { hasFailed = true }
    seen = seen + 1 == Self.window ? 0 : seen + 1
  }
}
