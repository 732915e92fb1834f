public import FixedStorage
public import Ports

/// A line of text for an operator; longer ones are cut.
public typealias Line = Text<256>

/// What a console has still to show. Printing takes no time and never waits: a terminal takes the bytes at its own
/// pace, tick by tick, and what finds no room is lost, counted and told.
public struct Screen: ~Copyable {
  /// The longest answers, a full trace and the list of commands, with room to spare: 1.4 s at 115 200 baud.
  public static var capacityBytes: Int { 16_384 }

  private var ring: Block<UInt8>
  private var first = 0
  public private(set) var count = 0
  /// Bytes that found no room since the start.
  public private(set) var lost: UInt64 = 0
  private var lostTold: UInt64 = 0

  public init(storage: consuming Block<UInt8>) {
    precondition(storage.count == Self.capacityBytes)
    ring = storage
  }

  @inline(never)
  public mutating func write(_ bytes: Span<UInt8>) {
    let room = min(bytes.count, Self.capacityBytes - count)
    for i in 0..<room { ring[(first + count + i) % Self.capacityBytes] = bytes[i] }
    count += room
    lost += UInt64(bytes.count - room)
  }

  @inline(never)
  public mutating func print(_ text: StaticString) { write(text.ascii) }

  /// Writes a line and ends it as terminals want.
  @inline(never)
  public mutating func printLine(_ line: borrowing Line) {
    write(line.utf8)
    print("\r\n")
  }

  /// Gives the terminal as much as it takes now. Once all is out, says how much was lost since it was last said.
  public mutating func drain(to terminal: inout some TerminalPort & ~Copyable) {
    while count > 0 {
      let run = min(count, Self.capacityBytes - first)
      let taken = terminal.write(ring.span.extracting(first..<(first + run)))
      first = (first + taken) % Self.capacityBytes
      count -= taken
      guard taken == run else { return }
    }
    guard lost > lostTold else { return }
    var line = Line()
    line.append("[")
    line.append(decimal: lost - lostTold)
    line.append(" bytes were lost]")
    printLine(line)
    lostTold = lost
  }
}
