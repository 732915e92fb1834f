import CLinux
import Controller
import FixedStorage
import KeyStore
import Ports

/// Where keys are asked for.
enum KeyPortPlan {
  case socket(Argument)
  case serial(Argument)

  /// Reads `unix:PATH` or `tty:PATH`.
  init?(_ value: Argument) {
    if let path = value.after("unix:"), path.count > 0 {
      self = .socket(path)
    } else if let path = value.after("tty:"), path.count > 0 {
      self = .serial(path)
    } else {
      return nil
    }
  }
}

/// The clients of the key port: non-blocking, a fixed number, each with fixed buffers.
///
/// A socket serves root, the user of this program and one user more, as the kernel tells who calls. A serial line is
/// one client that never leaves.
struct KeyPort: ~Copyable {
  static var clientsMax: Int { 4 }

  private var listener: Int32 = -1
  private let user: UInt32?
  private var descriptors: [4 of Int32] = .init(repeating: -1)
  private var clients: [4 of KeyClient]
  /// Speaks to those that are not served.
  private var doorkeeper: KeyClient
  private var isSerial = false

  /// Opens the port, none for nil; throws the error number.
  init(_ plan: KeyPortPlan?, user: UInt32?, from source: inout some StorageSource & ~Copyable) throws(StoreError) {
    var replies = source.block(.keyReplies, of: UInt8.self, count: (Self.clientsMax + 1) * KeyClient.outputBytes)
    self.user = user
    clients = .init { _ in KeyClient(output: replies.detachFirst(KeyClient.outputBytes)) }
    doorkeeper = KeyClient(output: replies)
    var error: Int32 = 0
    switch plan {
    case nil: return
    case .socket(let path):
      // The path is zero-ended and the result is written before the call returns.
      error = unsafe gimbal_local_listen(path.path, user == nil ? 0 : 1, &listener)
    case .serial(let path):
      var line: Int32 = -1
      // As above.
      error = unsafe gimbal_open_serial(path.path, 115_200, &line)
      descriptors[0] = line
      isSerial = true
    }
    guard error == 0 else { throw .system(error) }
  }

  /// Takes at most one caller in, if there is a place for it and it may be served.
  mutating func accept() {
    guard listener >= 0 else { return }
    var caller: Int32 = -1
    var name: UInt32 = 0
    // Both results are written before the call returns.
    guard unsafe gimbal_local_accept(listener, &caller, &name) == 0 else { return }
    guard name == 0 || name == gimbal_user() || name == user else {
      return turnAway(caller, "user", "this user is not served")
    }
    for place in 0..<Self.clientsMax where descriptors[place] < 0 {
      descriptors[place] = caller
      return
    }
    turnAway(caller, "busy", "four clients are served already")
  }

  private mutating func turnAway(_ caller: Int32, _ code: StaticString, _ text: StaticString) {
    doorkeeper.turnAway(code, text)
    var sent = 0
    // A fresh socket takes a line whole; if not, the caller sees only the end.
    _ = Self.send(caller, doorkeeper, &sent)
    _ = doorkeeper.close()
    gimbal_close(caller)
  }

  /// Hangs up on everybody; what was still to be sent is wiped.
  mutating func hangUp() {
    for place in 0..<Self.clientsMax where descriptors[place] >= 0 { _ = drop(place) }
  }

  /// Moves bytes of one client in both directions; returns how many keys were lost because it left.
  mutating func exchange(_ place: Int) -> Int {
    let lost = flush(place)
    guard descriptors[place] >= 0 else { return lost }
    var bytes: [128 of UInt8] = .init(repeating: 0)
    let room = clients[place].inputRoom
    guard room > 0 else { return lost }
    var received = 0
    var span = bytes.mutableSpan
    let descriptor = descriptors[place]
    // The callee writes at most `room` bytes, which are no more than the span has, and the count.
    let error = unsafe span.withUnsafeMutableBytes { buffer in
      guard let start = buffer.baseAddress else { return Int32(0) }
      return unsafe gimbal_port_receive(descriptor, start, room, &received)
    }
    clients[place].receive(bytes.span.extracting(first: received))
    // Whoever closed its side may still read the answer to what it asked; its writes are over.
    guard error != 0, error != ErrorCode.tryAgain else { return lost }
    return lost + drop(place)
  }

  /// Lets the controller answer one client.
  mutating func serve<End: OpticalEnd & ~Copyable>(_ place: Int, _ controller: inout Controller<End, WiredBoard>) {
    guard descriptors[place] >= 0 else { return }
    controller.serve(&clients[place])
  }

  /// Sends what one client has to get; returns how many keys were lost because it left.
  mutating func flush(_ place: Int) -> Int {
    guard descriptors[place] >= 0 else { return 0 }
    if clients[place].pendingBytes > 0 {
      var sent = 0
      let error = Self.send(descriptors[place], clients[place], &sent)
      clients[place].noteSent(sent)
      guard error == 0 || error == ErrorCode.tryAgain else { return drop(place) }
    }
    guard clients[place].isLeaving, clients[place].pendingBytes == 0 else { return 0 }
    return drop(place)
  }

  private static func send(_ descriptor: Int32, _ client: borrowing KeyClient, _ sent: inout Int) -> Int32 {
    // The callee reads at most the bytes of the span and writes the count.
    unsafe client.pending.withUnsafeBytes { buffer in
      guard let start = buffer.baseAddress else { return Int32(0) }
      return unsafe gimbal_port_send(descriptor, start, buffer.count, &sent)
    }
  }

  /// Hangs up. A serial line stays open: whoever comes next finds it as new.
  private mutating func drop(_ place: Int) -> Int {
    if !isSerial {
      gimbal_close(descriptors[place])
      descriptors[place] = -1
    }
    return clients[place].close()
  }
}

/// Error numbers of Linux that mean something to the port.
private enum ErrorCode {
  static var tryAgain: Int32 { 11 }
}
