import CArena
import Testing

@Suite struct CArenaTests {
  @Test func blocks_areAlignedZeroedAndApart() {
    var spans: [Range<UInt>] = []
    for number in 0..<gimbal_arena_count() {
      let bytes = gimbal_arena_bytes(number)
      guard let address = unsafe gimbal_arena_address(number) else {
        Issue.record("block \(number) has no address")
        continue
      }
      // The first and the last byte of a static block of `bytes` bytes.
      let ends = unsafe (address.load(as: UInt8.self), address.load(fromByteOffset: bytes - 1, as: UInt8.self))
      #expect(ends == (0, 0))
      let start = UInt(bitPattern: address)
      #expect(start % 64 == 0 && bytes % gimbal_arena_stride(number) == 0)
      #expect(spans.allSatisfy { !$0.overlaps(start..<start + UInt(bytes)) })
      spans.append(start..<start + UInt(bytes))
    }
    #expect(!spans.isEmpty)
  }

  @Test func address_outsideTheTable_isNull() {
    for number in [-1, gimbal_arena_count()] {
      let isNull = unsafe gimbal_arena_address(number) == nil
      #expect(isNull && gimbal_arena_bytes(number) == 0 && gimbal_arena_stride(number) == 0)
    }
  }
}
