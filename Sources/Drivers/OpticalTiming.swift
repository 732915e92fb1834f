import RegisterMap
public import Units

/// Steps and limits of pulse and gate placement; PULSE and GATE share them.
public enum OpticalTiming {
  public static var widthStep: Picoseconds { Picoseconds(100) }
  public static var delayStep: Picoseconds { Picoseconds(10) }
  public static var widthMax: Picoseconds { Picoseconds(25_500) }
  public static var delayMax: Picoseconds { Picoseconds(40_950) }

  /// Whole steps, rounded down; the caller stays within the limits above.
  static func steps(of time: Picoseconds, each step: Picoseconds) -> UInt32 { time.count / step.count }
}
