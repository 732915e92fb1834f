public import Reconciliation

/// Working memory of the tiles that are reconciled side by side.
public struct TileStorage: ~Copyable {
  /// Tiles that may be under way together.
  public static var tilesMax: Int { TileBatch.tilesMax }

  /// Alice: the tiles that are asked about.
  var references: [8 of ParityReference]
  /// Bob: the tiles that are corrected.
  var correctors: [8 of Corrector]

  public init(references: consuming [8 of ParityReference], correctors: consuming [8 of Corrector]) {
    self.references = references
    self.correctors = correctors
  }

  mutating func wipe() {
    for place in 0..<Self.tilesMax {
      references[place].wipe()
      correctors[place].wipe()
    }
  }
}
