import Console
import FixedStorage
import Scpi
import Testing

private func answers(_ line: String) -> String {
  var user = Operator()
  return user.ask(line)
}

@Test func line_endsWithLineFeedAndTakesBlanksAndEmptyUnits() {
  #expect(
    answers("*OPC?") == "1\n" && answers("*OPC?\r*OPC?\r\n*OPC?") == "1\n1\n1\n" && answers(" \t*opc? \t\r") == "1\n")
  #expect(answers("").isEmpty && answers("\r").isEmpty && answers(" ; ;").isEmpty && answers("*OPC?;") == "1\n")
  #expect(answers("*OPC?;*OPC?;;*OPC?") == "1;1;1\n" && answers("*ESE 5") == "")
  #expect(answers("*ESE 5;*ESE?;*ESE 6;*ESE?") == "5;6\n" && answers("*ESE 5\n*ESE?") == "5\n")
}

/// Nothing is shown that was not asked for.
@Test func terminal_seesNoEchoAndNoPrompt() {
  var user = Operator()
  user.type(Array("MEAS:QBER?".utf8))
  let before = user.sent
  user.type([10])
  let after = user.sent
  #expect(before.isEmpty && after == [0x37, 10])
}

@Test func headers_continueWhereTheLastOneEnded() {
  func made(_ line: String) -> [ScpiNode] {
    var user = Operator()
    let requests = user.requests(line)
    return requests.map(\.node)
  }
  #expect(made("MEAS:QBER?;QBER:UPP?") == [.qber, .qberUpper])
  #expect(made("MEAS:QBER:UPP?;UPP?") == [.qberUpper, .qberUpper])
  #expect(made("MEAS:RATE:SIFT?;SECR?;:MEAS:DET?") == [.siftedRate, .secretRate, .detections])
  #expect(made("MEAS:RATE:SIFT?;*ESE 1;SECR?") == [.siftedRate, .secretRate])
  #expect(made("MEAS:QBER?;MEAS:QBER?") == [.qber] && made("MEAS:QBER?;:MEAS:QBER?") == [.qber, .qber])
  #expect(made("INT:SIGN 0.5;DEC 0.2") == [.signal, .decoy] && made("SOUR:INT:SIGN 0.5;DEC 0.2") == [.signal, .decoy])
  #expect(made("ABOR;STOP") == [.abort, .stop] && made(":INIT:IMM;:ABOR") == [.initiate, .abort])
  #expect(made("MEAS:QBER?\nQBER?") == [.qber])
  #expect(made("MEAS:RATE:SIFT?;QBER?") == [.siftedRate])
}

@Test func arguments_reachTheModule() {
  var user = Operator()
  let requests = user.requests("CONF:FIEL mean_signal , 4E5;FIEL? ad_block;:SOUR:INT:DEC .15;:DIAG:REG? IDENT")
  #expect(
    requests == [
      Made(node: .field, isQuery: false, number: 400_000, name: "mean_signal"),
      Made(node: .field, isQuery: true, name: "ad_block"), Made(node: .decoy, isQuery: false, number: 150_000),
      Made(node: .register, isQuery: true, name: "IDENT"),
    ])
}

@Test func headers_thatAreNone_haveTheirErrors() {
  let cases = [
    ("FOO", -113), ("MEAS:FOO?", -113), ("MEAS", -113), ("*FOO", -113), (":*CLS", -102), ("*CLS:X", -113),
    ("MEASUREMENTSS:QBER?", -112), ("*ABCDEFGHIJKLM", -112), ("MEAS:QBER?5", -111), ("MEAS:QBER??", -111),
    ("MEAS::QBER?", -102), ("MEAS:?", -102), ("?", -102), (":", -102), ("*", -102), ("*ESE,5", -102), ("MEAS#", -102),
    ("*ESE5", -113), ("'a'", -102), ("MEAS:QBER", -113), ("ABOR?", -113),
    (String(repeating: "A:", count: 40) + "B", -113),
  ]
  for (line, number) in cases {
    var user = Operator()
    let errors = user.errors(of: line)
    #expect(errors == [number], "\(line) \(errors)")
  }
}

/// A bad unit ends its line: what stands before it is done, what stands behind it is not.
@Test func unit_thatFails_endsItsLine() {
  var user = Operator()
  let made = user.requests("INT:SIGN 0.5;VACU 0.1;DEC 0.2;:ABOR")
  let errors = user.errors()
  #expect(made.map(\.node) == [.signal] && errors == [-113])
  let answered = user.ask("*OPC?;*ESE 300;*OPC?")
  #expect(answered == "1\n")
  user.refusal = .settingsConflict
  let refused = user.requests("CONF:APPL;DISC")
  user.refusal = nil
  let later = user.errors()
  #expect(refused == [.command(.apply)] && later == [-222, -221])
}

