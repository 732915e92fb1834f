import CMemory

/// A run of statically allocated elements with one owner, lent out as spans.
///
/// Large working memory is declared outside Swift (see Linker/README.md) because the compiler cannot lay out
/// large static arrays in reasonable time; this type is how the rest of the program sees it.
@safe
public struct Block<Element: BitwiseCopyable>: ~Copyable {
  private let start: UnsafeMutablePointer<Element>
  public let count: Int

  /// Takes over `count` initialised elements that live as long as the program and have no other user.
  @unsafe
  public init(unsafeStart start: UnsafeMutablePointer<Element>, count: Int) {
    precondition(count >= 0)
    unsafe self.start = unsafe start
    self.count = count
  }

  public var span: Span<Element> {
    @_lifetime(borrow self)
    borrowing get {
      // The memory outlives the program and the borrow of `self` keeps writers away.
      unsafe _overrideLifetime(Span(_unsafeStart: start, count: count), borrowing: self)
    }
  }

  public var mutableSpan: MutableSpan<Element> {
    @_lifetime(&self)
    mutating get {
      // As above; the exclusive access to `self` makes this the only span.
      unsafe _overrideLifetime(MutableSpan(_unsafeStart: start, count: count), mutating: &self)
    }
  }

  /// The elements from `first` on.
  @_lifetime(&self)
  public mutating func tail(from first: Int) -> MutableSpan<Element> {
    precondition(first >= 0 && first <= count)
    // As for `mutableSpan`; the bounds were just checked.
    return unsafe _overrideLifetime(
      MutableSpan(_unsafeStart: start + first, count: count - first), mutating: &self)
  }

  @inline(__always)
  public subscript(index: Int) -> Element {
    get {
      precondition(index >= 0 && index < count)
      return unsafe start[index]
    }
    set {
      precondition(index >= 0 && index < count)
      unsafe start[index] = newValue
    }
  }

  /// Copies elements towards the front; the ranges may overlap.
  public mutating func move(_ range: Range<Int>, to start: Int) {
    precondition(start <= range.lowerBound)
    for i in 0..<range.count { self[start + i] = self[range.lowerBound + i] }
  }

  /// Overwrites every byte with zero; the stores are never optimised away.
  public mutating func wipe() {
    unsafe gimbal_wipe(start, count * MemoryLayout<Element>.stride)
  }

  /// Overwrites part of the block with zero; the stores are never optimised away.
  public mutating func wipe(_ range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    unsafe gimbal_wipe(start + range.lowerBound, range.count * MemoryLayout<Element>.stride)
  }
}

/// Overwrites a span with zero; the stores are never optimised away.
public func wipe<Element: BitwiseCopyable>(_ span: inout MutableSpan<Element>) {
  // The callee writes only inside the buffer it is given.
  unsafe span.withUnsafeMutableBytes { bytes in
    if let base = bytes.baseAddress { unsafe gimbal_wipe(base, bytes.count) }
  }
}
