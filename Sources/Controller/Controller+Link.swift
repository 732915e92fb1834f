import Distillation
import Drivers
import KeyStore
import LinkControl
import Ports
import Sifting
import Units
import Wire

/// Codes of a refusal besides the numbers of configuration fields.
enum RefusalCode {
  static var sameRole: UInt8 { 0xfd }
  static var keysExhausted: UInt8 { 0xfe }
  static var sessionEnded: UInt8 { 0xff }
}

extension Controller where End: ~Copyable, Board: ~Copyable {
  /// Takes in what the peer sent; a message that cannot be served yet stays where it is.
  mutating func serviceLink() {
    do throws(LinkError) {
      try inbox.fill(from: &board)
      linkIsUp = true
    } catch {
      return noteLinkDown()
    }
    while true {
      do throws(WireFault) {
        guard let header = try inbox.next() else { break }
        guard canServe(header) else { break }
        take(header)
        inbox.drop()
      } catch {
        board.disconnect()
        return noteLinkDown()
      }
    }
  }

  mutating func flush() {
    guard linkIsUp else { return }
    do throws(LinkError) { try core.channel.flush(to: &board) } catch { noteLinkDown() }
  }

  /// Both counters start anew with the next connection.
  private mutating func noteLinkDown() {
    guard linkIsUp else { return }
    linkIsUp = false
    switch state {
    case .acquiring, .exchanging, .draining: lastEnd = .linkLost
    // A session that was over before ended as it ended.
    case .booting, .selfTest, .idle, .faulted, .zeroized: break
    }
    apply(.linkLost)
    inbox.reset()
    core.channel.reset()
    core.keys.beginConnection()
  }

  private func canServe(_ header: FrameHeader) -> Bool {
    guard core.channel.hasRoom(forFrames: 3) else { return false }
    switch state {
    case .booting, .selfTest: return false
    case .idle, .acquiring, .exchanging, .draining, .faulted, .zeroized: break
    }
    switch header.type {
    case .detections: return core.channel.half(of: header.block) != nil || core.freeHalf != nil
    case .close: return core.distiller.isIdle
    case .hello, .refuse, .window, .windowSet, .stop, .drained, .held, .pattern, .patternSet, .choices, .sifted,
      .told, .closed, .parityRequest, .parityReply, .reconciled, .confirm, .counts, .length, .seed, .tag, .abort,
      .permutation, .loaded, .parities, .accepted, .rejected, .seedTaken:
      return true
    }
  }

  private mutating func take(_ header: FrameHeader) {
    switch header.type {
    case .hello, .refuse, .window, .windowSet, .stop, .drained:
      takeSession(header.type)
    case .held:
      takeHeld(header)
    case .pattern, .patternSet:
      takePattern(header.type)
    case .detections, .choices, .sifted, .told:
      takeSifting(header)
    case .close, .closed, .parityRequest, .parityReply, .reconciled, .confirm, .counts, .length, .seed, .tag, .abort,
      .permutation, .loaded, .parities, .accepted, .rejected, .seedTaken:
      takeDistillation(header)
    }
    apply(.peerHeard)
  }

  private mutating func takePattern(_ type: MessageType) {
    switch state {
    case .exchanging: break
    case .booting, .selfTest, .idle, .acquiring, .draining, .faulted, .zeroized: return
    }
    do throws(SiftingFault) {
      try Self.takePattern(type, from: inbox, &end, &core)
    } catch {
      endSession(error)
    }
  }

  // Static, because the compiler tracks fields of `self` apart only as separate arguments.
  private static func takePattern(
    _ type: MessageType, from inbox: borrowing Inbox, _ end: inout End, _ core: inout LinkCore
  ) throws(SiftingFault) {
    try end.takePattern(type, inbox.payload, &core)
  }

  private mutating func takeSifting(_ header: FrameHeader) {
    switch state {
    case .exchanging, .draining: break
    case .booting, .selfTest, .idle, .acquiring, .faulted, .zeroized: return
    }
    do throws(SiftingFault) {
      try Self.sift(header, from: inbox, &end, &core, &board)
    } catch {
      endSession(error)
    }
  }

  // Static, because the compiler tracks fields of `self` apart only as separate arguments.
  private static func sift(
    _ header: FrameHeader, from inbox: borrowing Inbox, _ end: inout End, _ core: inout LinkCore,
    _ board: inout Board
  ) throws(SiftingFault) {
    try end.receive(header, inbox.payload, &core, &board)
  }

  private mutating func takeDistillation(_ header: FrameHeader) {
    guard let half = core.channel.half(of: header.block) else { return }
    if header.type == .close {
      // Bob says when sifting is over; nobody says it to him.
      guard End.role == .alice else {
        lastEnd = .protocolBroken
        return apply(.refused)
      }
      // Alice's sifting of a block is over when Bob says so: what he kept arrived before.
      if core.filling == half { core.filling = nil }
      core.beginDistillation(half, &board)
    }
    guard core.distiller.summary.number == header.block, !core.distiller.isIdle else { return }
    core.distil(header, from: inbox, in: half, &board)
  }

  mutating func endSession(_ fault: SiftingFault) {
    switch fault {
    case .driver(let fault): fail(fault)
    case .entropy: apply(.failed(FaultCause(.entropyLost)))
    case .journal: apply(.failed(FaultCause(.journalLost)))
    case .notAligned(let failure):
      // Blocks that have bits may still become key.
      apply(.stopRequested)
      lastEnd = .notAligned(failure)
    case .keysExhausted:
      lastEnd = .keysExhausted
      apply(.refused)
    case .protocolBroken:
      lastEnd = .protocolBroken
      apply(.refused)
    }
  }

  /// Bob tells Alice when his last block is done; each side is drained when nothing is left to distil.
  mutating func noteDrained() {
    guard case .draining = state, core.filling == nil, core.sealed == nil, core.distiller.isIdle,
      core.channel.number(.first) == nil, core.channel.number(.second) == nil
    else { return }
    switch End.role {
    case .bob:
      guard !drainIsTold, core.channel.hasRoom() else { return }
      drainIsTold = true
      core.payload.clear()
      core.sendSession(.drained)
    case .alice:
      guard peerIsDrained else { return }
    }
    switch lastEnd {
    case .stopped, .notAligned: break
    case .none, .finished, .configurationDiffers, .configurationUnusable, .sameRole, .peerRefused, .peerSilent,
      .linkLost, .keysExhausted, .protocolBroken:
      lastEnd = .finished
    }
    apply(.drained)
  }
}
