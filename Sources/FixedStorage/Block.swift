import CMemory

/// A run of statically allocated elements with one owner, lent out as spans.
///
/// Large working memory is declared outside Swift (see Linker/README.md) because the compiler cannot lay out
/// large static arrays in reasonable time; this type is how the rest of the program sees it.
@safe
public struct Block<Element: BitwiseCopyable>: ~Copyable {
  private var start: UnsafeMutablePointer<Element>
  public private(set) var count: Int

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

  /// Gives the first `count` elements up to another owner.
  public mutating func detachFirst(_ count: Int) -> Block<Element> {
    precondition(count >= 0 && count <= self.count)
    // Neither owner can reach the other's elements, and both live as long as the program.
    let first = unsafe Block(unsafeStart: start, count: count)
    unsafe start += count
    self.count -= count
    return first
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

  /// Exchanges two elements that the caller has checked to be of the block.
  @unsafe @inline(__always)
  mutating func exchangeUnchecked(_ first: Int, _ second: Int) {
    let moved = unsafe start[first]
    unsafe start[first] = start[second]
    unsafe start[second] = moved
  }

  /// Stores a word in eight bytes from `first` on, the lowest bits first.
  @inline(__always)
  mutating func setWord(at first: Int, to word: UInt64) where Element == UInt8 {
    precondition(first >= 0 && first <= count - 8)
    // In bounds, as was just checked, and no alignment is asked for.
    unsafe UnsafeMutableRawPointer(start).storeBytes(of: word.littleEndian, toByteOffset: first, as: UInt64.self)
  }

  /// Copies elements towards the front; the ranges may overlap.
  public mutating func move(_ range: Range<Int>, to start: Int) {
    precondition(start <= range.lowerBound)
    for i in 0..<range.count { self[start + i] = self[range.lowerBound + i] }
  }

  /// Stores the exclusive or of two runs of `count` elements at `place`; `place` may be that of a run, but not inside.
  @inline(__always)
  public mutating func setSum(at place: Int, of left: Int, _ right: Int, count: Int) where Element: FixedWidthInteger {
    precondition(place >= 0 && left >= 0 && right >= 0 && count >= 0)
    precondition(place + count <= self.count && left + count <= self.count && right + count <= self.count)
    // The bounds were just checked.
    for i in 0..<count { unsafe start[place &+ i] = start[left &+ i] ^ start[right &+ i] }
  }

  /// Sets a run of elements to zero, to begin a sum with.
  public mutating func clear(_ range: Range<Int>) where Element: FixedWidthInteger {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    for i in range { unsafe start[i] = 0 }
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
