import Estimation
import Foundation
import HostStorage
import Testing
import Units

/// A row, some of its planned counts, what error correction is charged, and the length of a block that goes as planned.
private struct Vector: Sendable {
  let row: PolicyRow
  let counts: [UInt64]
  let charged: [UInt64]
  let length: UInt64
}

/// The row of a design QBER in millionths and a size as a power of two.
private func row(_ variant: TwirlVariant, _ qberPpm: UInt32, _ sizeLog2: UInt8) -> PolicyRow {
  rows().first { $0.variant == variant && $0.qberPpm == qberPpm && $0.blockBitsLog2 == sizeLog2 }!
}

private func rows() -> [PolicyRow] { PolicyTable.rows.indices.map { PolicyTable.rows[$0] } }

extension PolicyRow {
  fileprivate var settings: DecoySettings? { DecoySettings(means: means, shares: shares) }
  fileprivate var light: Double { (0..<3).reduce(0) { $0 + means[$1].value * shares[$1].value } }
  fileprivate var planned: DecoyCounts { plannedCounts(sifted: 1 << UInt32(blockBitsLog2)) }

  fileprivate func result(for counts: DecoyCounts, leak: UInt64, confirmation: UInt64) -> KeyLengthResult {
    func result<Credit: SecurityCredit>(_ credit: Credit) -> KeyLengthResult {
      KeyLengthPlan(
        credit: credit, settings: settings!, block: Int(adBlock), tails: .streaming(planned: planned),
        multiPhotonTag: .crossClicks()
      ).result(for: counts, leakBits: leak, confirmationBits: confirmation)
    }
    return variant == .perPulse ? result(PerPulse()) : result(PerBlock())
  }

  /// The length with errors of signal and decoy times `factor`, charged as Tools/linkmodel.py charges.
  fileprivate func result(errors factor: Double) -> KeyLengthResult {
    let raised = planned.scaled(errors: factor).errors
    // Vacuum bits are mostly dark counts, whose error rate does not follow that of the light.
    let counts = DecoyCounts(
      sifted: planned.sifted, errors: [raised[0], raised[1], planned.errors[2]], crossClicks: planned.crossClicks)
    let bits = Double(counts.sifted[0] + counts.sifted[1] + counts.sifted[2])
    let qber = Double(counts.errors[0] + counts.errors[1] + counts.errors[2]) / bits
    let wrong = pow(qber, Double(adBlock))
    let accepted = wrong + pow(1 - qber, Double(adBlock))
    let kept = bits / Double(adBlock) * accepted
    let rate = wrong / accepted
    let points = [(0.001, 1.16), (0.005, 1.10), (0.01, 1.06)]
    let (low, high) = rate < 0.005 ? (points[0], points[1]) : (points[1], points[2])
    let slope = (high.1 - low.1) / log(high.0 / low.0)
    let efficiency = rate < 0.01 ? low.1 + slope * log(rate / low.0) : 1.06
    let leak = efficiency * kept * binaryEntropy(rate)
    let tiles = (kept / (adBlock > 1 ? 0x1p18 : 0x1p16)).rounded(.up)
    return result(for: counts, leak: UInt64(leak), confirmation: UInt64(65 * tiles))
  }
}

/// Planned counts after the rule in `plannedCounts`, lengths from Tools/keylength.py (mpmath, 40 digits, streaming,
/// cross-clicks), charges from Tools/linkmodel.py.
private let vectors = [
  Vector(row: row(.perPulse, 20_000, 20), counts: [66390, 1333, 13029], charged: [157_743, 1_040], length: 400_019),
  Vector(
    row: row(.perPulse, 80_000, 23), counts: [419_547, 33_609, 71_930], charged: [246_020, 910], length: 785_413),
  Vector(
    row: row(.perPulse, 207_000, 23), counts: [8_185_863, 1_703_944, 1_162], charged: [8_388, 130], length: 1_646),
  Vector(
    row: row(.perPulse, 220_000, 28), counts: [39_996_614, 8_832_372, 212_861], charged: [76_050, 2_535], length: 19_412
  ),
  Vector(
    row: row(.perBlock, 50_000, 22), counts: [358_533, 17_969, 35_352], charged: [1_275_596, 4_160], length: 801_986),
  Vector(
    row: row(.perBlock, 126_000, 25),
    counts: [3_111_670, 392_919, 107_510], charged: [247_417, 1_885], length: 167_903),
]

