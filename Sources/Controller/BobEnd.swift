import Alignment
public import Drivers
public import FixedStorage
public import Ports
public import RegisterMap
import Sifting
public import Units
import Wire

/// Bob's optics: reads detections from the gateware, announces their slots and sifts when Alice has answered.
public struct BobEnd<Bus: SpiBus & ~Copyable>: OpticalEnd, ~Copyable {
  public static var role: Role { .bob }
  /// The most bursts of the event FIFO in one tick; as many are read as its level asks for.
  ///
  /// A bus of 50 MHz moves 1500 words in a tick, so that a real board reads two bursts. The rest is for what piled up
  /// while the peer was slow, and for a simulated bus, which is faster: 20 bursts are 20 million words a second. A
  /// tick that takes longer than it may is counted as a deadline miss.
  static var burstsPerTickMax: Int { 20 }
  /// Slots after a click in which no detector's click counts: the dead time of the slowest detector.
  public static var deadTimeSlots: UInt8 { 10 }

  /// Frames after which a bin is announced however slowly it came: two thirds of a second.
  static var silentFramesMax: UInt32 { 64 }

  /// The working memory of Bob's end.
  public struct Storage: ~Copyable {
    /// What was measured of every event in flight: axis in bits 0...1, outcome in 2, cross click in 3.
    var notes: Block<UInt8>
    var slots: Block<UInt32>
    var batchNotes: Block<UInt8>
    var words: Block<UInt32>

    public init(
      notes: consuming Block<UInt8>, slots: consuming Block<UInt32>, batchNotes: consuming Block<UInt8>,
      words: consuming Block<UInt32>
    ) {
      precondition(notes.count == SiftingBatch.noteBytes && slots.count == SiftingBatch.eventsMax)
      precondition(batchNotes.count == SiftingBatch.eventsMax && words.count == SiftingBatch.burstWords)
      self.notes = notes
      self.slots = slots
      self.batchNotes = batchNotes
      self.words = words
    }
  }

  var fpga: BobFpga<Bus>
  var storage: Storage
  var aligner: Aligner
  /// Of the variant that the modules agreed on.
  var table = SiftTable(.perPulse)
  var window = ExchangeWindow(start: 0, stop: 0)
  var batches = BatchWindow()
  /// Events of the batch that is being collected, all of `runningFrame`.
  var collected = 0
  var runningFrame: UInt32?
  /// The frame of the last marker: the next one is near it, however long a session lasts.
  var markedFrame: UInt32 = 0
  /// The last slot that was announced, so that the next batch of its frame counts from there.
  var announcedFrame: UInt32 = 0
  var nextSlot: UInt32 = 0
  /// A full block that waits for the last answers to its batches.
  var closing: Half?
  var fifoIsDone = false
  /// Words of the last burst, and how many of them were taken.
  var wordsRead = 0
  var wordsTaken = 0
  /// Words that waited in the FIFO behind the last burst.
  var wordsWaiting = 0
  /// The lowest slot that the next event of the running frame may have.
  var lowestSlot: UInt32 = 0
  public var mask = FrameMask(.perPulse)
  /// Which bins are announced. It is set between sessions: a rule that follows what was measured is another rule.
  var selection = BinSelection.all
  /// Which part of each detector's single clicks counts; set between sessions.
  var keeping = Keeping(LossSettings())
  /// Where in the running frame the bin began that is being collected, and the block of the last batch announced.
  var binStart: UInt32 = 0
  var announcedBlock: UInt32?
  public internal(set) var eventsMasked: UInt64 = 0
  /// Single clicks of the session that were forgotten, so that all detectors count alike.
  var eventsThinned: UInt64 = 0

  init(fpga: consuming BobFpga<Bus>, storage: consuming Storage, aligner: consuming Aligner) {
    self.fpga = fpga
    self.storage = storage
    self.aligner = aligner
  }

  public var wireCounters: WireCounters { fpga.counters }

  public mutating func bringUp(_ configuration: LinkConfiguration, _ settings: ModuleSettings) throws(DriverFault) {
    _ = try fpga.identify()
    try fpga.checkScratch()
    try fpga.setRunning(false)
    try fpga.setWatchdog(milliseconds: 100)
    try fpga.setVariant(configuration.variant)
    try fpga.enableDetectors(0x3f)
    try fpga.setDeadTime(slots: Self.deadTimeSlots)
    try setTiming(settings)
    aligner.use(seed: configuration.patternSeed)
    table = SiftTable(configuration.variant)
    mask = FrameMask(configuration.variant)
    adopt(settings)
  }

  /// Takes over what of the settings decides which events are announced.
  private mutating func adopt(_ settings: ModuleSettings) {
    selection = BinSelection(rateMinHz: UInt32(settings[.binRateMin]))
    keeping = Keeping(settings.loss)
  }

  public mutating func setLight(_ configuration: LinkConfiguration) throws(DriverFault) {
    aligner.use(seed: configuration.patternSeed)
  }

  public mutating func setTiming(_ settings: ModuleSettings) throws(DriverFault) {
    aligner.isOn = settings.recoversClock
    aligner.noteClosed()
    try fpga.setAlignment(slots: 0, fraction: 0, rate: 0)
    try fpga.setGate(width: settings.picoseconds(.gateWidthPs), delay: settings.picoseconds(.gateDelayPs))
    try fpga.commit()
    adopt(settings)
  }

  public mutating func poke(_ word: UInt32, into register: Register) throws(DriverFault) {
    try fpga.write(word, to: register)
    if register.isShadow { try fpga.commit() }
  }

  public mutating func read(_ register: Register) throws(DriverFault) -> UInt32 { try fpga.read(register) }
  public mutating func status() throws(DriverFault) -> FpgaStatus { try fpga.status() }
  public mutating func clearWatchdog() throws(DriverFault) { try fpga.clearWatchdog() }
  public mutating func frame() throws(DriverFault) -> UInt32 { try fpga.frame() }

  public mutating func open(_ window: ExchangeWindow) throws(DriverFault) {
    self.window = window
    if aligner.isOn { try openAligned() }
    try fpga.setWindow(start: window.start, stop: window.stop)
    try fpga.setRunning(true)
    if aligner.isOn { try commitAligned() } else { try fpga.commit() }
  }

  public mutating func close() throws(DriverFault) {
    try fpga.setRunning(false)
    try fpga.commit()
    aligner.noteClosed()
  }

  public mutating func prepare(at now: Instant) {
    aligner.prepare(at: now)
    batches.reset()
    storage.notes.wipe()
    collected = 0
    runningFrame = nil
    markedFrame = window.start
    announcedFrame = window.start
    nextSlot = 0
    closing = nil
    fifoIsDone = false
    wordsRead = 0
    wordsTaken = 0
    wordsWaiting = 0
    lowestSlot = 0
    binStart = 0
    announcedBlock = nil
    mask.reset()
    eventsMasked = 0
    eventsThinned = 0
  }

  public mutating func forget() {
    storage.notes.wipe()
    storage.batchNotes.wipe()
    storage.words.wipe()
    fpga.wipeBuffers()
    collected = 0
    wordsRead = 0
    wordsTaken = 0
    wordsWaiting = 0
  }

  public mutating func isOver() throws(DriverFault) -> Bool { fifoIsDone && collected == 0 }
}
