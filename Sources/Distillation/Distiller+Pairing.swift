import AdvantageDistillation
import FixedStorage
import Reconciliation
import Sifting
import Units
import Wire

/// How far advantage distillation is. Groups travel in messages of `Distiller.groupsPerMessage`.
struct PairingProgress {
  /// Alice: messages of parities sent, and those that Bob has answered.
  var sent = 0
  var answered = 0
  /// Bob: messages of parities taken, and those whose rejected groups are disclosed.
  var heard = 0
  var settled = 0
  /// Bits kept so far.
  var kept = 0
  /// Bob: the group behind the one whose kept bit was corrected last.
  var nextGroup = 0
}

extension Distiller {
  static var groupsPerMessage: Int { 2048 }
  /// Messages of parities that wait for Bob's answer; the answers of all of them fit into a free frame of the outbox.
  static var pairingMessagesInFlight: Int { 8 }

  private var group: ParityGroup { ParityGroup(length: adBlock) }
  private var groups: Int { siftedBits / adBlock }
  private var pairingMessages: Int { (groups + Self.groupsPerMessage - 1) / Self.groupsPerMessage }

  private func groups(ofMessage number: Int) -> Range<Int> {
    let first = number * Self.groupsPerMessage
    return first..<min(groups, first + Self.groupsPerMessage)
  }

  mutating func beginPairing(_ channel: inout BlockChannel) {
    guard groups > 0 else { return refuse(.nothingKept, &channel) }
    phase = .comparingParities
  }

  /// Alice: the parities of the next groups; false when enough are on their way.
  mutating func sendParities(_ channel: inout BlockChannel) -> Bool {
    guard pairing.sent < pairingMessages, pairing.sent - pairing.answered < Self.pairingMessagesInFlight else {
      return false
    }
    storage.payload.clear()
    storage.payload.put32(UInt32(pairing.sent))
    var bits = BitWriter()
    let range = groups(ofMessage: pairing.sent)
    for number in range {
      let own = storage.strings.block.bits(at: number * group.length, count: group.length)
      bits.put(group.parities(of: own), bits: group.length - 1, into: &storage.payload)
    }
    bits.finish(into: &storage.payload)
    send(.parities, discloses: .givenUp(range.count * (group.length - 1)), &channel)
    pairing.sent += 1
    return true
  }

  /// Bob: compares parities and says which groups are accepted. Of an accepted group the first bit is kept, and its
  /// place is zeroed; a rejected one is replaced by its first bit and what the parities differ in.
  mutating func takeParities(
    ofGroups payload: Span<UInt8>, _ reader: inout ByteReader, _ channel: inout BlockChannel
  ) throws(PayloadError) {
    let number = Int(try reader.take32(from: payload))
    guard number == pairing.heard, number < pairingMessages else { throw .outOfRange }
    var bits = BitReader(at: reader.offset)
    storage.payload.clear()
    storage.payload.put32(UInt32(number))
    var flags = BitWriter()
    let range = groups(ofMessage: number)
    for number in range {
      let place = number * group.length
      let own = storage.strings.block.bits(at: place, count: group.length)
      // What the parities differ in is public: Bob tells whether it is nothing, Alice discloses the rest.
      let difference = try bits.take(bits: group.length - 1, from: payload) ^ group.parities(of: own)
      flags.put(difference == 0 ? 1 : 0, bits: 1, into: &storage.payload)
      if difference == 0 { keep(own & 1) }
      let note = difference == 0 ? 0 : difference << 1 | own & 1
      storage.strings.block.setBits(at: place, count: group.length, to: note)
    }
    try bits.finish(payload)
    flags.finish(into: &storage.payload)
    channel.charge(.givenUp(range.count * (group.length - 1)), in: half)
    send(.accepted, discloses: .nothing, &channel)
    pairing.heard += 1
  }

  /// Alice: keeps the first bits of accepted groups and discloses those of rejected ones, and with the last of them the
  /// bits that fill no group.
  mutating func takeAccepted(
    _ payload: Span<UInt8>, _ reader: inout ByteReader, _ channel: inout BlockChannel
  ) throws(PayloadError) {
    let number = Int(try reader.take32(from: payload))
    guard number == pairing.answered, number < pairing.sent else { throw .outOfRange }
    var flags = BitReader(at: reader.offset)
    storage.payload.clear()
    storage.payload.put32(UInt32(number))
    var bits = BitWriter()
    var given = 0
    for number in groups(ofMessage: number) {
      let first = storage.strings.block.bit(number * group.length)
      if try flags.take(bits: 1, from: payload) == 1 {
        keep(first)
      } else {
        bits.put(first, bits: 1, into: &storage.payload)
        given += 1
      }
    }
    try flags.finish(payload)
    pairing.answered += 1
    if pairing.answered == pairingMessages {
      for place in groups * group.length..<siftedBits {
        bits.put(storage.strings.block.bit(place), bits: 1, into: &storage.payload)
        given += 1
      }
    }
    bits.finish(into: &storage.payload)
    send(.rejected, discloses: .givenUp(given), &channel)
    if pairing.answered == pairingMessages { finishPairing(&channel) }
  }

