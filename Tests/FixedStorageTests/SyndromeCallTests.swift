import FixedStorage
import HostStorage
import Testing

/// A row of checks on columns of bytes: the kernel in C against the rule of Documentation/Protocol/Codes.md.
struct SyndromeCallTests {
  static let lanes = 192
  static let columnBytes = lanes + 64

  struct Row {
    var posteriors: [[Int]]
    var messages: [[Int]]
    var turns: [Int]
    var targets: [Bool]
  }

  private static func saturated(_ x: Int) -> Int { max(-128, min(127, x)) }

  /// 6 ln(1 + exp(-x / 6)), rounded.
  private static func correction(_ x: Int) -> Int { [4, 4, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1][safe: x] ?? 0 }

  private static func met(_ a: Int, _ b: Int) -> Int {
    max(0, min(255, min(a, b) + correction(min(255, a + b))) - correction(abs(a - b)))
  }

  /// One check after the other; returns how many were contradicted.
  private static func update(_ row: inout Row, lanes range: Range<Int>) -> Int {
    var contradicted = 0
    for lane in range {
      let places = row.turns.map { (lane + $0) % lanes }
      var isOdd = row.targets[lane]
      for (k, place) in places.enumerated() where row.posteriors[k][place] < 0 { isOdd.toggle() }
      contradicted += isOdd ? 1 : 0
      let inputs = places.enumerated().map {
        saturated(row.posteriors[$0.offset][$0.element] - row.messages[$0.offset][lane])
      }
      var (least, others, isNegative) = (127, 127, row.targets[lane])
      for x in inputs {
        others = met(others, max(least, abs(x)))
        least = min(least, abs(x))
        if x < 0 { isNegative.toggle() }
      }
      let whole = met(others, least)
      for (k, x) in inputs.enumerated() {
        let size = abs(x) == least ? others : whole
        let posterior = saturated(isNegative != (x < 0) ? x - size : x + size)
        row.messages[k][lane] = posterior - x
        row.posteriors[k][places[k]] = posterior
      }
    }
    return contradicted
  }

  @Test(arguments: 0..<UInt64(40)) func update_ofAnyRow_isThatOfTheRule(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let entries = Int.random(in: 1...40, using: &random)
    let lanes = Self.lanes
    var row = Row(
      posteriors: (0..<entries).map { _ in (0..<lanes).map { _ in Int.random(in: -128...127, using: &random) } },
      messages: (0..<entries).map { _ in (0..<lanes).map { _ in Int.random(in: -100...100, using: &random) } },
      turns: (0..<entries).map { _ in Int.random(in: 0..<lanes, using: &random) },
      targets: (0..<lanes).map { _ in Bool.random(using: &random) })
    let range = [0..<lanes, 0..<64, 64..<192, 128..<192][Int(seed % 4)]
    let scratch = entries * Self.columnBytes
    let messages = scratch + 64 * entries
    var bytes = Block<Int8>.onHost(count: messages + entries * lanes)
    var plan = Block<UInt64>.onHost(count: entries)
    var targets = Block<UInt64>.onHost(count: lanes / 64)
    for k in 0..<entries {
      plan[k] = UInt64(row.turns[k]) << 32 | UInt64(k * Self.columnBytes)
      for lane in 0..<Self.columnBytes { bytes[k * Self.columnBytes + lane] = Int8(row.posteriors[k][lane % lanes]) }
      for lane in 0..<lanes { bytes[messages + k * lanes + lane] = Int8(row.messages[k][lane]) }
    }
    for lane in 0..<lanes where row.targets[lane] { targets[lane / 64] |= 1 << UInt64(lane % 64) }
    let part = CheckPart(lanes: lanes, range: range, messages: messages, scratch: scratch)
    let found = bytes.updateChecks(part, plan: plan.span, targets: targets.span)
    let expected = Self.update(&row, lanes: range)
    #expect(found == expected)
    for k in 0..<entries {
      let column = (0..<Self.columnBytes).map { Int(bytes[k * Self.columnBytes + $0]) }
      #expect(column == (0..<Self.columnBytes).map { row.posteriors[k][$0 % lanes] }, "column \(k)")
      let told = (0..<lanes).map { Int(bytes[messages + k * lanes + $0]) }
      #expect(told == row.messages[k], "messages \(k)")
    }
  }

  @Test func signs_areTheNegativeOnes() {
    var bytes = Block<Int8>.onHost(count: 64)
    for i in 0..<64 { bytes[i] = i % 3 == 0 ? -1 : Int8(i) }
    var expected: UInt64 = 0
    for i in stride(from: 0, to: 64, by: 3) { expected |= 1 << UInt64(i) }
    let signs = bytes.signs(from: 0)
    #expect(signs == expected)
  }
}

extension [Int] {
  fileprivate subscript(safe index: Int) -> Int? { indices.contains(index) ? self[index] : nil }
}
