import FixedStorage

extension ScpiInstrument {
  /// Carries out what needs nothing of the module; false if the module has to.
  mutating func perform(_ request: ScpiRequest) -> Bool {
    switch request.node {
    case .clear: clear()
    case .eventEnable: if request.isQuery { answer(status.eventEnable) } else { status.eventEnable = byte(request) }
    case .eventStatus: answer(status.takeEvents())
    case .complete: complete(request.isQuery)
    case .serviceEnable:
      if request.isQuery { answer(status.serviceEnable) } else { status.serviceEnable = byte(request) }
    case .statusByte: answer(status.byte(hasErrors: errors.count > 0, hasAnswer: hasAnswered))
    case .wait: hold = .wait(answers: false)
    case .operationCondition: tell(Self.use(.condition, of: &status.operation, request))
    case .operationEnable: tell(Self.use(.enable, of: &status.operation, request))
    case .operationEvent: tell(Self.use(.event, of: &status.operation, request))
    case .operationFall: tell(Self.use(.fall, of: &status.operation, request))
    case .operationRise: tell(Self.use(.rise, of: &status.operation, request))
    case .questionableCondition: tell(Self.use(.condition, of: &status.questionable, request))
    case .questionableEnable: tell(Self.use(.enable, of: &status.questionable, request))
    case .questionableEvent: tell(Self.use(.event, of: &status.questionable, request))
    case .questionableFall: tell(Self.use(.fall, of: &status.questionable, request))
    case .questionableRise: tell(Self.use(.rise, of: &status.questionable, request))
    case .preset:
      status.operation.preset()
      status.questionable.preset()
    case .error: answer(errors.pop())
    case .errorCount: answer(decimal: UInt64(errors.count))
    case .headers: hold = .help(0)
    case .version: answer("1999.0")
    case .identity, .recall, .reset, .save, .selfTest, .qber, .qberUpper, .siftedRate, .secretRate, .siftedBits,
      .secretBits, .blocks, .efficiency, .detections, .counts, .bias, .temperature, .signal, .decoy, .vacuum,
      .pulseDelay, .pulseWidth, .gateDelay, .gateWidth, .deadTime, .field, .fieldNames, .changes, .hash, .apply,
      .discard,
      .initiate, .stop, .abort, .alarm, .fault, .console,
      .keyCount, .link, .session, .state, .register:
      return false
    }
    return true
  }

  private enum RegisterPart { case condition, enable, event, fall, rise }

  /// Asks or sets one part of a register; returns what a query answers.
  // Static, because the compiler tracks fields of `self` apart only as separate arguments.
  private static func use(
    _ part: RegisterPart, of register: inout ScpiRegister, _ request: ScpiRequest
  ) -> UInt16? {
    let word = UInt16(truncatingIfNeeded: request.number)
    switch part {
    case .condition: return register.condition
    case .event: return register.takeEvents()
    case .enable:
      if request.isQuery { return register.enable }
      register.enable = word
    case .fall:
      if request.isQuery { return register.fall }
      register.fall = word
    case .rise:
      if request.isQuery { return register.rise }
      register.rise = word
    }
    return nil
  }

  private mutating func tell(_ word: UInt16?) { if let word { answer(decimal: UInt64(word)) } }

  private func byte(_ request: ScpiRequest) -> UInt8 { UInt8(truncatingIfNeeded: request.number) }

  /// Events and errors are forgotten, and with them that the end of the operation was to be noted.
  private mutating func clear() {
    status.clear()
    errors.clear()
    isCompletionAsked = false
  }

  private mutating func complete(_ isQuery: Bool) {
    if isQuery {
      hold = .wait(answers: true)
    } else if isOperationPending {
      isCompletionAsked = true
    } else {
      status.events |= ScpiEvent.complete
    }
  }

  private mutating func answer(_ byte: UInt8) { answer(decimal: UInt64(byte)) }

  /// Number and text of an error; behind a semicolon what it is about.
  private mutating func answer(_ entry: ScpiErrorEntry) {
    answer(scaled: Int64(entry.error.rawValue), places: 0)
    text.append(",\"")
    text.append(entry.error.summary)
    if entry.detail.utf8CodeUnitCount > 0 {
      text.append(0x3b)
      text.append(entry.detail)
    }
    text.append(0x22)
  }
}
