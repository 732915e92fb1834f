import Authentication
import BinaryField
import FixedStorage
import HostStorage
import Testing

private func drawKey(_ random: inout SeededRandom) -> ConfirmationKey {
  let point = Field128(low: random.next(), high: random.next())
  return ConfirmationKey(point: point, multiplier: Field128(low: random.next(), high: random.next()))
}

private func hash(_ words: [UInt64], bits: Int, key: ConfirmationKey, sliceWords: Int = .max) -> UInt64 {
  var hash = ConfirmationHash()
  hash.start(key: key)
  var done = 0
  while done < bits {
    let count = sliceWords < 1 << 20 ? min(bits - done, 64 * sliceWords) : bits - done
    let slice = Array(words[(done / 64)..<Bits.words(for: done + count)])
    hash.absorb(slice.span, bits: count)
    done += count
  }
  return hash.finish()
}

@Test func confirmation_matchesVectors() {
  for vector in confirmationVectors {
    var random = SeededRandom(seed: vector.seed)
    let key = drawKey(&random)
    let words = (0..<Bits.words(for: vector.length)).map { _ in random.next() }
    let value = hash(words, bits: vector.length, key: key)
    #expect([value] == vector.value)
  }
}

@Test(arguments: 1...200) func confirmation_inSlices_isThatOfTheWhole(bits: Int) {
  var random = SeededRandom(seed: UInt64(bits))
  let key = drawKey(&random)
  let length = 64 * (bits % 7) + bits
  let words = (0..<Bits.words(for: length)).map { _ in random.next() }
  let whole = hash(words, bits: length, key: key)
  for sliceWords in 1...4 {
    let sliced = hash(words, bits: length, key: key, sliceWords: sliceWords)
    #expect(sliced == whole)
  }
}

@Test(arguments: [1, 64, 100, 128, 129, 300]) func confirmation_differsForEverySingleBit(bits: Int) {
  var random = SeededRandom(seed: UInt64(bits))
  let key = drawKey(&random)
  let words = (0..<Bits.words(for: bits)).map { _ in random.next() }
  let value = hash(words, bits: bits, key: key)
  for bit in 0..<64 * words.count {
    var changed = words
    changed[bit / 64] ^= 1 << UInt64(bit % 64)
    let other = hash(changed, bits: bits, key: key)
    // Bits above the length do not count.
    #expect((other == value) == (bit >= bits))
  }
  let longer = hash(words + [0], bits: bits + 1, key: key)
  #expect(longer != value)
}

/// A multiplier scales the value before it is cut: doubling it doubles modulo the field polynomial.
@Test func confirmation_isLinearInTheMultiplier() {
  var random = SeededRandom(seed: 2)
  let words = (0..<10).map { _ in random.next() }
  let (a, b) = (drawKey(&random), drawKey(&random))
  let sum = ConfirmationKey(point: a.point, multiplier: a.multiplier + b.multiplier)
  let other = ConfirmationKey(point: a.point, multiplier: b.multiplier)
  let values = [a, other, sum].map { hash(words, bits: 640, key: $0) }
  #expect(values[0] ^ values[1] == values[2])
}

/// As for the transcript: the gaps between the fields hold what lay there before.
@Test func confirmation_finished_isZero() {
  let place = UnsafeMutablePointer<ConfirmationHash>.allocate(capacity: 1)
  defer { unsafe place.deallocate() }
  let raw = unsafe UnsafeRawBufferPointer(start: place, count: MemoryLayout<ConfirmationHash>.size)
  unsafe UnsafeMutableRawPointer(place).initializeMemory(as: UInt8.self, repeating: 0, count: raw.count)
  unsafe place.initialize(to: ConfirmationHash())
  let fresh = unsafe Array(raw)
  var random = SeededRandom(seed: 6)
  unsafe place.pointee.start(key: drawKey(&random))
  let words = (0..<5).map { _ in random.next() }
  unsafe place.pointee.absorb(words.span, bits: 300)
  let used = unsafe Array(raw)
  #expect(used != fresh)
  _ = unsafe place.pointee.finish()
  let left = unsafe Array(raw)
  #expect(left == fresh)
}
