import Controller
import FixedStorage
import HostStorage
import Testing
import Units

private func saved(_ configuration: ModuleConfiguration) -> [UInt8] {
  let text = SavedConfiguration.text(of: configuration)
  let bytes = text.utf8
  var copy: [UInt8] = []
  for i in bytes.indices { copy.append(bytes[i]) }
  return copy
}

private func read(_ bytes: [UInt8]) -> Result<ModuleConfiguration, SavedConfigurationFault> {
  do throws(SavedConfigurationFault) { return .success(try SavedConfiguration.read(bytes.span)) } catch {
    return .failure(error)
  }
}

/// The text with another line in front of the checksum, which is made anew by way of a naive division.
private func sealed(_ lines: [String]) -> [UInt8] {
  let body = Array((lines.joined(separator: "\n") + "\n").utf8)
  var crc = UInt32.max
  for byte in body {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc & 1 != 0 ? (crc >> 1) ^ 0xedb8_8320 : crc >> 1 }
  }
  let digits = String(~crc, radix: 16)
  return body + Array(("# crc32 " + String(repeating: "0", count: 8 - digits.count) + digits + "\n").utf8)
}

@Test func configuration_saved_readsBack() {
  var changed = LinkConfiguration()
  changed.linkId = .max
  changed.epsilonSecret = 9
  changed.exchangeFrames = 1 << 30
  var following = LinkConfiguration()
  following.follow(row: 20)
  var own = ModuleSettings()
  for number in 0..<ModuleSetting.count {
    let setting = ModuleSetting.numbered(number)
    let isTaken = own.set(setting, to: setting.range.upperBound)
    #expect(isTaken)
  }
  let all =
    [LinkConfiguration(), changed, following].map { ModuleConfiguration($0) } + [ModuleConfiguration(changed, own)]
  for configuration in all {
    #expect(read(saved(configuration)) == .success(configuration))
  }
}

/// Cut anywhere, or with any bit flipped, it is refused; nothing but the whole text is taken.
@Test func configuration_tornOrBent_isRefused() {
  let whole = saved(ModuleConfiguration())
  for count in 0..<whole.count {
    if case .success = read(Array(whole.prefix(count))) { Issue.record("cut at \(count)") }
  }
  for bit in 0..<(8 * whole.count) {
    var bent = whole
    bent[bit / 8] ^= 1 << UInt8(bit % 8)
    if case .success = read(bent) { Issue.record("bit \(bit)") }
  }
  if case .success = read(whole + [10]) { Issue.record("a byte more") }
}

/// A file of version 1 has no settings of the module, and fewer fields may be there; the others have their defaults.
@Test func configuration_ofFewerFields_takesDefaults() {
  var expected = LinkConfiguration()
  expected.linkId = 9
  #expect(read(sealed(["# gimbal configuration 1", "set link_id 9"])) == .success(ModuleConfiguration(expected)))
  let now = read(sealed(["# gimbal configuration 2", "set link_id 9", "set log_level debug", "set variant perBlock"]))
  expected.variant = .perBlock
  var own = ModuleSettings()
  let isTaken = own.set(.logLevel, to: 4)
  #expect(isTaken && now == .success(ModuleConfiguration(expected, own)))
}

@Test func configuration_thatCannotBe_isToldByLineOrField() {
  let head = "# gimbal configuration 1"
  #expect(read(sealed([head, "set link_id 9", "set nothing 1"])) == .failure(.line(3)))
  #expect(read(sealed([head, "zeroize now"])) == .failure(.line(2)))
  #expect(read(sealed([head, "set gate_delay_ps 15"])) == .failure(.line(2)))
  #expect(read(sealed([head, "set ad_block 17"])) == .failure(.unusable(.adBlock, 17)))
  #expect(read(sealed(["# gimbal configuration 3", "set link_id 9"])) == .failure(.newer(3)))
  #expect(read(sealed(["# something else"])) == .failure(.notOurs))
  #expect(read([]) == .failure(.notOurs))
}

@Test(arguments: fuzzSeeds(200)) func configuration_ofBentBytes_isReadOrRefused(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  let whole = saved(ModuleConfiguration())
  for _ in 0..<50 {
    guard case .success(let configuration) = read(random.bent(whole, bytesMax: 2000)) else { continue }
    #expect(configuration.link.unusableField() == nil)
  }
}
