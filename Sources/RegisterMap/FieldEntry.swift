/// A row of the field table of a map: which register a field belongs to and what it is called.
///
/// The fields of one register do not overlap in the same direction. A port may read one word layout and be
/// written with another; `access` tells them apart.
public struct FieldEntry: Sendable {
  public let name: StaticString
  /// Address of the register.
  public let address: UInt8
  public let field: Field
  /// `readOnly`, `readWrite` or `writeOnly`.
  public let access: Register.Access

  public init(_ name: StaticString, at address: UInt8, _ field: Field, _ access: Register.Access) {
    self.name = name
    self.address = address
    self.field = field
    self.access = access
  }
}
