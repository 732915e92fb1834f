import FixedStorage
import HostStorage
import Reconciliation
import Units

/// What one tile cost and how it ended.
struct Outcome: Equatable {
  var finished = false
  var errors = 0
  var bitsFlipped = 0
  var bitsLeft = 0
  var disclosed = 0
  var disclosedByAlice = 0
  var roundTrips = 0
  var requestBytes = 0
}

/// Both ends in one place, joined by byte arrays.
struct Link: ~Copyable {
  var alice = ParityReference(
    words: .onHost(count: ParityReference.wordCount))
  var bob = Corrector(
    words: .onHost(count: Corrector.wordCount), asked: .onHost(count: Corrector.askedCount))
  var request = [UInt8](repeating: 0, count: CascadeLimits.messageBytesMax)
  var reply = [UInt8](repeating: 0, count: CascadeLimits.messageBytesMax)

  mutating func begin(_ pair: TilePair, seed: UInt64, schedule: CascadeSchedule, disclosureMax: Int = .max) {
    alice.begin(tile: pair.sent.span, bits: pair.bits, seed: seed, disclosureMax: disclosureMax)
    bob.begin(tile: pair.received.span, bits: pair.bits, seed: seed, schedule: schedule, disclosureMax: disclosureMax)
  }

  /// Steps until Bob asks or ends.
  mutating func step() -> Corrector.Step {
    while true {
      let step = ask()
      if step != .working { return step }
    }
  }

  private mutating func ask() -> Corrector.Step {
    var bytes = request
    var space = bytes.mutableSpan
    let step = bob.step(into: &space)
    request = bytes
    return step
  }

  mutating func answer(_ bytes: Int) throws(ReconciliationFault) -> (bytes: Int, disclosedBits: Int) {
    let question = Array(request[..<bytes])
    var answer = reply
    var space = answer.mutableSpan
    let sent = try alice.answer(question.span, into: &space)
    reply = answer
    return sent
  }

  mutating func accept(_ bytes: Int) throws(ReconciliationFault) -> Int {
    let answer = Array(reply[..<bytes])
    return try bob.accept(answer.span)
  }

  /// Runs one tile to its end. The charges of the two ends must agree message by message.
  mutating func reconcile(
    _ pair: TilePair, seed: UInt64, schedule: CascadeSchedule, disclosureMax: Int = .max
  ) throws -> Outcome {
    var outcome = Outcome()
    begin(pair, seed: seed, schedule: schedule, disclosureMax: disclosureMax)
    loop: while true {
      switch step() {
      case .working, .failed: break loop
      case .finished(let errors):
        outcome.finished = true
        outcome.errors = errors
        break loop
      case .ask(let bytes):
        let sent = try answer(bytes)
        outcome.requestBytes += bytes
        let received = try accept(sent.bytes)
        guard received == sent.disclosedBits else { throw ReconciliationFault.malformed }
      }
    }
    outcome.disclosed = bob.disclosedBits
    outcome.disclosedByAlice = alice.disclosedBits
    outcome.roundTrips = bob.roundTrips
    for i in 0..<pair.bits {
      let corrected = bob.corrected.bit(i)
      if corrected != pair.sent.span.bit(i) { outcome.bitsLeft += 1 }
      if corrected != pair.received.span.bit(i) { outcome.bitsFlipped += 1 }
    }
    return outcome
  }
}

/// A tile as sent and as received.
struct TilePair {
  let bits: Int
  let sent: [UInt64]
  var received: [UInt64]

  init(bits: Int, random: inout SeededRandom) {
    self.bits = bits
    sent = (0..<Bits.words(for: bits)).map { _ in random.next() }
    received = sent
  }

  /// Independent errors.
  init(bits: Int, errorRate: Double, random: inout SeededRandom) {
    self.init(bits: bits, random: &random)
    for i in 0..<bits where Double.random(in: 0..<1, using: &random) < errorRate { flip(i) }
  }

  mutating func flip(_ i: Int) { received[i / 64] ^= 1 << UInt64(i % 64) }

  var errors: Int { (0..<bits).count { sent.span.bit($0) != received.span.bit($0) } }
}

func schedule(bits: Int, errorRate: Double) -> CascadeSchedule {
  CascadeSchedule(bits: bits, expectedQber: PartsPerMillion(UInt32(errorRate * 1_000_000)))
}
