/// A temperature in thousandths of a degree Celsius.
public struct Millicelsius: Comparable, Sendable {
  public let count: Int32

  public init(_ count: Int32) { self.count = count }

  public static func < (a: Millicelsius, b: Millicelsius) -> Bool { a.count < b.count }
}

/// A voltage in millionths of a volt.
public struct Microvolts: Comparable, Sendable {
  public let count: Int32

  public init(_ count: Int32) { self.count = count }

  public static func < (a: Microvolts, b: Microvolts) -> Bool { a.count < b.count }
}
