import Console
import Controller
import FixedStorage
import Ports
import Scpi

/// Counts what a self-test found, and tells each failure in a line of its own.
struct Tally: ~Copyable {
  private(set) var passed: UInt64 = 0
  private(set) var failed: UInt64 = 0
  private let output: StandardStream

  init(output: StandardStream) { self.output = output }

  /// Compares one value with what it has to be.
  mutating func expect(_ subject: StaticString, _ found: UInt64, is expected: UInt64) {
    guard found != expected else {
      passed += 1
      return
    }
    failed += 1
    var text = Line()
    text.append("selftest: ")
    text.append(subject)
    text.append(": expected=0x")
    text.append(hexadecimal: expected, digits: 16)
    text.append(" found=0x")
    text.append(hexadecimal: found, digits: 16)
    output.writeLine(text)
  }

  mutating func expect(_ subject: StaticString, _ holds: Bool) { expect(subject, holds ? 1 : 0, is: 1) }

  /// Compares within a part in `2^tolerance`; a failure shows the IEEE 754 bits.
  mutating func expect(_ subject: StaticString, _ found: Double, near expected: Double, within tolerance: Double) {
    let isNear = (found - expected).magnitude <= tolerance * expected.magnitude
    expect(subject, isNear ? expected.bitPattern : found.bitPattern, is: expected.bitPattern)
  }

  /// Prints the count; true only when something passed and nothing failed.
  func finish() -> Bool {
    var text = Line()
    text.append(decimal: passed)
    text.append(" passed, ")
    text.append(decimal: failed)
    text.append(" failed")
    output.writeLine(text)
    return failed == 0 && passed > 0
  }
}

/// SplitMix64 (Steele, Lea and Flood, 2014), which the vectors were drawn with.
struct VectorRandom {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z &>> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z &>> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z &>> 31)
  }
}

/// Known answers of every stage, computed with other programs, asked of the very image that runs on the device.
func runSelfTest() -> Bool {
  var tally = Tally(output: .output)
  testStaticMemory(&tally)
  testText(&tally)
  testScpi(&tally)
  testChecksums(&tally)
  testFields(&tally)
  testFrame(&tally)
  testSifting(&tally)
  testStates(&tally)
  testEstimation(&tally)
  testReconciliation(&tally)
  testField(&tally)
  testTags(&tally)
  testConfirmation(&tally)
  testToeplitz(&tally)
  testKeyStores(&tally)
  testDistillation(&tally)
  return tally.finish()
}

/// A static block starts zeroed and keeps what is written to its ends.
private func testStaticMemory(_ tally: inout Tally) {
  var arena = Arena()
  var inbox = arena.block(.inbox, of: UInt8.self, count: 1 << 16)
  let last = inbox.count - 1
  tally.expect("static memory starts zeroed", inbox[0] == 0 && inbox[last] == 0)
  inbox[0] = 0x5a
  inbox[last] = 0xa5
  tally.expect("static memory keeps its first byte", UInt64(inbox[0]), is: 0x5a)
  tally.expect("static memory keeps its last byte", UInt64(inbox[last]), is: 0xa5)
  inbox.wipe()
  tally.expect("static memory is wiped", inbox[0] == 0 && inbox[last] == 0)
}

/// What is put together byte by byte is what a reader sees.
private func testText(_ tally: inout Tally) {
  var text = Line()
  text.append("gimbal")
  let name: StaticString = "gimbal"
  tally.expect("text as it is read", name.matches(text.utf8))
  text.append(decimal: 1_024)
  text.append(hexadecimal: 0xbeef, digits: 4)
  let whole: StaticString = "gimbal1024beef"
  tally.expect("text with numbers", whole.matches(text.utf8))
}

/// A line with what the instrument knows by itself, and a request with what was read of it.
private func testScpi(_ tally: inout Tally) {
  var scpi = ScpiInstrument()
  let line: StaticString = "*ESE 5;*ESE?;:SYST:ERR?;:SENS:GATE:DEL 1.75 NS;:DIAG:REG? IDENT\n"
  for i in line.ascii.indices { scpi.take(line.ascii[i]) }
  let conditions = ScpiConditions(isBusy: false)
  let delay = scpi.next(under: conditions, as: .secure)
  tally.expect("scpi number", delay?.number ?? 0, is: 1_750)
  let answer: StaticString = "5;0,\"No error\""
  tally.expect("scpi answer", answer.matches(scpi.output))
  let register: StaticString = "IDENT"
  guard let read = scpi.next(under: conditions, as: .secure) else { return tally.expect("scpi request", false) }
  tally.expect("scpi name", register.matches(scpi.name(of: read)))
}
