// swift-tools-version: 6.2
import PackageDescription

/// `FIRMWARE=1` compiles the device modules as Embedded Swift with the allocator forbidden.
let isFirmware = Context.environment["FIRMWARE"] == "1"

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableExperimentalFeature("Lifetimes"),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]
let device: [SwiftSetting] =
  strict
  + (isFirmware
    ? [
      .enableExperimentalFeature("Embedded"),
      .unsafeFlags(["-wmo", "-no-allocations", "-Xfrontend", "-function-sections"]),
    ]
    : [.unsafeFlags(["-Werror", "EmbeddedRestrictions"])])

/// A module of the device: compiled in every build, allocates nothing.
func module(_ name: String, uses dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: device)
}
/// A module that exists on a development machine only.
func hostModule(_ name: String, uses dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}
func suite(_ name: String, uses dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: [.init(stringLiteral: name)] + dependencies, swiftSettings: strict)
}

// Listed bottom-up: a module may only name modules above it in this file.
let deviceModules: [Target] = [
  .target(name: "CMath"),
  .target(name: "CMemory"),
  module("Units"),
  module("FixedStorage", uses: ["CMemory"]),
  module("Checksum"),
  module("Ports"),
  module("BinaryField"),
  module("PrivacyAmplification", uses: ["BinaryField", "FixedStorage"]),
  module("Authentication", uses: ["BinaryField", "FixedStorage"]),
]

let hostModules: [Target] = [
  hostModule("HostStorage", uses: ["FixedStorage"]),
  suite("Units"),
  suite("FixedStorage", uses: ["HostStorage"]),
  suite("Checksum"),
  suite("BinaryField", uses: ["HostStorage"]),
  suite("PrivacyAmplification", uses: ["FixedStorage", "HostStorage"]),
  suite("Authentication", uses: ["BinaryField", "FixedStorage", "HostStorage"]),
]

let package = Package(
  name: "gimbal",
  targets: deviceModules + (isFirmware ? [] : hostModules)
)
