import CStream

/// Draws that `fillWithKeystream` makes at once.
public var keystreamDraws: Int { Int(gimbal_stream_draws) }

/// Eight blocks of the ChaCha20 keystream as 16-bit draws; see `cstream.h`.
public func fillWithKeystream(
  _ draws: inout [256 of UInt16], key: [8 of UInt32], nonce: [2 of UInt32], counter: UInt32
) {
  var span = draws.mutableSpan
  let keySpan = key.span
  // The callee reads eight words and writes as many draws as the array has.
  unsafe span.withUnsafeMutableBufferPointer { buffer in
    unsafe keySpan.withUnsafeBufferPointer { key in
      guard let start = buffer.baseAddress, let words = key.baseAddress else { return }
      unsafe gimbal_stream_fill(words, nonce[0], nonce[1], counter, start)
    }
  }
}
