import Authentication
import BinaryField
import FixedStorage
import HostStorage
import Testing

private func bytes(_ words: [UInt64], count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: words[$0 / 8] >> UInt64(8 * ($0 % 8))) }
}

private func message(_ count: Int, from random: inout SeededRandom) -> [UInt8] {
  bytes((0..<(count + 7) / 8).map { _ in random.next() }, count: count)
}

/// A key whose four words are the next of `random`.
private func drawKey(_ random: inout SeededRandom) -> OneTimeTagKey {
  var words = (0..<4).map { _ in random.next() }
  var span = words.mutableSpan
  return OneTimeTagKey(taking: &span)
}

private func drawPad(_ random: inout SeededRandom) -> OneTimePad {
  var words = [random.next(), random.next()]
  var span = words.mutableSpan
  return OneTimePad(taking: &span)
}

private func tag(of message: [UInt8], seed: UInt64) -> AuthenticationTag {
  var random = SeededRandom(seed: seed)
  return drawKey(&random).tag(message.span)
}

private func accepts(_ tag: AuthenticationTag, of message: [UInt8], seed: UInt64) -> Bool {
  var random = SeededRandom(seed: seed)
  return drawKey(&random).verify(tag, message.span)
}

/// Sum of block times power, every power on its own, blocks cut with plain indices.
private func naiveTag(of message: [UInt8], seed: UInt64) -> [UInt64] {
  var random = SeededRandom(seed: seed)
  let point = Field128(low: random.next(), high: random.next())
  let pad = Field128(low: random.next(), high: random.next())
  let blockCount = (message.count + 15) / 16
  var padded = message + [UInt8](repeating: 0, count: 16 * blockCount - message.count)
  padded += (0..<16).map { $0 < 8 ? UInt8(truncatingIfNeeded: (8 * message.count) >> (8 * $0)) : 0 }
  var total = pad
  for block in 0...blockCount {
    var words: [UInt64] = [0, 0]
    for i in 0..<16 { words[i / 8] |= UInt64(padded[16 * block + i]) << UInt64(8 * (i % 8)) }
    var term = Field128(low: words[0], high: words[1])
    for _ in 0...(blockCount - block) { term = term * point }
    total = total + term
  }
  return [total.low, total.high]
}

@Test func tag_matchesVectors() {
  for vector in tagVectors {
    var random = SeededRandom(seed: vector.seed)
    let key = drawKey(&random)
    let text = message(vector.length, from: &random)
    let tag = key.tag(text.span)
    #expect([tag.low, tag.high] == vector.value)
  }
}

@Test(arguments: 0...200) func tag_ofAnyLength_matchesDefinition(count: Int) {
  var random = SeededRandom(seed: 1)
  let text = message(count, from: &random)
  let seed = UInt64(1000 + count)
  let result = tag(of: text, seed: seed)
  #expect([result.low, result.high] == naiveTag(of: text, seed: seed))
  let accepted = accepts(result, of: text, seed: seed)
  let acceptedByOtherKey = accepts(result, of: text, seed: seed + 1)
  #expect(accepted && !acceptedByOtherKey)
}

@Test(arguments: [1, 8, 15, 16, 17, 40]) func verify_refusesEverySingleBitChange(count: Int) {
  var random = SeededRandom(seed: UInt64(count))
  let text = message(count, from: &random)
  let good = tag(of: text, seed: 9)
  for bit in 0..<8 * count {
    var changed = text
    changed[bit / 8] ^= 1 << UInt8(bit % 8)
    let accepted = accepts(good, of: changed, seed: 9)
    #expect(!accepted)
  }
  for bit in 0..<128 {
    let mask = UInt64(1) << UInt64(bit % 64)
    let wrong = AuthenticationTag(low: good.low ^ (bit < 64 ? mask : 0), high: good.high ^ (bit < 64 ? 0 : mask))
    let accepted = accepts(wrong, of: text, seed: 9)
    #expect(!accepted)
  }
}

/// The length block tells messages apart that padding makes alike.
@Test func verify_refusesAppendedAndRemovedZeros() {
  var random = SeededRandom(seed: 3)
  let text = message(13, from: &random) + [0]
  let good = tag(of: text, seed: 4)
  for zeros in 1...40 {
    let accepted = accepts(good, of: text + [UInt8](repeating: 0, count: zeros), seed: 4)
    #expect(!accepted)
  }
  let shortened = accepts(good, of: Array(text.dropLast()), seed: 4)
  let empty = accepts(good, of: [], seed: 4)
  #expect(!shortened && !empty)
}

