// swift-tools-version: 6.2
import PackageDescription

/// `FIRMWARE=1` compiles the device modules as Embedded Swift with the allocator forbidden.
let isFirmware = Context.environment["FIRMWARE"] == "1"

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableExperimentalFeature("Lifetimes"),
  .enableExperimentalFeature("RawLayout"),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]
/// Generic code of one module is specialised in another, which Embedded Swift always does.
let acrossModules: [SwiftSetting] =
  isFirmware ? [] : [.unsafeFlags(["-cross-module-optimization"], .when(configuration: .release))]
/// `PORTABLE=1` leaves the kernels of carry-less multiplication out, as for a board whose processor has none.
let kernels: [SwiftSetting] = Context.environment["PORTABLE"] == "1" ? [.define("PORTABLE_KERNELS")] : []
let device: [SwiftSetting] =
  strict + kernels
  + (isFirmware
    ? [
      .enableExperimentalFeature("Embedded"),
      .unsafeFlags(["-wmo", "-no-allocations", "-Xfrontend", "-function-sections"]),
    ]
    : [.unsafeFlags(["-Werror", "EmbeddedRestrictions"])])
  + acrossModules

/// A development machine has 32-byte vectors; the image for the same processor keeps to what every one of them has.
#if arch(x86_64)
  let hostVectors: [CSetting] = isFirmware ? [] : [.unsafeFlags(["-march=x86-64-v3"])]
#else
  let hostVectors: [CSetting] = []
#endif

/// For what people and consumers of keys talk to, room in the image counts and speed does not.
let compact: [SwiftSetting] = isFirmware ? [.unsafeFlags(["-Osize"], .when(configuration: .release))] : []
/// A module of the device: compiled in every build, allocates nothing.
func module(_ name: String, uses dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: device + settings)
}
/// A module that exists on a development machine only.
func hostModule(_ name: String, uses dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict + acrossModules)
}
func suite(_ name: String, uses dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: [.init(stringLiteral: name)] + dependencies, swiftSettings: strict)
}

/// The linker script holds the budgets; lld is the linker that reads it on both processors. The program of the
/// development machine is outside of them: tests look into it, so that nothing of it may be left out.
let withinBudget: [LinkerSetting] =
  [.linkedLibrary("m")]
  + (isFirmware
    ? [
      .unsafeFlags(
        ["-use-ld=lld", "-Xlinker", "--gc-sections", "-Xlinker", "-T"]
          + ["-Xlinker", "\(Context.packageDirectory)/Linker/gimbal.ld"],
        .when(configuration: .release))
    ] : [])

// Listed bottom-up: a module may only name modules above it in this file.
let deviceModules: [Target] = [
  .target(name: "CMath"),
  .target(name: "CToeplitz", cSettings: hostVectors),
  .target(name: "CSyndrome", cSettings: hostVectors),
  .target(name: "CStream", cSettings: hostVectors),
  .target(name: "CPermutation", cSettings: hostVectors),
  .target(name: "CPolynomial"),
  .target(name: "CMemory"),
  .target(name: "CArena"),
  .target(name: "CCodes"),
  .target(name: "CLinux", linkerSettings: [.linkedLibrary("gpiod"), .linkedLibrary("i2c")]),
  .target(name: "CMarks"),
  module("Units"),
  module("FixedStorage", uses: ["CMemory", "CPermutation", "CPolynomial", "CStream", "CSyndrome", "CToeplitz"]),
  module("Checksum", uses: ["FixedStorage"]),
  module("BinaryField", uses: ["FixedStorage"]),
  module("RegisterMap"),
  module("Ports"),
  module("Drivers", uses: ["Units", "FixedStorage", "Checksum", "RegisterMap", "Ports"]),
  module("Wire", uses: ["Checksum", "FixedStorage", "Ports"]),
  module("Sifting", uses: ["FixedStorage", "Units"]),
  module("Estimation", uses: ["Units", "CMath"]),
  module("Alignment", uses: ["Units", "CMath"]),
  module("Reconciliation", uses: ["CCodes", "CMath", "FixedStorage", "Units"]),
  module("AdvantageDistillation", uses: ["FixedStorage"]),
  module("PrivacyAmplification", uses: ["FixedStorage"]),
  module("Authentication", uses: ["BinaryField", "FixedStorage"]),
  module(
    "Distillation",
    uses: [
      "AdvantageDistillation", "Authentication", "BinaryField", "CMath", "Estimation", "FixedStorage", "Ports",
      "PrivacyAmplification", "Reconciliation", "Sifting", "Units", "Wire",
    ]),
  module("LinkControl", uses: ["Units"]),
  module("Acquisition", uses: ["FixedStorage", "Units"]),
  module("Health", uses: ["Units"], settings: compact),
  module("KeyStore", uses: ["BinaryField", "Checksum", "FixedStorage", "Ports", "Units"], settings: compact),
  module("Console", uses: ["FixedStorage", "Ports"], settings: compact),
  module("Scpi", uses: ["Console", "FixedStorage"], settings: compact),
  module(
    "Controller",
    uses: [
      "Acquisition", "AdvantageDistillation", "Alignment", "Authentication", "Checksum", "Console", "Distillation",
      "Drivers", "Estimation", "FixedStorage", "Health",
      "KeyStore", "LinkControl",
      "Ports", "PrivacyAmplification", "Reconciliation", "RegisterMap", "Scpi", "Sifting", "Units", "Wire",
    ]),
  module("BoardProtocol"),
  .executableTarget(
    name: "Firmware",
    dependencies: [
      "AdvantageDistillation", "Alignment", "Authentication", "BinaryField", "BoardProtocol", "CArena", "CLinux",
      "CMarks", "Checksum",
      "Console", "Controller",
      "Distillation", "Estimation", "FixedStorage", "Health", "KeyStore", "LinkControl", "Ports",
      "PrivacyAmplification", "Reconciliation", "RegisterMap", "Scpi", "Sifting", "Units", "Wire",
    ],
    // Console and controller are generic over the board and become code here; the kernels of distillation do not.
    swiftSettings: device + compact, linkerSettings: withinBudget),
]

