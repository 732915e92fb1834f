public import Units

/// The end of the link that a gateware is for, as a type: Alice's registers cannot be reached on Bob's gateware.
public protocol FpgaSide {
  static var role: Role { get }
}

public enum AliceSide: FpgaSide {
  public static var role: Role { .alice }
}

public enum BobSide: FpgaSide {
  public static var role: Role { .bob }
}
