// Allocates nothing: the allocator proof has to let it pass.
@main struct Main {
  nonisolated(unsafe) static var words: [16 of UInt64] = .init(repeating: 0)

  static func main() {
    for i in 0..<16 { words[i] = UInt64(i) }
  }
}