/// In the image for the board only, which `Tools/link.sh` links: on the way there nothing depends on it.
let boardModules: [Target] = [.target(name: "CStatic", dependencies: ["CArena", "CLinux"])]

let hostModules: [Target] = [
  hostModule("HostStorage", uses: ["FixedStorage"]),
  hostModule("Optics", uses: ["HostStorage", "Units"]),
  .target(name: "CAllocationWatch"),
  hostModule(
    "Twin",
    uses: [
      "BoardProtocol", "Checksum", "FixedStorage", "HostSockets", "HostStorage", "Optics", "Ports", "RegisterMap",
      "Units",
    ]),
  hostModule(
    "TwinRun",
    uses: [
      "Acquisition", "AdvantageDistillation", "Alignment", "CAllocationWatch", "Checksum", "Controller", "Distillation",
      "Estimation",
      "FixedStorage", "HostStorage", "LinkControl", "Optics", "Ports", "Sifting", "Twin", "Units", "Wire",
    ]),
  .executableTarget(
    name: "TwinProgram",
    dependencies: [
      .product(name: "ArgumentParser", package: "swift-argument-parser"), "Acquisition", "AdvantageDistillation",
      "Alignment", "Authentication", "BinaryField", "Console", "Controller",
      "Distillation", "Estimation", "FixedStorage", "Health", "HostSockets", "HostStorage", "LinkControl",
      "Optics", "Ports", "PrivacyAmplification", "Reconciliation", "RegisterMap", "Scpi", "Sifting", "Twin", "TwinRun",
      "Units", "Wire",
    ],
    swiftSettings: strict),
  hostModule("HostSockets"),
  hostModule("HostConsole", uses: ["Console", "FixedStorage", "HostStorage", "Ports"]),
  suite("CArena"),
  suite("Units"),
  suite("FixedStorage", uses: ["HostStorage"]),
  suite("Checksum", uses: ["HostStorage"]),
  suite("BinaryField", uses: ["FixedStorage", "HostStorage"]),
  suite("RegisterMap", uses: ["Units"]),
  suite("Drivers", uses: ["Units", "FixedStorage", "HostStorage", "Checksum", "RegisterMap", "Ports"]),
  suite("Wire", uses: ["FixedStorage", "HostStorage", "Ports"]),
  suite("Sifting", uses: ["FixedStorage", "HostStorage", "Units"]),
  suite("Estimation", uses: ["AdvantageDistillation", "FixedStorage", "HostStorage", "Units"]),
  suite("Alignment", uses: ["HostStorage", "Optics", "Units"]),
  suite("Reconciliation", uses: ["FixedStorage", "HostStorage", "Units"]),
  suite("AdvantageDistillation", uses: ["FixedStorage", "HostStorage"]),
  suite("PrivacyAmplification", uses: ["FixedStorage", "HostStorage"]),
  suite("Authentication", uses: ["BinaryField", "FixedStorage", "HostStorage"]),
  suite(
    "Distillation",
    uses: [
      "AdvantageDistillation", "Estimation", "FixedStorage", "HostStorage", "Ports", "PrivacyAmplification",
      "Reconciliation", "Sifting",
      "Units",
      "Wire",
    ]),
  suite("LinkControl", uses: ["HostStorage", "Units"]),
  suite("Acquisition", uses: ["FixedStorage", "HostStorage", "Units"]),
  suite("Health", uses: ["HostStorage", "Units"]),
  suite("KeyStore", uses: ["FixedStorage", "HostStorage", "Ports", "Twin", "Units"]),
  suite("Console", uses: ["FixedStorage", "HostConsole", "HostStorage", "Ports"]),
  suite("Scpi", uses: ["Console", "FixedStorage", "HostStorage"]),
  suite(
    "Controller",
    uses: [
      "Acquisition", "AdvantageDistillation", "Alignment", "Console", "Distillation", "Drivers", "FixedStorage",
      "Health",
      "HostConsole", "HostStorage", "KeyStore", "LinkControl", "Optics", "Ports",
      "RegisterMap", "Scpi", "Sifting", "Twin", "TwinRun", "Units", "Wire",
    ]),
  suite("TwinRun", uses: ["Alignment", "Controller", "Estimation", "HostStorage", "Optics", "Twin", "Units"]),
  suite(
    "Firmware",
    uses: [
      "BoardProtocol", "Controller", "FixedStorage", "HostSockets", "HostStorage", "Optics", "Ports", "Twin", "Units",
    ]),
  suite("Optics", uses: ["HostStorage", "Sifting", "Units"]),
  suite(
    "Twin",
    uses: [
      "Acquisition", "BoardProtocol", "Checksum", "Drivers", "FixedStorage", "HostSockets", "HostStorage", "Optics",
      "Ports", "RegisterMap", "Sifting", "Units",
    ]),
]

let package = Package(
  name: "gimbal",
  products: [.executable(name: "gimbal", targets: ["Firmware"])]
    + (isFirmware ? [] : [.executable(name: "twin", targets: ["TwinProgram"])]),
  dependencies: isFirmware
    ? [] : [.package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")],
  targets: deviceModules + (isFirmware ? boardModules : hostModules)
)
