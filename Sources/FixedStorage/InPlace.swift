/// A stored property of this type keeps the value that holds it at its address.
///
/// Without it the compiler takes a large value that cannot be copied for one that may be loaded, and copies all of its
/// bytes to the stack before each call that only reads it. A raw layout has nothing to load.
@_rawLayout(size: 1, alignment: 1)
public struct InPlace: ~Copyable {
  public init() {}
}
