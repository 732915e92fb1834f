import Acquisition
import Console
public import Distillation
import Drivers
import Estimation
import Health
public import FixedStorage
import KeyStore
public import LinkControl
import Ports
import Units
import Wire

extension Controller where End: ~Copyable, Board: ~Copyable {
  /// Whether the classical link to the peer stands.
  public var hasLink: Bool { linkIsUp }

  /// The facts of the module for the operator: columns, units, one subject a line.
  func status(on terminal: inout Screen) {
    stateLine(on: &terminal)
    var text = Line()
    text.append("session  ")
    text.append(lastEnd)
    terminal.printLine(text)
    linkLine(on: &terminal)
    policyLines(on: &terminal)
    blockLines(on: &terminal)
    platesLine(on: &terminal)
    slotLine(on: &terminal)
    if settings[.adaptive] != 0 { followingLine(on: &terminal) }
    text.clear()
    text.append("faults   ")
    if case .faulted(let cause) = state { text.append(cause) } else { text.append("none") }
    terminal.printLine(text)
    timingLine(on: &terminal)
    text.clear()
    text.append("alarms   active ", UInt64(alarms.active.nonzeroBitCount))
    text.append("  latched ", UInt64(alarms.latched.nonzeroBitCount))
    terminal.printLine(text)
  }

  func timingLine(on terminal: inout Screen) {
    var text = Line()
    text.append("timing   deadline misses ", deadlineMisses)
    text.append("  ticks ", ticks)
    terminal.printLine(text)
  }

  private func stateLine(on terminal: inout Screen) {
    var text = Line()
    text.append("state    ")
    text.append(state.name)
    if let deadline = state.deadline {
      text.append("  deadline ")
      text.append(scaled: deadline > now ? (deadline - now).count / 10_000_000 : 0, places: 2)
      text.append(" s")
    }
    terminal.printLine(text)
  }

  private func linkLine(on terminal: inout Screen) {
    var text = Line()
    text.append("link     ")
    text.append(linkIsUp ? "up" : "down")
    text.append("  received ", inbox.bytesReceived)
    text.append(" B  sent ", core.channel.bytesSent)
    text.append(" B")
    terminal.printLine(text)
  }

  /// Which row of the policy is in force, and why.
  func policyLines(on terminal: inout Screen) {
    var text = Line()
    text.append("policy   ")
    if configuration.policyRow == LinkConfiguration.manualRow {
      text.append("none: the light was set by hand")
    } else {
      let row = PolicyTable.rows[Int(configuration.policyRow)]
      text.append("row ", UInt64(configuration.policyRow))
      text.append(": up to ")
      text.append(scaled: UInt64(row.qberPpm) / 100, places: 2)
      text.append(" % in blocks from 2^", UInt64(row.blockBitsLog2))
      text.append(" bits, ends at a bound of ")
      text.append(scaled: UInt64(row.edgePpm) / 100, places: 2)
      text.append(" %")
    }
    text.append("  ad block ", UInt64(configuration.adBlock))
    terminal.printLine(text)
    text.clear()
    text.append("         ")
    text.append(policyReason.summary)
    terminal.printLine(text)
  }

  private func blockLines(on terminal: inout Screen) {
    let totals = core.totals
    var text = Line()
    text.append("blocks   ok ", totals.blocksOk)
    text.append("  aborted ", totals.blocksAborted)
    if let refusal = totals.lastRefusal {
      text.append("  last refusal ")
      text.append(refusal.name)
    }
    terminal.printLine(text)
    text.clear()
    text.append("qber     ")
    if totals.confirmedBits == 0 {
      text.append("none yet")
    } else {
      text.append(scaled: totals.qberPpm / 100, places: 2)
      text.append(" %  upper bound ")
      text.append(scaled: totals.qberUpperPpm / 100, places: 2)
      text.append(" %")
    }
    terminal.printLine(text)
    text.clear()
    text.append("bits     detections ", totals.detections)
    text.append("  sifted ", totals.siftedNow)
    text.append("  disclosed ", totals.disclosedBits)
    text.append("  secret ", totals.netSecretBits)
    terminal.printLine(text)
    text.clear()
    text.append("keys     in store ", UInt64(core.keys.count))
    text.append("  authentication pool ", UInt64(core.pool.unusedBytes))
    text.append(" B")
    terminal.printLine(text)
  }

  /// What is known of the errors of the finished blocks.
  func showErrors(on terminal: inout Screen) { terminal.showErrors(core.totals, planned: configuration.plannedQber) }

