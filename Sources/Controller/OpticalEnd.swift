public import Acquisition
import KeyStore
public import Drivers
import Ports
public import RegisterMap
import Sifting
public import Units
public import Wire

/// The frames of an exchange: pulses are sent and gates are open in `start ..< stop`.
public struct ExchangeWindow: Equatable, Sendable {
  public var start: UInt32
  public var stop: UInt32

  public init(start: UInt32, stop: UInt32) {
    self.start = start
    self.stop = stop
  }

  public var frames: UInt32 { stop - start }

  /// Where a window ends that stays open until it is shortened.
  public static var openStop: UInt32 { .max - 1 }
  public var isOpen: Bool { stop == Self.openStop }
}

/// What can end an exchange from within sifting.
public enum SiftingFault: Error, Equatable, Sendable {
  case driver(DriverFault)
  case entropy
  /// The peer sent what no honest peer sends.
  case protocolBroken
  /// The authentication pool has nothing left for the next block.
  case keysExhausted(block: UInt32)
  case journal
  /// Bob did not find the slots of the light, or lost them for good.
  case notAligned(SyncFailure)
}

/// The half of the controller that knows which optics it drives: Alice's lasers or Bob's detectors.
public protocol OpticalEnd: ~Copyable {
  static var role: Role { get }

  /// Checks identity and wiring of the gateware, closes everything and loads the settings of the session.
  mutating func bringUp(_ configuration: LinkConfiguration, _ settings: ModuleSettings) throws(DriverFault)
  /// Loads intensities and shares; nothing at Bob's end.
  mutating func setLight(_ configuration: LinkConfiguration) throws(DriverFault)
  /// Places the laser pulse or the detector gate in its slot, from the next frame on.
  mutating func setTiming(_ settings: ModuleSettings) throws(DriverFault)
  /// Writes a register of the gateware past every setting, and commits it.
  mutating func poke(_ word: UInt32, into register: Register) throws(DriverFault)
  /// A register of the gateware that can be read.
  mutating func read(_ register: Register) throws(DriverFault) -> UInt32
  mutating func status() throws(DriverFault) -> FpgaStatus
  mutating func clearWatchdog() throws(DriverFault)
  mutating func frame() throws(DriverFault) -> UInt32
  /// Opens in these frames, or changes them; both bounds take effect at the next frame boundary.
  mutating func open(_ window: ExchangeWindow) throws(DriverFault)
  mutating func close() throws(DriverFault)
  /// Forgets what was in flight and makes ready for the window that was opened.
  mutating func prepare(at now: Instant)
  /// Wipes everything that was measured or looked up.
  mutating func forget()
  /// Whether everything detected in the window has been announced; true for Alice once its frames are over.
  mutating func isOver() throws(DriverFault) -> Bool
  /// The work of one tick of the exchange.
  mutating func sift(
    _ core: inout LinkCore, _ board: inout some ModuleBoard & ~Copyable, blockBits: Int, at now: Instant
  ) throws(SiftingFault)
  /// A message of sifting from the peer.
  mutating func receive(
    _ header: FrameHeader, _ payload: Span<UInt8>, _ core: inout LinkCore,
    _ board: inout some ModuleBoard & ~Copyable
  ) throws(SiftingFault)
  /// A message about the public pattern; Alice answers what Bob asks for.
  mutating func takePattern(
    _ type: MessageType, _ payload: Span<UInt8>, _ core: inout LinkCore
  ) throws(SiftingFault)
  /// How Bob's slots stand to the light; nil for Alice, and where both modules have one clock.
  var slotAlignment: SlotAlignment? { get }
  /// How the peer moves, as far as somebody has told Bob; nothing at Alice.
  var motion: PeerMotion? { get }
  mutating func foretell(_ motion: PeerMotion?)
  var wireCounters: WireCounters { get }
  /// The frames that carry no key because the wave plates were not in place.
  var mask: FrameMask { get set }
  /// Events of the session that carried no key because their frame could not be told or was masked.
  var eventsMasked: UInt64 { get }
}

extension OpticalEnd where Self: ~Copyable {
  /// Opens a block, or says why it cannot.
  static func openBlock(
    _ number: UInt32, in half: Half, _ core: inout LinkCore, _ board: inout some ModuleBoard & ~Copyable
  ) throws(SiftingFault) {
    do throws(PoolFault) {
      try core.openBlock(number, in: half, journal: &board)
    } catch {
      switch error {
      case .exhausted(let block), .spent(let block, _): throw .keysExhausted(block: block)
      case .journal: throw .journal
      }
    }
  }
}
