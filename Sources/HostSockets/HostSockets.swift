import Glibc

/// What the operating system said when a socket could not be made.
public struct SocketFault: Error, Equatable, Sendable {
  public let path: String
  public let errorNumber: Int32
}

/// One end of a stream between two processes of the development machine. Closed when the last reference goes.
public final class StreamConnection {
  public let descriptor: Int32

  init(descriptor: Int32) { self.descriptor = descriptor }

  /// Calls whoever listens at `path`.
  public init(to path: String) throws(SocketFault) {
    // The callee reads the address that it is given.
    descriptor = try unsafe attach(path, by: connect)
  }

  deinit { close(descriptor) }

  /// What has arrived, at least a byte; empty when the other end has hung up. Waits.
  public func receive(max: Int = 8_192) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: max)
    while true {
      // The callee writes at most the bytes of the buffer.
      let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
      if count < 0 && errno == EINTR { continue }
      return Array(buffer[..<Swift.max(0, count)])
    }
  }

  /// False when the other end has hung up.
  public func send(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      // The callee reads the bytes of the slice.
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}

/// Listens on a socket of the file system, which goes with the listener.
public final class StreamListener {
  public let path: String
  public let descriptor: Int32

  /// A socket that an earlier listener left behind at `path` is replaced.
  public init(path: String) throws(SocketFault) {
    unsafe unlink(path)
    let listener = try unsafe attach(path, by: bind)
    guard listen(listener, 1) == 0 else {
      let number = errno
      close(listener)
      throw SocketFault(path: path, errorNumber: number)
    }
    self.path = path
    descriptor = listener
  }

  deinit {
    close(descriptor)
    unsafe unlink(path)
  }

  /// Waits for a caller.
  public func accept() throws(SocketFault) -> StreamConnection {
    let peer = Glibc.accept(descriptor, nil, nil)
    guard peer >= 0 else { throw SocketFault(path: path, errorNumber: errno) }
    return StreamConnection(descriptor: peer)
  }
}

/// A stream socket that `act`, which is bind or connect, has given the address `path`.
private func attach(
  _ path: String, by act: (Int32, UnsafePointer<sockaddr>?, socklen_t) -> Int32
) throws(SocketFault) -> Int32 {
  var name = sockaddr_un()
  name.sun_family = sa_family_t(AF_UNIX)
  let bytes = Array(path.utf8)
  let room = MemoryLayout.size(ofValue: name.sun_path)
  guard bytes.count < room else { throw SocketFault(path: path, errorNumber: ENAMETOOLONG) }
  // The path was checked to fit with its final zero.
  unsafe withUnsafeMutableBytes(of: &name.sun_path) { unsafe $0.copyBytes(from: bytes) }
  let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
  guard descriptor >= 0 else { throw SocketFault(path: path, errorNumber: errno) }
  let size = socklen_t(MemoryLayout<sockaddr_un>.size)
  // A socket address of Linux starts as `sockaddr` does.
  let result = unsafe withUnsafePointer(to: &name) { pointer in
    unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe act(descriptor, $0, size) }
  }
  guard result == 0 else {
    let number = errno
    close(descriptor)
    throw SocketFault(path: path, errorNumber: number)
  }
  return descriptor
}

/// Waits until one of the descriptors has something to read or has been hung up, and returns which. With a time limit
/// in milliseconds the result may be empty.
public func waitForInput(_ descriptors: [Int32], milliseconds: Int32 = -1) -> [Int32] {
  var waiting = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
  let count = nfds_t(waiting.count)
  // The callee reads and writes `count` entries.
  guard unsafe poll(&waiting, count, milliseconds) > 0 else { return [] }
  return waiting.filter { $0.revents != 0 }.map(\.fd)
}