@Test func policyRow_asPlanned_hasTheLengthOfTheIndependentProgram() {
  for vector in vectors {
    let planned = vector.row.planned
    #expect([planned.sifted[1], planned.errors[1], planned.crossClicks[0]] == vector.counts)
    let result = vector.row.result(for: planned, leak: vector.charged[0], confirmation: vector.charged[1])
    #expect(result.length <= vector.length && result.length + 2 >= vector.length, "\(result.length)")
  }
}

@Test func policyTable_everyRow_canBeUsedAndMakesKey() {
  for row in rows() {
    let label = "\(row.variant) \(row.qberPpm) 2^\(row.blockBitsLog2)"
    #expect(row.settings != nil, "\(label)")
    #expect((1...16).contains(row.adBlock) && (10...28).contains(row.blockBitsLog2), "\(label)")
    #expect(row.meanSignal < 1 << 20 && row.meanSignal > row.meanDecoy + 200, "\(label)")
    #expect(row.plannedSignalPpm + row.plannedDecoyPpm + row.plannedVacuumPpm == 1_000_000, "\(label)")
    #expect(row.plannedErrorPpm >= row.qberPpm && row.edgePpm > row.plannedErrorPpm, "\(label)")
    let length = row.result(errors: 1).length
    #expect(length > 0, "\(label)")
  }
}

/// The predictor raises the error of the light, this test the counted errors: the two edges differ by what the light
/// does not explain.
@Test func policyEdge_isWhereTheLengthReachesZero() {
  for row in rows() {
    var some = 1.0
    var none = 0.499e6 / Double(row.plannedErrorPpm)
    for _ in 0..<40 {
      let middle = (some + none) / 2
      if row.result(errors: middle).length > 0 { some = middle } else { none = middle }
    }
    let edge = row.result(errors: some).qberUpper
    #expect(abs(edge / row.edge.value - 1) < 0.01, "\(row.qberPpm) 2^\(row.blockBitsLog2): \(edge) \(row.edgePpm)")
  }
}

@Test func policyTable_atHigherQber_sendsLessLight() {
  for (a, b) in zip(rows(), rows().dropFirst()) where a.variant == b.variant && a.blockBitsLog2 == b.blockBitsLog2 {
    #expect(a.qberPpm < b.qberPpm && a.adBlock <= b.adBlock)
    // A longer block of distillation bears more light; within one block length it falls.
    if a.adBlock == b.adBlock { #expect(a.light > b.light) }
  }
}

@Test(arguments: 0..<UInt64(40)) func policy_findsWhatASearchThroughSortedRowsFinds(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  for variant in [TwirlVariant.perPulse, .perBlock] {
    let qber = PartsPerMillion(.random(in: 0...240_000, using: &random))
    let blockBits = UInt32(pow(2, Double.random(in: 18...30, using: &random)))
    let choice = Policy.row(variant: variant, qber: qber, blockBits: blockBits)
    let good = rows().enumerated().filter { $0.element.variant == variant && $0.element.qber >= qber }
    let fitting = good.filter { 1 << UInt32($0.element.blockBitsLog2) <= blockBits }
      .sorted { ($1.element.blockBitsLog2, $0.element.qberPpm) < ($0.element.blockBitsLog2, $1.element.qberPpm) }
    let expected: PolicyChoice
    if let first = fitting.first {
      expected = .row(index: first.offset)
    } else if let least = good.map(\.element.blockBitsLog2).min() {
      expected = .none(.needsLargerBlock(sizeLog2: least))
    } else {
      expected = .none(.noKeyAtAnySize)
    }
    #expect(choice == expected, "\(variant) \(qber) \(blockBits)")
  }
}

@Test func policy_atTheEdgesOfTheTable_saysWhatIsMissing() {
  let perPulse = { Policy.row(variant: .perPulse, qber: PartsPerMillion($0), blockBits: $1) }
  #expect(perPulse(207_000, 1 << 21) == .none(.needsLargerBlock(sizeLog2: 22)))
  #expect(perPulse(220_000, 1 << 23) == .none(.needsLargerBlock(sizeLog2: 25)))
  #expect(perPulse(220_001, .max) == .none(.noKeyAtAnySize))
  #expect(perPulse(10_000, 1 << 19) == .none(.needsLargerBlock(sizeLog2: 20)))
  #expect(Policy.row(variant: .perBlock, qber: PartsPerMillion(140_001), blockBits: 1 << 28) == .none(.noKeyAtAnySize))
}

@Test func policy_atTheDesignOfARow_findsThatRow() {
  for (index, row) in rows().enumerated() {
    let choice = Policy.row(variant: row.variant, qber: row.qber, blockBits: 1 << UInt32(row.blockBitsLog2))
    #expect(choice == .row(index: index))
  }
}