/// A line of 256 bytes is carried out; one more, or one byte of another kind, and it is dropped whole.
@Test func line_thatCannotBe_isDroppedWhole() {
  let full = "ABOR" + String(repeating: " ", count: 252)
  for (line, error) in [(full, nil), (full + " ", -223), ("ABOR\r", nil), ("ABOR;\u{7f}", -101)] as [(String, Int?)] {
    var user = Operator()
    let made = user.requests(line)
    let errors = user.errors()
    #expect(made == (error == nil ? [.command(.abort)] : []) && errors == (error.map { [$0] } ?? []), "\(line.count)")
  }
  for byte in UInt8.min ... .max {
    var user = Operator()
    user.type(Array("ABOR;".utf8) + [byte] + Array(";ABOR\n".utf8))
    let (made, errors) = (user.made.count, user.errors())
    let isBlank = byte == 0x20 || byte == 9 || byte == 13
    let isEnd = byte == 10
    let isPrintable = byte > 0x20 && byte < 0x7f
    if byte == 3 {
      #expect(made == 1 && errors.isEmpty)
    } else if isBlank || isEnd || byte == 0x3b {
      #expect(made == 2 && errors.isEmpty, "\(byte)")
    } else if isPrintable {
      #expect(made == 1 && errors.count == 1 && errors[0] != -101, "\(byte)")
    } else {
      #expect(made == 0 && errors == [-101], "\(byte)")
    }
  }
}

@Test func identity_isTheLastQueryOfItsLine() {
  var user = Operator()
  let answer = user.ask("*OPC?;*IDN?;*OPC?")
  let errors = user.errors()
  let after = user.ask("*IDN?;*CLS")
  let none = user.errors()
  #expect(answer == "1;7\n" && errors == [-440] && after == "7\n" && none.isEmpty)
}

// MARK: Errors and status

@Test func errors_comeOldestFirst_andTellWhenSomeWereLost() {
  var user = Operator()
  let empty = user.ask("SYST:ERR?;ERR:COUN?")
  #expect(empty == "0,\"No error\";0\n")
  _ = user.ask("FOO")
  _ = user.ask("*ESE 256")
  let first = user.ask("SYST:ERR:COUN?;:SYST:ERR?")
  let second = user.ask("SYST:ERR:NEXT?")
  #expect(first == "2;-113,\"Undefined header\"\n" && second == "-222,\"Data out of range\"\n")
  for _ in 0..<16 { _ = user.ask("FOO") }
  let full = user.ask("*ESR?;*ESR?")
  for _ in 0..<4 { _ = user.ask("FOO") }
  let lost = user.ask("*ESR?")
  let count = user.ask("SYST:ERR:COUN?")
  let errors = user.errors()
  #expect(full == "176;0\n" && lost == "40\n")
  #expect(count == "16\n" && errors == Array(repeating: -113, count: 15) + [-350])
  _ = user.ask("FOO")
  _ = user.ask("*CLS")
  let cleared = user.errors()
  #expect(cleared.isEmpty)
}

/// A module may say more about a refusal.
@Test func error_tellsWhatItIsAbout() {
  var user = Operator()
  _ = user.ask("ABOR")
  user.instrument.refuse(.settingsConflict, "mean_signal")
  let answer = user.ask("SYST:ERR?")
  #expect(answer == "-221,\"Settings conflict;mean_signal\"\n")
}

@Test func standardEvents_tellTheClassOfEachError() {
  var user = Operator()
  let start = user.ask("*ESR?;*ESR?")
  #expect(start == "128;0\n")
  for (line, event) in [("FOO", 32), ("*ESE 256", 16), ("*IDN?;*IDN?", 4), ("*OPC", 1)] {
    _ = user.ask(line)
    let events = user.ask("*ESR?;*ESR?")
    #expect(events == "\(event);0\n", "\(line)")
  }
  user.refusal = .queueOverflow
  _ = user.ask("ABOR")
  let device = user.ask("*ESR?")
  #expect(device == "8\n")
}

@Test func statusByte_sumsUpWhatIsEnabled() {
  var user = Operator()
  _ = user.ask("*CLS")
  let none = user.ask("*STB?")
  let answer = user.ask("*OPC?;*STB?")
  _ = user.ask("FOO")
  let error = user.ask("*STB?")
  _ = user.ask("*ESE 32")
  let event = user.ask("*STB?")
  _ = user.ask("*SRE 255")
  let request = user.ask("*STB?;*SRE?")
  _ = user.ask("*CLS")
  let cleared = user.ask("*STB?;*ESE?")
  #expect([none, answer, error, event] == ["0\n", "1;16\n", "4\n", "36\n"])
  #expect(request == "100;191\n" && cleared == "0;32\n")
}

