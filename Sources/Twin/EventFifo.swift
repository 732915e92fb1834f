import Optics
import RegisterMap
import Units

/// Bob's event path: common dead time, markers, and the FIFO that the controller empties.
struct EventFifo {
  private let capacity: Int
  private var words: [UInt32] = []
  private var head = 0
  private(set) var lost: UInt32 = 0
  private(set) var discarded: UInt32 = 0
  /// Something was lost: the next word that finds room follows a marker of its frame.
  private var hasGap = false
  /// What the slot clock read at the latest click, counted or not.
  private var latestClick: Int64?

  init(faults: FaultPlan) {
    var capacity = FpgaMap.fifoCapacityWords
    for case .shallowFifo(let words) in faults.faults { capacity = min(capacity, words) }
    self.capacity = capacity
  }

  var count: Int { words.count - head }

  /// Takes clicks. Returns false if the FIFO was full for any of them.
  mutating func push(_ detections: [Detection], deadSlots: UInt64) -> Bool {
    var hadRoom = true
    for detection in detections
    where !push(detection, at: Int64(detection.slot), deadSlots: Int64(deadSlots)) { hadRoom = false }
    return hadRoom
  }

  /// Takes a click at which the slot clock, before any alignment, read `reading`.
  mutating func push(_ detection: Detection, at reading: Int64, deadSlots: Int64) -> Bool {
    let previous = latestClick
    latestClick = reading
    if let previous, reading - previous <= deadSlots {
      discarded &+= 1
      return true
    }
    var word = FpgaMap.Fifo.slot.insert(UInt32(detection.slot & 0xf_ffff), into: 0)
    word = FpgaMap.Fifo.frameLow.insert(UInt32(detection.slot >> 20 & 3), into: word)
    word = FpgaMap.Fifo.phase.insert(UInt32(detection.phase), into: word)
    word = FpgaMap.Fifo.detectors.insert(UInt32(detection.detectors), into: word)
    if hasGap {
      guard capacity - count >= 2 else { return drop() }
      hasGap = false
      _ = pushMarker(frame: UInt32(truncatingIfNeeded: detection.slot >> 20))
    }
    return append(word)
  }

  /// Marks the start of a frame. Returns false if the FIFO was full.
  mutating func pushMarker(frame: UInt32) -> Bool {
    let word = FpgaMap.Fifo.slot.insert(frame & FpgaMap.Fifo.slot.valueMax, into: 0)
    return append(FpgaMap.Fifo.frameLow.insert(frame & 3, into: word))
  }

  /// Takes the oldest words, at most `count`, in place of what `taken` held.
  mutating func pop(_ count: Int, into taken: inout [UInt32]) {
    let last = head + min(count, self.count)
    taken.removeAll(keepingCapacity: true)
    taken.append(contentsOf: words[head..<last])
    head = last
    if head == words.count || head >= capacity {
      words.removeFirst(head)
      head = 0
    }
  }

  private mutating func append(_ word: UInt32) -> Bool {
    guard count < capacity else { return drop() }
    words.append(word)
    return true
  }

  private mutating func drop() -> Bool {
    lost &+= 1
    hasGap = true
    return false
  }
}
