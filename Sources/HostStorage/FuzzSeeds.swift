import Foundation

/// The seeds of a test with hostile input: `count` of them from 0 on, or as many times more as `GIMBAL_FUZZ_TIMES`
/// says, from `GIMBAL_FUZZ_FROM` on. `make fuzz` sets both; one seed is one case, which the report of a failure names.
public func fuzzSeeds(_ count: UInt64) -> Range<UInt64> {
  let environment = ProcessInfo.processInfo.environment
  let times = environment["GIMBAL_FUZZ_TIMES"].flatMap { UInt64($0) } ?? 1
  let first = environment["GIMBAL_FUZZ_FROM"].flatMap { UInt64($0) } ?? 0
  return first..<first + count * max(1, min(times, 1_000_000))
}

extension SeededRandom {
  /// Bytes that begin as `real` and were bent: bits flipped, bytes set, counts moved by one, cut off, added, repeated,
  /// or all of them noise.
  public mutating func bent(_ real: [UInt8], bytesMax: Int) -> [UInt8] {
    var bytes = real
    for _ in 0..<Int.random(in: 1...4, using: &self) {
      let place = bytes.isEmpty ? 0 : Int.random(in: 0..<bytes.count, using: &self)
      switch Int.random(in: 0..<8, using: &self) {
      case 0 where !bytes.isEmpty: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &self)
      case 1 where !bytes.isEmpty: bytes[place] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &self) ?? 0
      case 2 where !bytes.isEmpty: bytes[place] &+= Bool.random(using: &self) ? 1 : 0xff
      case 3: bytes.removeLast(Int.random(in: 0...min(9, bytes.count), using: &self))
      case 4: bytes += (0..<Int.random(in: 1...9, using: &self)).map { _ in UInt8.random(in: 0...255, using: &self) }
      case 5: bytes += bytes.suffix(Int.random(in: 0...bytes.count, using: &self))
      case 6: bytes = Array(bytes.prefix(place))
      case 7:
        let count = Int.random(in: 0...min(64, bytesMax), using: &self)
        bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
      default: break
      }
    }
    return Array(bytes.prefix(bytesMax))
  }
}
