public import Console
import FixedStorage

/// Everything that a SCPI header can name, numbered in the order of the table.
public enum ScpiNode: UInt8, Sendable {
  case clear, eventEnable, eventStatus, identity, complete, recall, reset, save, serviceEnable, statusByte, selfTest
  case wait
  case qber, qberUpper, siftedRate, secretRate, siftedBits, secretBits, blocks, efficiency, detections
  case counts, bias, temperature
  case signal, decoy, vacuum, pulseDelay, pulseWidth, gateDelay, gateWidth, deadTime
  case field, fieldNames, changes, hash, apply, discard
  case initiate, stop, abort
  case operationCondition, operationEnable, operationEvent, operationFall, operationRise
  case questionableCondition, questionableEnable, questionableEvent, questionableFall, questionableRise, preset
  case alarm, console, error, errorCount, fault, headers, keyCount, link, session, state, version
  case register
}

/// Whether a header asks, orders, or either.
public enum ScpiForm: UInt8, Sendable {
  case query, command, both
}

/// What follows a header.
public enum ScpiArgument: UInt8, Sendable {
  case none
  /// A decimal number in the unit of the row.
  case number
  /// A name without quotation marks.
  case name
  /// A name, a comma and a number.
  case nameAndNumber
}

/// One row of the table of headers.
public struct ScpiRow: Sendable {
  public let node: ScpiNode
  /// The header as SCPI writes it: the short form in capitals, what may be left out in brackets.
  public let pattern: StaticString
  public let form: ScpiForm
  /// What a command takes.
  public let argument: ScpiArgument
  /// What a query takes.
  public let queryArgument: ScpiArgument
  public let unit: ScpiUnit
  /// The largest number, in steps of the unit, the smallest being zero; as large as may be if it is `UInt32.max`.
  public let numberMax: UInt32
  /// Whom a command obeys. Queries are for everyone.
  public let privilege: Privilege

  init(
    _ node: ScpiNode, _ pattern: StaticString, _ form: ScpiForm, _ argument: ScpiArgument = .none,
    asking queryArgument: ScpiArgument = .none, in unit: ScpiUnit = .count, to numberMax: UInt32 = .max,
    for privilege: Privilege = .observe
  ) {
    self.node = node
    self.pattern = pattern
    self.form = form
    self.argument = argument
    self.queryArgument = queryArgument
    self.unit = unit
    self.numberMax = numberMax
    self.privilege = privilege
  }

  /// Whether a header, without the question mark, names this row.
  public func matches(_ header: Span<UInt8>) -> Bool { Self.matches(header, pattern.ascii) }

  private static func matches(_ header: Span<UInt8>, _ pattern: Span<UInt8>) -> Bool {
    var start = 0
    var isOptional = false
    while start < pattern.count, isMark(pattern[start]) {
      isOptional = isOptional || pattern[start] == 0x5b
      start += 1
    }
    guard start < pattern.count else { return header.isEmpty }
    var end = start
    while end < pattern.count, !isMark(pattern[end]) { end += 1 }
    let rest = pattern.extracting(end..<pattern.count)
    if isOptional, matches(header, rest) { return true }
    var stop = 0
    while stop < header.count, header[stop] != 0x3a { stop += 1 }
    guard isForm(header.extracting(first: stop), of: pattern.extracting(start..<end)) else { return false }
    if stop == header.count { return matches(header.extracting(stop..<stop), rest) }
    // A colon has to have something behind it.
    return stop + 1 < header.count && matches(header.extracting((stop + 1)..<header.count), rest)
  }

  private static func isMark(_ byte: UInt8) -> Bool { byte == 0x3a || byte == 0x5b || byte == 0x5d }

  /// Whether a word is the short or the long form of a node, in letters of either size.
  private static func isForm(_ word: Span<UInt8>, of node: Span<UInt8>) -> Bool {
    var short = 0
    while short < node.count, node[short] < 0x61 { short += 1 }
    guard word.count == node.count || word.count == short else { return false }
    for i in word.indices where ScpiText.capital(word[i]) != ScpiText.capital(node[i]) { return false }
    return true
  }
}

extension ScpiNode {
  public var row: ScpiRow { scpiTable[Int(rawValue)] }

  /// The node that a header names, without its question mark; nil if there is none.
  public static func named(_ header: Span<UInt8>) -> ScpiNode? {
    for i in scpiTable.indices where scpiTable[i].matches(header) { return scpiTable[i].node }
    return nil
  }
}

