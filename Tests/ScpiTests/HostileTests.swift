import Console
import FixedStorage
import HostStorage
import Scpi
import Testing

/// A line for each row and form, and what may stand between lines.
private func script() -> [UInt8] {
  var text = ""
  for i in scpiTable.indices {
    let row = scpiTable[i]
    let separator = i % 3 == 0 ? "\n" : ";:"
    if row.form != .query { text += "\(row.pattern)".filter { !"[]".contains($0) } + " 1E0 PS,a\(separator)" }
    if row.form != .command { text += "\(row.pattern)".filter { !"[]".contains($0) } + "?\(separator)" }
  }
  return Array(text.utf8)
}

/// Whatever arrives in whatever pieces, errors can be read afterwards, and nothing is sent but whole printable lines.
@Test(arguments: fuzzSeeds(200)) func instrument_ofAnyBytes_answersAfterwards(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  var user = Operator()
  let real = script()
  for _ in 0..<20 {
    let start = Int.random(in: 0..<real.count, using: &random)
    var rest = random.bent(Array(real[start...].prefix(400)), bytesMax: 700)[...]
    while !rest.isEmpty {
      let piece = rest.prefix(Int.random(in: 1...80, using: &random))
      rest = rest.dropFirst(piece.count)
      user.conditions = ScpiConditions(isBusy: Bool.random(using: &random))
      user.conditions.set(ScpiOperation.exchanging, if: Bool.random(using: &random))
      user.type(Array(piece))
    }
  }
  let sent = user.sent
  #expect(sent.allSatisfy { (0x20...0x7e).contains($0) || $0 == 10 })
  user.conditions = ScpiConditions(isBusy: false)
  user.type([3, 10])
  let answer = user.ask("SYST:ERR?")
  #expect(answer.hasSuffix("\"\n") && Int(answer.prefix { $0 != "," }) != nil, "\(answer)")
  let errors = user.errors()
  let empty = user.ask("*CLS;SYST:ERR:COUN?")
  #expect(errors.allSatisfy { -500 < $0 && $0 < 0 } && empty == "0\n")
}

/// A line in one piece and byte by byte come to the same.
@Test(arguments: fuzzSeeds(50)) func lines_inAnyPieces_comeToTheSame(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  let real = Array(script().shuffledLines(using: &random).prefix(300))
  // A device clear acts when it comes, so that it would act at another moment.
  let bytes = random.bent(real, bytesMax: 500).filter { $0 != 3 } + [10]
  var whole = Operator()
  whole.type(bytes)
  whole.conditions.isBusy = false
  whole.turn()
  var split = Operator()
  for byte in bytes { split.type([byte]) }
  split.conditions.isBusy = false
  split.turn()
  let (one, other) = (whole.made, split.made)
  let (first, second) = (whole.sent, split.sent)
  #expect(one == other && first == second)
}

extension [UInt8] {
  /// The lines of a script in another order.
  fileprivate func shuffledLines(using random: inout SeededRandom) -> [UInt8] {
    split(separator: 10).shuffled(using: &random).flatMap { $0 + [10] }
  }
}
