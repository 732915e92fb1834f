extension FpgaMap {
  /// Depth of the event FIFO.
  public static var fifoCapacityWords: Int { 16_384 }
  /// How many frames back a choice can be looked up.
  public static var choiceCapacityFrames: Int { 256 }
  /// Lasers and detectors, in bit order: H, V, D, A, R, L.
  public static var detectorCount: Int { 6 }
}

extension FrontEndMap {
  /// Seven-bit I2C address of the counter front-end.
  public static var i2cAddress: UInt8 { 0x2a }
}

extension WavePlatesMap {
  /// Seven-bit I2C address of the motor controller of the wave plates.
  public static var i2cAddress: UInt8 { 0x2c }
  public static var plateCount: Int { 3 }
  /// Hundredths of a degree after which a plate looks the same to the light.
  public static var halfTurn: UInt32 { 18_000 }
}
