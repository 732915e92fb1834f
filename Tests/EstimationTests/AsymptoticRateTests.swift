import Estimation
import Testing

/// Zero-rate error rates of theory.md section 6, tests 1, 2, 4 and 5, to six digits. The digits come from a separate
/// evaluation with mpmath that diagonalises the state after distillation and takes its entropy.
@Test(arguments: [
  (1, 0.126193, 0.110028), (2, 0.181012, 0.140709), (3, 0.204598, 0.154491), (4, 0.218107, 0.162716),
  (5, 0.226961, 0.168219), (8, 0.241652, 0.177523), (16, 0.255924, 0.186753),
])
func qberAtZeroRate_matchesTheEntropyOfTheState(block: Int, sixState: Double, bb84: Double) {
  #expect(abs(PerPulse.qberAtZeroRate(block: block, efficiency: 1) - sixState) < 1e-6)
  #expect(abs(PerBlock.qberAtZeroRate(block: block, efficiency: 1) - bb84) < 1e-6)
}

/// theory.md section 6, tests 8 and 9, and two more points, from the same separate evaluation.
@Test(arguments: [
  (0.207, 4, 1, 0.002217290248), (0.207, 4, 1.16, 0.001541863762), (0.05, 1, 1, 0.4968162683),
  (0.11, 2, 1, 0.1457514137), (0.02, 1, 1.16, 0.7354287803), (0.25, 16, 1, 6.573108594e-10),
])
func sixStateRate_matchesTheEntropyOfTheState(qber: Double, block: Int, efficiency: Double, expected: Double) {
  let rate = PerPulse.secretBitsPerSiftedBit(qber: qber, block: block, efficiency: efficiency)
  #expect(abs(rate - expected) < 1e-8 * expected)
}

@Test(arguments: [
  (0.05, 1, 1, 0.4272060858), (0.02, 1, 1.16, 0.6944884281), (0.12, 2, 1, 0.03756961665),
  (0.14, 3, 1.16, 0.00567033936), (0.16, 5, 1.16, 0.0001942388861), (0.18, 10, 1, 1.47524674e-8),
])
func bb84Rate_matchesTheEntropyOfTheWorstState(qber: Double, block: Int, efficiency: Double, expected: Double) {
  let rate = PerBlock.secretBitsPerSiftedBit(qber: qber, block: block, efficiency: efficiency)
  #expect(abs(rate - expected) < 1e-8 * expected)
}

@Test func rate_withoutErrorsIsOneBitPerBlockOfDistillation() {
  #expect(PerPulse.secretBitsPerSiftedBit(qber: 0, block: 1, efficiency: 1.2) == 1)
  #expect(PerBlock.secretBitsPerSiftedBit(qber: 0, block: 4, efficiency: 1.2) == 0.25)
}

@Test func rate_fallsWithErrorsAndSixStateIsNeverBelowBB84() {
  for block in 1...16 {
    var last = (six: 2.0, four: 2.0)
    for step in 0..<20 {
      let qber = Double(step) / 100
      let six = PerPulse.secretBitsPerSiftedBit(qber: qber, block: block, efficiency: 1)
      let four = PerBlock.secretBitsPerSiftedBit(qber: qber, block: block, efficiency: 1)
      #expect(six < last.six && four < last.four && four <= six + 1e-15)
      last = (six, four)
    }
  }
}
