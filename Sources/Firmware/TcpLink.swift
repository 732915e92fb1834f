import CLinux
import FixedStorage
import Ports

/// The classical link over TCP. One side listens, the other connects and tries again after a while.
struct TcpLink: ClassicalLink, ~Copyable {
  /// Calls of `receive` between two attempts to connect: 100 ms, as the controller calls once a tick.
  private static var retryCalls: UInt32 { 100 }

  private let plan: LinkPlan
  private var listener: Int32 = -1
  private var peer: Int32 = -1
  private var isReady = false
  private var callsToWait: UInt32 = 0
  /// The port that is listened on, zero for the connecting side.
  private(set) var boundPort: UInt16 = 0

  init(_ plan: LinkPlan) throws(LinkError) {
    self.plan = plan
    guard case .listen(let endpoint) = plan else { return }
    // Both results are written before the call returns.
    let error = unsafe gimbal_tcp_listen(endpoint.address, endpoint.port, &listener, &boundPort)
    guard error == 0 else { throw .system(error) }
  }

  mutating func send(_ bytes: Span<UInt8>) throws(LinkError) -> Int {
    guard isReady else { throw .notConnected }
    let peer = peer
    var sent = 0
    // The callee reads at most the bytes of the span and writes the count.
    let error = unsafe bytes.withUnsafeBytes { buffer in
      guard let start = buffer.baseAddress else { return Int32(0) }
      return unsafe gimbal_tcp_send(peer, start, buffer.count, &sent)
    }
    try check(error)
    return sent
  }

  mutating func receive(into bytes: inout MutableSpan<UInt8>) throws(LinkError) -> Int {
    guard connect() else { throw .notConnected }
    let peer = peer
    var received = 0
    // The callee writes at most the bytes of the span, and the count.
    let error = unsafe bytes.withUnsafeMutableBytes { buffer in
      guard let start = buffer.baseAddress else { return Int32(0) }
      return unsafe gimbal_tcp_receive(peer, start, buffer.count, &received)
    }
    try check(error)
    return received
  }

  mutating func disconnect() {
    if peer >= 0 { hangUp() }
  }

  /// Hangs up on an error; nothing to move is none.
  private mutating func check(_ error: Int32) throws(LinkError) {
    guard error != 0, error != ErrorNumber.tryAgain else { return }
    hangUp()
    throw error == ErrorNumber.brokenPipe ? .closedByPeer : .system(error)
  }

  private mutating func hangUp() {
    gimbal_close(peer)
    peer = -1
    isReady = false
    callsToWait = Self.retryCalls
  }

  /// Makes one step towards a connection; true when there is one.
  private mutating func connect() -> Bool {
    guard !isReady else { return true }
    switch plan {
    case .listen:
      // The result is written before the call returns.
      isReady = unsafe gimbal_tcp_accept(listener, &peer) == 0
    case .connect(let endpoint):
      if peer < 0 { begin(endpoint) }
      guard peer >= 0 else { return false }
      let error = gimbal_tcp_ready(peer)
      isReady = error == 0
      if error != 0, error != ErrorNumber.tryAgain { hangUp() }
    }
    return isReady
  }

  private mutating func begin(_ endpoint: Endpoint) {
    guard callsToWait == 0 else {
      callsToWait -= 1
      return
    }
    callsToWait = Self.retryCalls
    // The result is written before the call returns, and only if it succeeds.
    _ = unsafe gimbal_tcp_begin(endpoint.address, endpoint.port, &peer)
  }
}

/// Error numbers of Linux that mean something to the link.
private enum ErrorNumber {
  static var tryAgain: Int32 { 11 }
  static var brokenPipe: Int32 { 32 }
}