  /// Bob: completes the errors of rejected groups.
  mutating func takeRejected(
    _ payload: Span<UInt8>, _ reader: inout ByteReader, _ channel: inout BlockChannel
  ) throws(PayloadError) {
    let number = Int(try reader.take32(from: payload))
    guard number == pairing.settled, number < pairing.heard else { throw .outOfRange }
    var bits = BitReader(at: reader.offset)
    var given = 0
    for number in groups(ofMessage: number) {
      let place = number * group.length
      let note = storage.strings.block.bits(at: place, count: group.length)
      guard note != 0 else { continue }
      let firstDiffers = try bits.take(bits: 1, from: payload) ^ (note & 1)
      let errors = group.errors(difference: note >> 1, firstDiffers: firstDiffers)
      storage.strings.block.setBits(at: place, count: group.length, to: errors)
      given += 1
    }
    pairing.settled += 1
    if pairing.settled == pairingMessages {
      for place in groups * group.length..<siftedBits {
        let error = try bits.take(bits: 1, from: payload) ^ storage.strings.block.bit(place)
        storage.strings.block.setBit(place, to: error)
        given += 1
      }
    }
    try bits.finish(payload)
    channel.charge(.givenUp(given), in: half)
    if pairing.settled == pairingMessages { finishPairing(&channel) }
  }

  private mutating func keep(_ bit: UInt64) {
    storage.strings.kept.setBit(pairing.kept, to: bit)
    pairing.kept += 1
  }

  private mutating func finishPairing(_ channel: inout BlockChannel) {
    keptBits = pairing.kept
    summary.keptBits = keptBits
    guard keptBits > 0 else { return refuse(.nothingKept, &channel) }
    qberOfTiles = expectedKeptQber
    phase = .reconciling
  }

  /// The error rate of kept bits that the share of accepted groups suggests, if errors are independent: accepted is
  /// (1 - Q)^b + Q^b, and of those Q^b are wrong. It only sets up the first tile. No rate explains fewer groups than
  /// at Q = 1/2; whatever the peer says, the rate is at most that.
  private var expectedKeptQber: PartsPerMillion {
    let accepted = Double(keptBits) / Double(groups)
    var low = 0.0
    var high = 0.5
    for _ in 0..<30 {
      let middle = (low + high) / 2
      if powers(middle).wrong + powers(middle).right > accepted { low = middle } else { high = middle }
    }
    // So few accepted groups as no error rate explains: what a hostile peer may pretend.
    return PartsPerMillion(UInt32(1_000_000 * min(0.49, powers(low).wrong / accepted)) + 1)
  }

  private func powers(_ qber: Double) -> (wrong: Double, right: Double) {
    var wrong = 1.0
    var right = 1.0
    for _ in 0..<adBlock {
      wrong *= qber
      right *= 1 - qber
    }
    return (wrong, right)
  }

  /// Bob: notes which accepted groups were wrong from what was corrected in one tile, in order. An accepted group is
  /// all right or all wrong, and it is the next one whose place is zero.
  mutating func noteErrors(ofTile tile: Int) {
    let offset = (tile - unconfirmedTile) * Self.tileBits
    for bit in 0..<bits(ofTile: tile) {
      let kept = place(ofTile: tile).lowerBound + bit
      let isWrong = storage.strings.kept.bit(kept) ^ storage.strings.corrected.bit(offset + bit)
      var place = pairing.nextGroup * group.length
      while storage.strings.block.bits(at: place, count: group.length) != 0 { place += group.length }
      if isWrong == 1 { storage.strings.block.setBits(at: place, count: group.length, to: group.ones) }
      pairing.nextGroup = place / group.length + 1
    }
  }

  /// Bob: counts the errors of one bin of the permuted string by intensity; true after the last.
  mutating func countErrorsOneStep() -> Bool {
    var counts = summary.errors.triple
    storage.countOnes(of: countedBins, into: &counts)
    summary.errors = IntensityCounts(signal: counts[0], decoy: counts[1], vacuum: counts[2])
    countedBins += 1
    return countedBins == storage.permutation.binCount
  }
}

extension Distiller.Storage {
  /// Adds the errors of the tile at `place` of the permuted string, the first of `strings.corrected`.
  mutating func countErrors(at place: Range<Int>, into counts: inout [3 of UInt64]) {
    Self.countErrors(at: place, &permutation, strings.corrected, into: &counts)
  }

  fileprivate mutating func countOnes(of bin: Int, into counts: inout [3 of UInt64]) {
    Self.countOnes(of: bin, &permutation, strings.block, into: &counts)
  }

  // Static, because the compiler tracks fields of `self` apart only as separate arguments.
  private static func countOnes(
    of bin: Int, _ permutation: inout BlockPermutation, _ string: borrowing Block<UInt64>,
    into counts: inout [3 of UInt64]
  ) {
    permutation.countOnes(of: bin, in: string, into: &counts)
  }

  private static func countErrors(
    at place: Range<Int>, _ permutation: inout BlockPermutation, _ errors: borrowing Block<UInt64>,
    into counts: inout [3 of UInt64]
  ) {
    for bin in permutation.bins(over: place) {
      permutation.countOnes(of: bin, at: place, in: errors, into: &counts)
    }
  }
}