@Test func conditions_becomeEventsByTheirFilters() {
  var user = Operator()
  _ = user.ask("STAT:OPER:ENAB 16;:STAT:QUES:ENAB 1024")
  var lit = ScpiConditions(isBusy: true)
  lit.set(ScpiOperation.exchanging, if: true)
  lit.set(ScpiQuestion.linkDown, if: true)
  lit.set(ScpiQuestion.fault, if: false)
  user.conditions = lit
  let rise = user.ask("*STB?;STAT:OPER:COND?;EVEN?;COND?;:STAT:QUES?;QUES:COND?")
  #expect(rise == "136;16;16;16;1024;1024\n")
  user.conditions = ScpiConditions(isBusy: false)
  let silent = user.ask("STAT:OPER?;OPER:COND?")
  #expect(silent == "0;0\n")
  _ = user.ask("STAT:OPER:NTR 16;PTR 0")
  user.conditions = lit
  let noRise = user.ask("STAT:OPER?")
  user.conditions = ScpiConditions(isBusy: false)
  let fall = user.ask("STAT:OPER?;OPER:NTR?;PTR?")
  #expect(noRise == "0\n" && fall == "16;16;0\n")
  _ = user.ask("STAT:OPER:ENAB 65535;:STAT:PRES")
  let preset = user.ask("STAT:OPER:ENAB?;NTR?;PTR?")
  let widest = user.ask("STAT:QUES:ENAB 65535;ENAB?")
  #expect(preset == "0;0;32767\n" && widest == "32767\n")
}

/// An event that comes and goes between two questions is told once.
@Test func event_staysUntilItIsRead() {
  var user = Operator()
  user.conditions.set(ScpiOperation.draining, if: true)
  user.turn()
  user.conditions = ScpiConditions(isBusy: false)
  user.turn()
  let told = user.ask("STAT:OPER?;OPER?;OPER:COND?")
  #expect(told == "512;0;0\n")
}

// MARK: Waiting

@Test func completionQuery_answersWhenTheOperationIsOver() {
  var user = Operator()
  let early = user.ask("INIT;*OPC?;:MEAS:QBER?")
  let made = user.made
  let next = user.ask("ABOR")
  let heldBack = user.made
  #expect(early.isEmpty && next.isEmpty && made == [.command(.initiate)] && heldBack == made)
  user.conditions.isBusy = false
  user.turn()
  let (sent, all) = (String(decoding: user.sent, as: UTF8.self), user.made.map(\.node))
  #expect(sent == "1;7\n" && all == [.initiate, .qber, .abort])
}

/// What others began is not waited for.
@Test func completionQuery_ofAModuleBusyByItself_answersAtOnce() {
  var user = Operator()
  user.conditions.isBusy = true
  let answer = user.ask("*WAI;*OPC?")
  #expect(answer == "1\n")
}

@Test func completionCommand_notesTheEndAndHoldsNothing() {
  var user = Operator()
  let during = user.ask("*CLS;INIT;*OPC;*ESR?")
  user.conditions.isBusy = false
  let after = user.ask("*ESR?;*ESR?")
  let cancelled = user.ask("INIT;*OPC;*CLS;*ESR?")
  user.conditions.isBusy = false
  let none = user.ask("*ESR?")
  #expect(during == "0\n" && after == "1;0\n" && cancelled == "0\n" && none == "0\n")
}

@Test func wait_holdsTheRestOfTheLine() {
  var user = Operator()
  let early = user.requests("INIT;*WAI;STOP")
  user.conditions.isBusy = false
  user.turn()
  let late = user.made
  #expect(early == [.command(.initiate)] && late == [.command(.initiate), .command(.stop)])
}

/// Ctrl-C ends any waiting, and drops what was typed; the operation goes on.
@Test func deviceClear_endsWaitingAndDropsInput() {
  var user = Operator()
  _ = user.ask("INIT;*OPC?;:MEAS:QBER?")
  user.type(Array("STOP\nABO".utf8) + [3])
  let answer = user.ask("*ESR?")
  let made = user.made
  let waits = user.ask("*OPC?")
  user.conditions.isBusy = false
  user.turn()
  let over = user.sent
  #expect(answer == "128\n" && made == [.command(.initiate)] && waits.isEmpty && over == [0x31, 10])
}

/// While a line waits, 512 bytes can be typed ahead and no more; none is lost.
@Test func input_whileALineWaits_staysInOrder() {
  var user = Operator()
  _ = user.ask("INIT;*OPC?")
  let ahead = String(repeating: "*ESE 5;*ESE?\n", count: 39)
  user.type(Array(ahead.utf8))
  let room = user.instrument.room
  user.conditions.isBusy = false
  user.turn()
  let sent = String(decoding: user.sent, as: UTF8.self)
  #expect(room == 512 - ahead.utf8.count && sent == "1\n" + String(repeating: "5\n", count: 39))
}

@Test func request_thatIsPostponed_comesAgainWhenTheModuleIsIdle() {
  var instrument = ScpiInstrument()
  for byte in "*RST;*OPC?\n".utf8 { instrument.take(byte) }
  let busy = ScpiConditions(isBusy: true)
  guard let request = instrument.next(under: busy, as: .secure) else {
    Issue.record("no request")
    return
  }
  instrument.postpone(request)
  let during = instrument.next(under: busy, as: .secure)
  let again = instrument.next(under: ScpiConditions(isBusy: false), as: .secure)
  let last = instrument.next(under: ScpiConditions(isBusy: false), as: .secure)
  let sent = instrument.output.count
  #expect(request.node == .reset && during == nil && again == request && last == nil && sent == 2)
}
