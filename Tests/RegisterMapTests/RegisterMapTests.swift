import RegisterMap
import Testing
import Units

private struct Map: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let registers: [Register]
  let fields: [FieldEntry]
  let widthBits: Int
}

private let maps = [
  Map(
    testDescription: "fpga", registers: FpgaMap.all.indices.map { FpgaMap.all[$0] },
    fields: FpgaMap.fields.indices.map { FpgaMap.fields[$0] }, widthBits: 32),
  Map(
    testDescription: "front_end", registers: FrontEndMap.all.indices.map { FrontEndMap.all[$0] },
    fields: FrontEndMap.fields.indices.map { FrontEndMap.fields[$0] }, widthBits: 16),
  Map(
    testDescription: "wave_plates", registers: WavePlatesMap.all.indices.map { WavePlatesMap.all[$0] },
    fields: WavePlatesMap.fields.indices.map { WavePlatesMap.fields[$0] }, widthBits: 16),
]

@Test(arguments: maps) private func addresses_riseByWholeRegisters(map: Map) {
  for (one, next) in zip(map.registers, map.registers.dropFirst()) { #expect(one.address < next.address) }
  for register in map.registers { #expect(Int(register.address) % (map.widthBits / 8) == 0) }
}

@Test(arguments: maps) private func resetValues_stayInsideDefinedBits(map: Map) {
  for register in map.registers {
    #expect(register.reset & ~register.defined == 0)
    #expect(map.widthBits == 32 || register.defined >> 16 == 0)
  }
}

/// A port may be read with one word layout and written with another; each of them is free of overlap.
@Test(arguments: maps) private func fields_tileEachRegister(map: Map) {
  for register in map.registers {
    var read: UInt32 = 0
    var written: UInt32 = 0
    for row in map.fields where row.address == register.address {
      if row.access != .writeOnly {
        #expect(read & row.field.mask == 0, "\(register.name) \(row.name)")
        read |= row.field.mask
      }
      if row.access != .readOnly {
        #expect(written & row.field.mask == 0, "\(register.name) \(row.name)")
        written |= row.field.mask
      }
    }
    #expect(read | written == register.defined, "\(register.name)")
  }
}

@Test(arguments: maps) private func access_agreesWithTheFields(map: Map) {
  for register in map.registers where register.access != .burst {
    for row in map.fields where row.address == register.address {
      #expect(row.access == register.access, "\(register.name) \(row.name)")
    }
  }
  for register in map.registers where register.isShadow { #expect(register.access == .readWrite) }
}

@Test func fields_existForEveryRegisterOnly() {
  for map in maps {
    let addresses = Set(map.registers.map(\.address))
    #expect(Set(map.fields.map(\.address)) == addresses)
    #expect(addresses.count == map.registers.count)
  }
}

@Test(arguments: 0..<UInt32(32)) func field_extractUndoesInsert(low: UInt32) {
  for high in low..<32 {
    let field = Field(bits: low...high)
    let naiveMask = (low...high).reduce(UInt32(0)) { $0 | UInt32(1) << $1 }
    #expect(field.mask == naiveMask)
    for value in [0, 1, field.valueMax] {
      let word = field.insert(value, into: 0xa5a5_5a5a)
      #expect(field.extract(from: word) == value)
      #expect(word & ~naiveMask == 0xa5a5_5a5a & ~naiveMask)
    }
  }
}

@Test func field_meaningIsNilForUnassignedValues() {
  let known = FpgaMap.Lookup.intensity.extract(FpgaMap.Lookup.Intensity.self, from: 2 << 7)
  let unknown = FpgaMap.Lookup.intensity.extract(FpgaMap.Lookup.Intensity.self, from: 3 << 7)
  #expect(known == .vacuum && unknown == nil)
}

/// The numbers of the map are those of the domain words.
@Test func meanings_agreeWithUnits() {
  #expect(FpgaMap.Version.Role.bob.rawValue == UInt32(Role.bob.rawValue))
  #expect(FpgaMap.Control.Variant.perBlock.rawValue == UInt32(TwirlVariant.perBlock.rawValue))
  for axis in [(FpgaMap.Lookup.Axis.x, Axis.x), (.y, .y), (.z, .z)] {
    #expect(axis.0.rawValue == UInt32(axis.1.rawValue))
  }
  for level in [(FpgaMap.Lookup.Intensity.signal, Intensity.signal), (.decoy, .decoy), (.vacuum, .vacuum)] {
    #expect(level.0.rawValue == UInt32(level.1.rawValue))
  }
}

@Test func burst_fillsTheTransferButNotMore() {
  #expect(SpiProtocol.burstWordsMax == 1_019)
  #expect(SpiProtocol.burstReadBytes(words: 1_019) == SpiProtocol.transferBytesMax)
  #expect(SpiProtocol.burstWriteBytes(words: 1_019) == SpiProtocol.transferBytesMax)
}
