public import Units

/// Which gateware answers.
public struct FpgaIdentity: Equatable, Sendable {
  public let role: Role
  public let mapVersion: UInt32
  public let build: UInt32
}