  /// The way to the peer and the frames that were agreed on.
  func showLink(on terminal: inout Screen) {
    linkLine(on: &terminal)
    var text = Line()
    text.append(window)
    terminal.printLine(text)
    text.clear()
    text.append("session  ")
    text.append(lastEnd)
    terminal.printLine(text)
  }

  /// The facts of `status` for scripts, one `key=value` a line.
  func report(on terminal: inout Screen) {
    var text = Line()
    text.append("state=")
    text.append(state.name)
    terminal.printLine(text)
    text.clear()
    text.append("session=")
    text.append(lastEnd.name)
    terminal.printLine(text)
    if case .faulted(let cause) = state {
      text.clear()
      text.append("fault=")
      text.append(cause.kind.name)
      terminal.printLine(text)
    }
    terminal.printFact("link_up", linkIsUp ? 1 : 0)
    terminal.printFacts(core.totals, configuration)
    terminal.printFact("keys", UInt64(core.keys.count))
    terminal.printFact("auth_pool_bytes", UInt64(core.pool.unusedBytes))
    terminal.printFact("deadline_misses", deadlineMisses)
    terminal.printFact("ticks", ticks)
  }

  /// The wire to the gateware, and on Bob's side the detectors.
  func showCounters(on terminal: inout Screen) {
    let wire = end.wireCounters
    var text = Line()
    text.append("wire     transfers ", wire.transfers)
    text.append("  retries ", wire.retries)
    text.append("  damaged commands ", wire.commandsDamaged)
    text.append("  damaged replies ", wire.repliesDamaged)
    terminal.printLine(text)
    guard End.role == .bob else { return }
    terminal.print("detector      counts       bias  temperature\r\n")
    for i in detectorNames.indices {
      text.clear()
      text.append(detectorNames[i])
      text.pad(to: 9)
      text.append(decimal: UInt64(readings.counts[i]), width: 11)
      text.append(decimal: UInt64(readings.biasNa[i]), width: 8)
      text.append(" nA")
      let milliC = readings.temperatureMilliC[i]
      text.append(milliC < 0 ? "    -" : "     ")
      text.append(scaled: UInt64(milliC.magnitude) / 10, places: 2)
      text.append(" C")
      terminal.printLine(text)
    }
  }
}

// Compiled once, where a controller is compiled for each role.
extension Screen {
  @inline(never)
  fileprivate mutating func showErrors(_ totals: SessionTotals, planned: PartsPerMillion) {
    var text = Line()
    guard totals.confirmedBits > 0 else {
      text.append("qber     no block yet; the plan expects ")
      text.append(scaled: UInt64(planned.count) / 100, places: 2)
      text.append(" %")
      return printLine(text)
    }
    text.append("qber     ")
    text.append(scaled: totals.qberPpm / 100, places: 2)
    text.append(" % of ", totals.confirmedBits)
    text.append(" confirmed bits  planned ")
    text.append(scaled: UInt64(planned.count) / 100, places: 2)
    text.append(" %")
    printLine(text)
    text.clear()
    text.append("bound    ")
    text.append(scaled: totals.qberUpperPpm / 100, places: 2)
    text.append(" % at most, of single photons")
    printLine(text)
    text.clear()
    text.append("told     ", totals.disclosedBits)
    text.append(" bits  ")
    text.append(scaled: totals.efficiencyThousandths, places: 3)
    text.append(" of the Shannon limit")
    printLine(text)
  }

  @inline(never)
  fileprivate mutating func printFacts(_ totals: SessionTotals, _ configuration: LinkConfiguration) {
    printFact("detections", totals.detections)
    printFact("sifted_bits", totals.siftedNow)
    printFact("qber_ppm", totals.qberPpm)
    printFact("qber_upper_ppm", totals.qberUpperPpm)
    printFact("ec_efficiency_thousandths", totals.efficiencyThousandths)
    printFact("disclosed_bits", totals.disclosedBits)
    printFact("auth_bits_spent", totals.authBitsSpent)
    printFact("policy_row", UInt64(configuration.policyRow))
    printFact("ad_block", UInt64(configuration.adBlock))
    printFact("blocks_ok", totals.blocksOk)
    printFact("blocks_aborted", totals.blocksAborted)
    printFact("secret_bits", totals.netSecretBits)
  }

