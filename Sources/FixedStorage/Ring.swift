/// A first-in first-out queue with its capacity in the type.
public struct Ring<let capacity: Int, Element: BitwiseCopyable>: ~Copyable {
  private var elements: [capacity of Element]
  private var head = 0
  public private(set) var count = 0

  /// `filler` occupies the free places and is never handed out.
  public init(filler: Element) { elements = .init(repeating: filler) }

  public var isEmpty: Bool { count == 0 }
  public var isFull: Bool { count == capacity }

  /// Puts `element` at the end; false if there is no place.
  public mutating func push(_ element: Element) -> Bool {
    guard count < capacity else { return false }
    elements[(head + count) % capacity] = element
    count += 1
    return true
  }

  public mutating func pop() -> Element? {
    guard count > 0 else { return nil }
    let element = elements[head]
    head = (head + 1) % capacity
    count -= 1
    return element
  }

  /// The element `offset` places behind the oldest.
  public subscript(offset: Int) -> Element {
    get {
      precondition(offset >= 0 && offset < count)
      return elements[(head + offset) % capacity]
    }
    set {
      precondition(offset >= 0 && offset < count)
      elements[(head + offset) % capacity] = newValue
    }
  }

  public mutating func removeAll() {
    head = 0
    count = 0
  }
}
