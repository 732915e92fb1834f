import RegisterMap
import Units

/// The converter ADS1115 (SBAS444): one conversion at a time, of what the input was when it began.
final class Ads1115Model: PartModel {
  private typealias Config = Ads1115Map.Config
  private let isFrozen: Bool
  private var words: [UInt32]
  private var pointer = 0
  private var nextResult: UInt32 = 0
  /// When the present conversion ends, nil while there is none.
  private var end: Instant?
  /// Of the four inputs, at the time of the next transfer.
  var inputVolts = [Double](repeating: 0, count: 4)

  init(isFrozen: Bool) {
    self.isFrozen = isFrozen
    words = [Ads1115Map.conversion, Ads1115Map.config, Ads1115Map.lowThreshold, Ads1115Map.highThreshold].map(\.reset)
  }

  func write(_ bytes: [UInt8], at now: Instant) -> Bool {
    settle(at: now)
    pointer = Int(bytes[0] & 3)
    guard bytes.count >= 3, pointer != Int(Ads1115Map.conversion.address) else { return true }
    let word = UInt32(bytes[1]) << 8 | UInt32(bytes[2])
    words[pointer] = word
    guard pointer == Int(Ads1115Map.config.address) else { return true }
    // Written as one while a conversion runs the bit has no effect.
    if Config.isIdle.isSet(in: word), end == nil {
      nextResult = result(for: word)
      end = now + duration(of: word)
    }
    return true
  }

  func read(_ count: Int, at now: Instant) -> [UInt8]? {
    settle(at: now)
    var word = words[pointer]
    if pointer == Int(Ads1115Map.config.address) { word = Config.isIdle.insert(end == nil, into: word) }
    // Without single shot the part converts all the time.
    if pointer == 0, !Config.isSingleShot.isSet(in: words[1]) { word = result(for: words[1]) }
    return (0..<count).map { UInt8(truncatingIfNeeded: $0 % 2 == 0 ? word >> 8 : word) }
  }

  private func settle(at now: Instant) {
    guard let end, now >= end, !isFrozen else { return }
    words[Int(Ads1115Map.conversion.address)] = nextResult
    self.end = nil
  }

  private func duration(of config: UInt32) -> Nanoseconds {
    let hz = [8, 16, 32, 64, 128, 250, 475, 860] as [UInt64]
    return Nanoseconds(1_000_000_000 / hz[Int(Config.rate.extract(from: config))])
  }

  /// Code of the chosen input, or difference of inputs, held within the range.
  private func result(for config: UInt32) -> UInt32 {
    // Data sheet, field MUX: the positive and the negative input, 4 for ground.
    let pairs = [(0, 1), (0, 3), (1, 3), (2, 3), (0, 4), (1, 4), (2, 4), (3, 4)]
    let (positive, negative) = pairs[Int(Config.input.extract(from: config))]
    let volts = inputVolts[positive] - (negative < 4 ? inputVolts[negative] : 0)
    let range = Config.range.extract(Config.Range.self, from: config) ?? .mv256
    let code = (volts * 32_768_000 / Double(range.fullScaleMillivolts)).rounded()
    return UInt32(UInt16(bitPattern: Int16(min(max(code, -32_768), 32_767))))
  }
}
