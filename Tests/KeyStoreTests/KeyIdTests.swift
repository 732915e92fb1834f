import FixedStorage
import Foundation
import HostStorage
import KeyStore
import Testing

private func text(_ id: KeyId) -> String {
  var text = Text<40>()
  text.append(id)
  let bytes = text.utf8
  return String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
}

private func id(_ text: String) -> KeyId? {
  let bytes = Array(text.utf8)
  return KeyId(bytes.span)
}

@Test func keyId_isTheDocumentedUuid() {
  let name = KeyId(epoch: 0x0123_4567_89ab_cdef, block: 0x1020_3040, index: 0x5060)
  #expect(text(name) == "01234567-89ab-8cde-800f-102030405060")
}

/// Against Python's `uuid`, which takes the text apart by itself.
@Test func keyId_meansTheSameToPython() throws {
  var random = SeededRandom(seed: 5)
  var names: [KeyId] = []
  for _ in 0..<200 {
    names.append(
      KeyId(
        epoch: random.next(), block: UInt32.random(in: 0...(.max), using: &random),
        index: UInt16.random(in: 0...(.max), using: &random)))
  }
  let script = """
    import sys, uuid
    for line in sys.stdin:
        name = uuid.UUID(line.strip())
        assert str(name) == line.strip() and name.version == 8 and name.variant == uuid.RFC_4122
        number = name.int
        epoch = number >> 80 << 16 | (number >> 64 & 0xfff) << 4 | number >> 48 & 15
        print(epoch, number >> 16 & 0xffffffff, number & 0xffff)
    """
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = ["python3", "-c", script]
  let (input, output) = (Pipe(), Pipe())
  process.standardInput = input
  process.standardOutput = output
  try process.run()
  input.fileHandleForWriting.write(Data(names.map { text($0) + "\n" }.joined().utf8))
  input.fileHandleForWriting.closeFile()
  let lines = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  #expect(process.terminationStatus == 0)
  #expect(lines == names.map { "\($0.epoch) \($0.block) \($0.index)\n" }.joined())
}

@Test(arguments: fuzzSeeds(400)) func keyId_fromBentText_isNilOrGivesThatTextAgain(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  let name = KeyId(epoch: random.next(), block: 7, index: 9)
  let real = text(name)
  #expect(id(real) == name && id(real.uppercased()) == name)
  let bent = random.bent(Array(real.utf8), bytesMax: 60)
  if let read = KeyId(bent.span) { #expect(Array(text(read).utf8) == bent.map { $0 | ($0 >= 0x41 ? 0x20 : 0) }) }
}

@Test func keyId_thatIsAnotherUuid_isNone() {
  #expect(id("01234567-89ab-4cde-800f-102030405060") == nil)
  #expect(id("01234567-89ab-8cde-900f-102030405060") == nil)
  #expect(id("01234567-89ab-8cde-801f-102030405060") == nil)
  #expect(id("") == nil && id("01234567-89ab-8cde-800f-10203040506") == nil)
}

/// Three rounds of the generator of the tests, which is another implementation of the same algorithm.
@Test func epoch_mixesLinkAndBothNonces() {
  func mix(_ value: UInt64) -> UInt64 {
    var random = SeededRandom(seed: value)
    return random.next()
  }
  #expect(KeyId.epoch(link: 1, aliceNonce: 2, bobNonce: 3) == mix(mix(mix(1) ^ 2) ^ 3))
  #expect(KeyId.epoch(link: 1, aliceNonce: 3, bobNonce: 2) != KeyId.epoch(link: 1, aliceNonce: 2, bobNonce: 3))
}
