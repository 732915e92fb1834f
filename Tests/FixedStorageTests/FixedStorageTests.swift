import FixedStorage
import HostStorage
import Testing

private func string<let n: Int>(_ text: borrowing Text<n>) -> String {
  var bytes: [UInt8] = []
  let utf8 = text.utf8
  for i in utf8.indices { bytes.append(utf8[i]) }
  return String(decoding: bytes, as: UTF8.self)
}

@Test func text_remembersOverflow() {
  var line = Text<2>()
  line.append(decimal: 123)
  #expect(line.count == 2 && line.overflowed)
}

@Test func text_writesNumbersInThreeForms() {
  var line = Text<64>()
  line.append(decimal: 9_876_543_210)
  line.append(" ")
  line.append(scaled: 20_705, places: 3)
  line.append(" ")
  line.append(hexadecimal: 0x1f, digits: 4)
  line.pad(to: 28)
  line.append("|")
  #expect(string(line) == "9876543210 20.705 001f      |")
}

@Test func ring_keepsOrderAcrossTheWrap() {
  var ring = Ring<3, Int>(filler: 0)
  for round in 0..<5 {
    let first = ring.push(round)
    let second = ring.push(round + 100)
    #expect(first && second)
    #expect(ring[1] == round + 100)
    let oldest = ring.pop()
    #expect(oldest == round)
    let newest = ring.pop()
    #expect(newest == round + 100)
  }
  let none = ring.pop()
  #expect(none == nil)
}

@Test func ring_refusesWhenFull() {
  var ring = Ring<1, UInt8>(filler: 0)
  let first = ring.push(1)
  let second = ring.push(2)
  #expect(first && !second && ring.isFull)
}

@Test func block_setsSingleBitsAndWipes() {
  var block = Block<UInt64>.onHost(count: 3)
  block.setBit(70, to: 1)
  block.setBit(71, to: 0xfffe)
  #expect(block[1] == 64 && block.bit(70) == 1 && block.bit(71) == 0)
  block.wipe()
  #expect(block[1] == 0)
}

@Test func staticString_matchesOnlyItsOwnBytes() {
  let name: StaticString = "status"
  // A span cannot pass through the macro, so each answer is taken first.
  let answers = ["status", "statu", "statuS"].map { text in name.matches(Array(text.utf8).span) }
  #expect(answers == [true, false, false])
}
