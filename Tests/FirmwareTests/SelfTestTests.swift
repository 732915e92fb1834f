import Foundation
import Testing

@testable import Firmware

/// What a tally prints, and its verdict.
private func tell(_ count: (inout Tally) -> Void) -> (lines: String, isGood: Bool) {
  let pipe = Pipe()
  var tally = Tally(output: StandardStream(descriptor: pipe.fileHandleForWriting.fileDescriptor))
  count(&tally)
  let isGood = tally.finish()
  pipe.fileHandleForWriting.closeFile()
  return (String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self), isGood)
}

@Test func tally_countsAndTellsWhatWasExpectedAndFound() {
  let mixed = tell { tally in
    tally.expect("one", 1, is: 1)
    tally.expect("two", 3, is: 2)
    tally.expect("three", false)
    tally.expect("half", 0.5, near: 0.5, within: 1e-9)
    tally.expect("third", 0.34, near: 0.33, within: 1e-9)
  }
  #expect(!mixed.isGood)
  let lines = mixed.lines.split(separator: "\n")
  #expect(lines.count == 4 && lines.last == "2 passed, 3 failed")
  #expect(lines.first == "selftest: two: expected=0x0000000000000002 found=0x0000000000000003")
}

@Test func tally_isGoodOnlyWhenSomethingPassedAndNothingFailed() {
  let good = tell { tally in tally.expect("one", 1, is: 1) }
  #expect(good.isGood && good.lines == "1 passed, 0 failed\n")
  let empty = tell { _ in }
  #expect(!empty.isGood && empty.lines == "0 passed, 0 failed\n")
}

@Test func selfTest_ofTheProgram_passes() throws {
  let ending = try Program(["--selftest"]).finish()
  #expect(ending.status == 0 && ending.complaints.isEmpty)
  #expect(ending.output.wholeMatch(of: /\d{3,} passed, 0 failed\n/) != nil, "\(ending.output)")
}