  @inline(never)
  fileprivate mutating func printFact(_ name: StaticString, _ value: UInt64) {
    var text = Line()
    text.append(name)
    text.append("=", value)
    printLine(text)
  }
}

extension ModuleState {
  fileprivate var deadline: Instant? {
    switch self {
    case .booting(let deadline), .selfTest(let deadline), .acquiring(_, let deadline), .exchanging(let deadline),
      .draining(let deadline):
      deadline
    case .idle, .faulted, .zeroized: nil
    }
  }
}

extension Text {
  @inline(never)
  mutating func append(_ name: StaticString, _ value: UInt64) {
    append(name)
    append(decimal: value)
  }

  /// Right-aligned in `width` columns.
  fileprivate mutating func append(decimal value: UInt64, width: Int) {
    var digits = 1
    var rest = value / 10
    while rest > 0 {
      digits += 1
      rest /= 10
    }
    for _ in 0..<max(0, width - digits) { append(0x20) }
    append(decimal: value)
  }

  /// The frames that were agreed on, the last one as long as it is known.
  @inline(never)
  mutating func append(_ window: ExchangeWindow) {
    append("frames   ")
    guard window.frames > 0 else { return append("none agreed on") }
    append(decimal: UInt64(window.start))
    if window.isOpen { append(" until stopped") } else { append(" up to ", UInt64(window.stop)) }
  }

  /// A fault with everything that was seen.
  public mutating func append(_ cause: FaultCause) {
    append(cause.kind.name)
    append(": ")
    append(cause.kind.summary)
    append("  address=0x")
    append(hexadecimal: UInt64(cause.address), digits: 2)
    append(" expected=0x")
    append(hexadecimal: UInt64(cause.expected), digits: 8)
    append(" found=0x")
    append(hexadecimal: UInt64(cause.found), digits: 8)
  }

  /// Why a session ended, with the field and both values where the modules differ.
  public mutating func append(_ end: SessionEnd) {
    append(end.summary)
    switch end {
    case .configurationDiffers(let field, let own, let peer):
      append("  field=")
      append(field.name)
      append(" own=", own)
      append(" peer=", peer)
    case .configurationUnusable(let field):
      append("  field=")
      append(field.name)
    case .none, .finished, .sameRole, .peerRefused, .peerSilent, .linkLost, .keysExhausted, .protocolBroken, .stopped,
      .notAligned:
      break
    }
  }
}

extension SessionEnd {
  /// The word that scripts know the end by.
  public var name: StaticString {
    switch self {
    case .none: "none"
    case .finished: "finished"
    case .configurationDiffers: "configuration_differs"
    case .configurationUnusable: "configuration_unusable"
    case .sameRole: "same_role"
    case .peerRefused: "peer_refused"
    case .peerSilent: "peer_silent"
    case .linkLost: "link_lost"
    case .keysExhausted: "keys_exhausted"
    case .protocolBroken: "protocol_broken"
    case .stopped: "stopped"
    case .notAligned: "not_aligned"
    }
  }

  var summary: StaticString {
    switch self {
    case .none: "none yet"
    case .finished: "finished"
    case .configurationDiffers: "refused: the modules are configured differently"
    case .configurationUnusable: "refused: a field cannot be used as it is"
    case .sameRole: "refused: both modules have the same role"
    case .peerRefused: "ended by the peer"
    case .peerSilent: "given up: the peer is silent"
    case .linkLost: "lost: the link broke"
    case .keysExhausted: "refused: authentication keys are used up"
    case .protocolBroken: "given up: the peer broke the protocol"
    case .stopped: "stopped by the operator"
    case .notAligned(.noPeak): "given up: the slots of the light were not found"
    case .notAligned(.errorsTooHigh): "given up: the states of the pattern come with too many errors"
    }
  }
}

extension BlockRefusal {
  /// The word that scripts know the refusal by.
  public var name: StaticString {
    switch self {
    case .countsDiffer: "counts_differ"
    case .empty: "empty"
    case .notReconciled: "not_reconciled"
    case .notConfirmed: "not_confirmed"
    case .accountsDiffer: "accounts_differ"
    case .nothingKept: "nothing_kept"
    case .permutationSkewed: "permutation_skewed"
    case .rowLeft: "row_left"
    case .axisBiased: "axis_biased"
    case .noLength: "no_length"
    case .tagWrong: "tag_wrong"
    case .unexpectedMessage: "unexpected_message"
    case .peerGaveUp: "peer_gave_up"
    case .entropyLost: "entropy_lost"
    }
  }
}
