import HostStorage
import Optics
import Testing
import Units

private let elements = (0..<Twirl.elementCount).map { Twirl.rotation($0) }

/// Images of X, Y, Z under each element, in the order 1 X Y Z C CX CY CZ C2 C2X C2Y C2Z, written out by hand from the
/// products of Pauli conjugations.
private let images = [
  "+X+Y+Z", "+X-Y-Z", "-X+Y-Z", "-X-Y+Z", "+Y+Z+X", "+Y-Z-X", "-Y+Z-X", "-Y-Z+X", "+Z+X+Y", "+Z-X-Y", "-Z+X-Y",
  "-Z-X+Y",
]

private func text(_ vector: BlochVector) -> String {
  for (name, axis) in [("X", Axis.x), ("Y", .y), ("Z", .z)] {
    if vector == axis.unitVector { return "+" + name }
    if vector == -axis.unitVector { return "-" + name }
  }
  return "?"
}

@Test func twirl_hasTheTabulatedImages() {
  #expect(elements.map { text($0.imageOfX) + text($0.imageOfY) + text($0.imageOfZ) } == images)
}

@Test func twirl_isAGroupOfTwelveRotations() {
  for a in elements {
    #expect(elements.filter { $0 == a }.count == 1)
    #expect(a.after(a.transposed) == .identity)
    let (x, y, z) = (a.imageOfX, a.imageOfY, a.imageOfZ)
    #expect(x.x * (y.y * z.z - y.z * z.y) - x.y * (y.x * z.z - y.z * z.x) + x.z * (y.x * z.y - y.y * z.x) == 1)
    for b in elements { #expect(elements.contains(a.after(b))) }
  }
}

/// Any Bloch map r -> T r + t becomes r -> (tr T / 3) r.
@Test(arguments: 0..<UInt64(50)) func twirl_ofAnyMap_isWhiteNoise(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  func vector() -> BlochVector { BlochVector.random(in: -1...1, using: &random) }
  let map = BlochMatrix(imageOfX: vector(), imageOfY: vector(), imageOfZ: vector())
  let shift = vector()
  for axis in [Axis.x, .y, .z] {
    var mean = BlochVector.zero
    for u in elements {
      mean += u.transposed.applied(to: map.applied(to: u.applied(to: axis.unitVector)) + shift) / 12
    }
    let error = mean - map.trace / 3 * axis.unitVector
    #expect((error * error).sum() < 1e-18)
  }
}

/// Known-answer vectors of the Random123 distribution (kat_vectors, philox2x64 10).
@Test func philox_matchesThePublishedVectors() {
  let zero = Philox.block(low: 0, high: 0, key: 0)
  let ones = Philox.block(low: .max, high: .max, key: .max)
  let pi = Philox.block(low: 0x243f_6a88_85a3_08d3, high: 0x1319_8a2e_0370_7344, key: 0xa409_3822_299f_31d0)
  #expect(zero == (0xca00_a045_9843_d731, 0x66c2_4222_c9a8_45b5))
  #expect(ones == (0x65b0_21d6_0cd8_310f, 0x4d02_f322_2f86_df20))
  #expect(pi == (0x0a5e_742c_2997_341c, 0xb0f8_83d3_8000_de5d))
}

@Test func choices_areUniformAndKeepTheirShares() {
  var settings = EmissionSettings()
  settings.signalShare = 20_000
  settings.decoyShare = 30_000
  let source = ChoiceSource(seed: 5)
  var cells = [Int](repeating: 0, count: 72)
  var levels = [0, 0, 0]
  let trials = 720_000
  for slot in 0..<UInt32(trials) {
    let choice = source.choice(frame: 3, slot: slot, settings: settings)
    cells[(Int(choice.twirl) * 3 + Int(choice.axis.rawValue)) * 2 + Int(choice.bit)] += 1
    levels[Int(choice.intensity.rawValue)] += 1
  }
  let chiSquare = cells.reduce(0.0) { $0 + (Double($1) - 10_000) * (Double($1) - 10_000) / 10_000 }
  #expect(isPlausible(chiSquare: chiSquare, freedom: 71))
  #expect(agrees(levels[0], of: trials, with: 20_000 / 65_536.0))
  #expect(agrees(levels[1], of: trials, with: 30_000 / 65_536.0))
}

@Test func choices_differBySeedFrameAndSlot() {
  let settings = EmissionSettings()
  func stream(_ seed: UInt64, _ frame: UInt32) -> [Int] {
    (0..<64).map { ChoiceSource(seed: seed).choice(frame: frame, slot: $0, settings: settings).state }
  }
  #expect(stream(1, 1) == stream(1, 1) && stream(1, 1) != stream(2, 1) && stream(1, 1) != stream(1, 2))
}

@Test func choices_perBlock_useFourStatesEvenly() {
  var settings = EmissionSettings()
  settings.variant = .perBlock
  let source = ChoiceSource(seed: 9)
  var counts = [Int](repeating: 0, count: 6)
  for slot in 0..<UInt32(40_000) {
    let choice = source.choice(frame: 5, slot: slot, settings: settings)
    #expect(choice.twirl == 0 && choice.axis != .y)
    counts[choice.state] += 1
  }
  #expect(counts[4] == 0 && counts[5] == 0)
  for count in counts[..<4] { #expect(agrees(count, of: 40_000, with: 0.25)) }
}
