import Sifting
import Testing
import Units

/// The rows of theory.md 1.2: images of X, Y and Z, with their signs.
private let table = [
  "+X +Y +Z", "+X -Y -Z", "-X +Y -Z", "-X -Y +Z", "+Y +Z +X", "+Y -Z -X", "-Y +Z -X", "-Y -Z +X", "+Z +X +Y",
  "+Z -X -Y", "-Z +X -Y", "-Z -X +Y",
]

@Test func images_matchTheTableOfTheProtocol() throws {
  for index in UInt8(0)..<12 {
    let twirl = try #require(Twirl(index: index))
    let images = [Axis.x, .y, .z].map { axis in
      let image = twirl.image(of: axis)
      return (image.flips ? "-" : "+") + ["X", "Y", "Z"][Int(image.axis.rawValue)]
    }
    #expect(images.joined(separator: " ") == table[Int(index)])
  }
  #expect(Twirl(index: 12) == nil)
}

/// Over the twelve elements every logical axis visits every physical axis with both signs equally often.
@Test func images_areUniformOverTheGroup() throws {
  for axis in [Axis.x, .y, .z] {
    var visits = [Int](repeating: 0, count: 6)
    for index in UInt8(0)..<12 {
      let image = try #require(Twirl(index: index)).image(of: axis)
      visits[Int(image.axis.rawValue) * 2 + (image.flips ? 1 : 0)] += 1
    }
    #expect(visits == [2, 2, 2, 2, 2, 2])
  }
}

@Test func announcement_roundTripsThroughItsByte() {
  var valid = 0
  for byte in UInt8.min...UInt8.max {
    guard let announcement = Announcement(byte: byte) else { continue }
    valid += 1
    #expect(announcement.byte == byte)
  }
  #expect(valid == 12 * 3 * 3)
}

/// A noiseless channel: Bob's sifted bit is Alice's bit for every state, and two thirds of the axes do not sift.
@Test func noiselessDetection_siftsAliceBit() throws {
  var sifted = 0
  for index in UInt8(0)..<12 {
    for axis in [Axis.x, .y, .z] {
      for bit in UInt8(0)...1 {
        let twirl = try #require(Twirl(index: index))
        let image = twirl.image(of: axis)
        let announcement = Announcement(twirl: twirl, axis: axis, intensity: .signal)
        for measured in [Axis.x, .y, .z] {
          let outcome = measured == image.axis ? bit ^ (image.flips ? 1 : 0) : 0
          let result = Measurement(axis: measured, outcome: outcome, isCross: false).siftedBit(announcement)
          #expect(result == (measured == image.axis ? bit : nil))
          sifted += result == nil ? 0 : 1
        }
      }
    }
  }
  #expect(sifted == 12 * 3 * 2)
}

@Test func singleClicks_nameAxisAndOutcome() {
  let expected: [(UInt8, Axis, UInt8)] = [
    (1, .z, 0), (2, .z, 1), (4, .x, 0), (8, .x, 1), (16, .y, 0), (32, .y, 1),
  ]
  for (clicks, axis, outcome) in expected {
    for random: UInt32 in [0, 0xffff_ffff, 0x1234_5678] {
      #expect(Measurement(clicks: clicks, random: random) == Measurement(axis: axis, outcome: outcome, isCross: false))
    }
  }
}

@Test func doubleClicks_takeTheRandomBit() {
  for (clicks, axis): (UInt8, Axis) in [(3, .z), (12, .x), (48, .y)] {
    #expect(Measurement(clicks: clicks, random: 0) == Measurement(axis: axis, outcome: 0, isCross: false))
    #expect(Measurement(clicks: clicks, random: 1) == Measurement(axis: axis, outcome: 1, isCross: false))
  }
}

/// Cross clicks choose evenly among the clicked axes, whatever the outcome bits.
@Test func crossClicks_chooseEvenlyAmongClickedAxes() {
  for clicks in UInt8(1)..<64 {
    let axes = [clicks >> 2 & 3, clicks >> 4 & 3, clicks & 3].map { $0 != 0 ? 1 : 0 }
    let clicked = axes.reduce(0, +)
    guard clicked > 1 else { continue }
    var seen = [Int](repeating: 0, count: 3)
    for draw in stride(from: UInt32(0), to: 65_536, by: 16) {
      let measurement = Measurement(clicks: clicks, random: draw << 8)
      #expect(measurement.isCross)
      seen[Int(measurement.axis.rawValue)] += 1
    }
    for axis in 0..<3 { #expect(abs(seen[axis] - axes[axis] * 4096 / clicked) <= 1) }
  }
}