/// One message bit moves about half of the bits of the tag, over points.
@Test func tag_avalanches() {
  var flips = 0
  for seed in 0..<UInt64(400) {
    var random = SeededRandom(seed: seed)
    var text = message(50, from: &random)
    let before = tag(of: text, seed: seed + 5000)
    text[Int(seed % 50)] ^= 1
    let after = tag(of: text, seed: seed + 5000)
    flips += (before.low ^ after.low).nonzeroBitCount + (before.high ^ after.high).nonzeroBitCount
  }
  // Mean 25 600 of 51 200 bits; five standard deviations are 566.
  #expect(abs(flips - 25_600) < 566)
}

@Test(arguments: 0..<UInt64(60)) func absorb_inAnyPieces_givesTheTagOfTheWhole(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  let point = Field128(low: random.next(), high: random.next())
  let text = message(Int.random(in: 0...400, using: &random), from: &random)
  var whole = TranscriptHash()
  var pieces = TranscriptHash()
  whole.start(point: point)
  whole.absorb(text.span)
  pieces.start(point: point)
  var from = 0
  while from < text.count {
    let to = min(text.count, from + Int.random(in: 0...40, using: &random))
    let piece = Array(text[from..<to])
    pieces.absorb(piece.span)
    from = to
  }
  var (padOnce, padAgain) = (SeededRandom(seed: 1), SeededRandom(seed: 1))
  let expected = whole.finish(pad: drawPad(&padOnce))
  let accepted = pieces.verify(expected, pad: drawPad(&padAgain))
  #expect(accepted)
}

@Test func start_afterFinish_beginsAFreshTranscript() {
  let text: [UInt8] = [1, 2, 3]
  var hash = TranscriptHash()
  var tags: [AuthenticationTag] = []
  for _ in 0..<2 {
    var random = SeededRandom(seed: 8)
    hash.start(point: Field128(low: random.next(), high: random.next()))
    hash.absorb(text.span)
    let tag = hash.finish(pad: drawPad(&random))
    tags.append(tag)
  }
  let alike = tags[0].matches(tags[1])
  let isOneTimeTag = tags[0].matches(tag(of: text, seed: 8))
  #expect(alike && isOneTimeTag)
}

@Test func forgeryExponent_isTheBound() {
  let exponents = [0, 1, 16, 17, 48, 49, 1 << 20, TranscriptHash.bytesMax].map {
    TranscriptHash.forgeryExponent(bytes: $0)
  }
  // Blocks 0, 1, 1, 2, 3, 4, 2^16 and 2^32: the bounds are 1, 2, 2, 3, 4, 5, 2^16 + 1 and 2^32 + 1 over 2^128.
  #expect(exponents == [128, 127, 127, 126, 126, 125, 111, 95])
}

@Test func keys_takenFromStorage_leaveZerosThere() {
  var storage: [UInt64] = [1, 2, 3, 4, 5]
  var span = storage.mutableSpan
  let key = OneTimeTagKey(taking: &span)
  _ = key.tag([UInt8]().span)
  #expect(storage == [0, 0, 0, 0, 5])
  storage = [6, 7, 8]
  span = storage.mutableSpan
  let pad = OneTimePad(taking: &span)
  var hash = TranscriptHash()
  hash.start(point: .zero)
  let tag = hash.finish(pad: pad)
  #expect(storage == [0, 0, 8] && tag.low == 6 && tag.high == 7)
}

/// Looks at the bytes of the hash where it lives. One that was just made holds zeros, but for the gaps between its
/// fields, where there is whatever lay there before.
@Test(arguments: [false, true]) func transcript_finishedOrWiped_isZero(finishes: Bool) {
  let place = UnsafeMutablePointer<TranscriptHash>.allocate(capacity: 1)
  defer { unsafe place.deallocate() }
  let raw = unsafe UnsafeRawBufferPointer(start: place, count: MemoryLayout<TranscriptHash>.size)
  unsafe UnsafeMutableRawPointer(place).initializeMemory(as: UInt8.self, repeating: 0, count: raw.count)
  unsafe place.initialize(to: TranscriptHash())
  let fresh = unsafe Array(raw)
  var random = SeededRandom(seed: 6)
  unsafe place.pointee.start(point: Field128(low: random.next(), high: random.next()))
  let text = message(45, from: &random)
  unsafe place.pointee.absorb(text.span)
  let used = unsafe Array(raw)
  #expect(used != fresh)
  if finishes {
    _ = unsafe place.pointee.finish(pad: drawPad(&random))
  } else {
    unsafe place.pointee.wipe()
  }
  let left = unsafe Array(raw)
  #expect(left == fresh)
}