/// The table of headers. Parsing, `SYSTem:HELP:HEADers?` and the manual page are derived from it.
public let scpiTable: [64 of ScpiRow] = [
  ScpiRow(.clear, "*CLS", .command),
  ScpiRow(.eventEnable, "*ESE", .both, .number, to: 255),
  ScpiRow(.eventStatus, "*ESR", .query),
  ScpiRow(.identity, "*IDN", .query),
  ScpiRow(.complete, "*OPC", .both),
  ScpiRow(.recall, "*RCL", .command, .number, to: 0, for: .operate),
  ScpiRow(.reset, "*RST", .command, for: .operate),
  ScpiRow(.save, "*SAV", .command, .number, to: 0, for: .operate),
  ScpiRow(.serviceEnable, "*SRE", .both, .number, to: 255),
  ScpiRow(.statusByte, "*STB", .query),
  ScpiRow(.selfTest, "*TST", .query),
  ScpiRow(.wait, "*WAI", .command),
  ScpiRow(.qber, "MEASure:QBER", .query),
  ScpiRow(.qberUpper, "MEASure:QBER:UPPer", .query),
  ScpiRow(.siftedRate, "MEASure:RATE:SIFTed", .query),
  ScpiRow(.secretRate, "MEASure:RATE:SECRet", .query),
  ScpiRow(.siftedBits, "MEASure:BITS:SIFTed", .query),
  ScpiRow(.secretBits, "MEASure:BITS:SECRet", .query),
  ScpiRow(.blocks, "MEASure:BLOCks", .query),
  ScpiRow(.efficiency, "MEASure:EFFiciency", .query),
  ScpiRow(.detections, "MEASure:DETections", .query),
  ScpiRow(.counts, "MEASure:COUNts", .query),
  ScpiRow(.bias, "MEASure:BIAS", .query),
  ScpiRow(.temperature, "MEASure:TEMPerature", .query),
  ScpiRow(
    .signal, "[SOURce:]INTensity:SIGNal", .both, .number, in: .photons, to: 1_048_575, for: .operate),
  ScpiRow(
    .decoy, "[SOURce:]INTensity:DECoy", .both, .number, in: .photons, to: 1_048_575, for: .operate),
  ScpiRow(
    .vacuum, "[SOURce:]INTensity:VACuum", .both, .number, in: .photons, to: 1_048_575, for: .operate),
  ScpiRow(
    .pulseDelay, "[SOURce:]PULSe:DELay", .both, .number, in: .seconds, to: 9_990, for: .operate),
  ScpiRow(
    .pulseWidth, "[SOURce:]PULSe:WIDTh", .both, .number, in: .seconds, to: 5_000, for: .operate),
  ScpiRow(
    .gateDelay, "SENSe:GATE:DELay", .both, .number, in: .seconds, to: 9_990, for: .operate),
  ScpiRow(
    .gateWidth, "SENSe:GATE:WIDTh", .both, .number, in: .seconds, to: 9_900, for: .operate),
  ScpiRow(.deadTime, "SENSe:DEADtime", .query),
  ScpiRow(
    .field, "CONFigure:FIELd", .both, .nameAndNumber, asking: .name, for: .operate),
  ScpiRow(.fieldNames, "CONFigure:CATalog", .query),
  ScpiRow(.changes, "CONFigure:CHANges", .query),
  ScpiRow(.hash, "CONFigure:HASH", .query),
  ScpiRow(.apply, "CONFigure:APPLy", .command, for: .operate),
  ScpiRow(.discard, "CONFigure:DISCard", .command, for: .operate),
  ScpiRow(.initiate, "INITiate[:IMMediate]", .command, for: .operate),
  ScpiRow(.stop, "STOP", .command, for: .operate),
  ScpiRow(.abort, "ABORt", .command, for: .operate),
  ScpiRow(.operationCondition, "STATus:OPERation:CONDition", .query),
  ScpiRow(
    .operationEnable, "STATus:OPERation:ENABle", .both, .number, to: 65_535),
  ScpiRow(.operationEvent, "STATus:OPERation[:EVENt]", .query),
  ScpiRow(
    .operationFall, "STATus:OPERation:NTRansition", .both, .number, to: 65_535),
  ScpiRow(
    .operationRise, "STATus:OPERation:PTRansition", .both, .number, to: 65_535),
  ScpiRow(.questionableCondition, "STATus:QUEStionable:CONDition", .query),
  ScpiRow(
    .questionableEnable, "STATus:QUEStionable:ENABle", .both, .number, to: 65_535),
  ScpiRow(.questionableEvent, "STATus:QUEStionable[:EVENt]", .query),
  ScpiRow(
    .questionableFall, "STATus:QUEStionable:NTRansition", .both, .number, to: 65_535),
  ScpiRow(
    .questionableRise, "STATus:QUEStionable:PTRansition", .both, .number, to: 65_535),
  ScpiRow(.preset, "STATus:PRESet", .command),
  ScpiRow(.alarm, "SYSTem:ALARm", .query),
  ScpiRow(.console, "SYSTem:CONSole", .command),
  ScpiRow(.error, "SYSTem:ERRor[:NEXT]", .query),
  ScpiRow(.errorCount, "SYSTem:ERRor:COUNt", .query),
  ScpiRow(.fault, "SYSTem:FAULt", .query),
  ScpiRow(.headers, "SYSTem:HELP:HEADers", .query),
  ScpiRow(.keyCount, "SYSTem:KEYS:COUNt", .query),
  ScpiRow(.link, "SYSTem:LINK", .query),
  ScpiRow(.session, "SYSTem:SESSion", .query),
  ScpiRow(.state, "SYSTem:STATe", .query),
  ScpiRow(.version, "SYSTem:VERSion", .query),
  ScpiRow(.register, "DIAGnostic:REGister", .query, asking: .name),
]
