// swift-tools-version: 6.2
import PackageDescription

/// Settings of every target of ours, named once.
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
  name: "invitro",
  products: [
    .executable(name: "invitro", targets: ["invitro"]),
    .library(name: "Metrics", targets: ["Metrics"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    .package(
      url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1",
      traits: ["FullFoundation"]),
    .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1"),
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", exact: "1.5.0"),
  ],
  targets: [
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(
      name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
    .target(name: "CBFloat16"),
    .target(name: "CSQLite", linkerSettings: [.linkedLibrary("sqlite3")]),
    .target(
      name: "Basics", dependencies: [.product(name: "Crypto", package: "swift-crypto")],
      resources: [.embedInCode("Resources/confusables.txt")], swiftSettings: settings),
    .target(
      name: "Ledger", dependencies: ["Basics", .product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: settings),
    .target(name: "Metrics", dependencies: ["Basics", "COpenBLAS"], swiftSettings: settings),
    .target(
      name: "Harness",
      dependencies: [
        "Basics", "Metrics", "CArchive",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "GRDB", package: "GRDB.swift"),
      ],
      resources: [
        .embedInCode("Resources/Benchmarks"), .embedInCode("Resources/benchmark.schema.json"),
      ],
      swiftSettings: settings),
    .target(
      name: "Sample", dependencies: ["Basics", "Harness"],
      resources: [.embedInCode("Resources/phrases.json")], swiftSettings: settings),
    .target(
      name: "Reference",
      dependencies: [
        "Basics", "Metrics", "COpenBLAS", "CBFloat16",
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: settings),
    .target(
      name: "Study", dependencies: ["Basics", "Metrics", "Harness", "Reference"],
      resources: [.embedInCode("Resources")], swiftSettings: settings),
    .target(
      name: "Report",
      dependencies: [
        "Basics", "Harness", "Ledger", "Metrics", "Reference", "Study",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "Mustache", package: "swift-mustache"),
      ],
      // The first two are links to the folders of site/.
      resources: [
        .embedInCode("Resources/templates"), .embedInCode("Resources/assets"),
        .embedInCode("Resources/board"),
      ],
      swiftSettings: settings),
    .target(
      name: "Server",
      dependencies: [
        "Basics", "Harness", "Ledger", "Metrics", "Report", "CSQLite",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "GRDB", package: "GRDB.swift"),
        // Their dependency swift-metrics has a module of our module's name.
        .product(
          name: "Hummingbird", package: "hummingbird", moduleAliases: ["Metrics": "SwiftMetrics"]),
        .product(
          name: "HummingbirdCore", package: "hummingbird",
          moduleAliases: ["Metrics": "SwiftMetrics"]),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "NIOTLS", package: "swift-nio"),
      ],
      resources: [.embedInCode("Resources")],
      swiftSettings: settings),
    .executableTarget(
      name: "invitro",
      dependencies: [
        "Basics", "Sample", "Server", "Report", "Study", "Reference", "Harness", "Ledger",
        "Metrics",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "invitro-bench",
      dependencies: ["Basics", "Sample", "Metrics", "Harness", "Report", "Reference", "Study"],
      path: "Benchmarks", exclude: ["peers"], swiftSettings: settings),
    .executableTarget(
      name: "invitro-fuzz",
      dependencies: [
        "Basics", "Sample", "Harness", "Reference", "Study", "CArchive", "TestFiles",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Tests/Fuzz", swiftSettings: settings),
    .target(name: "TestFiles", path: "Tests/TestFiles", swiftSettings: settings),
    .target(
      name: "TestSupport", dependencies: ["CArchive"], path: "Tests/TestSupport",
      swiftSettings: settings),
    .testTarget(
      name: "BasicsTests", dependencies: ["Basics", "TestSupport"], swiftSettings: settings),
    .testTarget(
      name: "LedgerTests",
      dependencies: ["Basics", "Ledger", .product(name: "Crypto", package: "swift-crypto")],
      exclude: ["Goldens"], swiftSettings: settings),
    .testTarget(
      name: "MetricsTests", dependencies: ["Basics", "Metrics", "TestSupport"],
      exclude: ["Goldens"],
      swiftSettings: settings),
    .testTarget(
      name: "HarnessTests", dependencies: ["Sample", "Basics", "Harness", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "SampleTests", dependencies: ["Basics", "Harness", "Sample", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "ReferenceTests",
      dependencies: [
        "Basics", "Reference", "Metrics", "CBFloat16", "TestFiles", "TestSupport",
      ],
      exclude: ["Goldens"], swiftSettings: settings),
    .testTarget(
      name: "StudyTests",
      dependencies: ["Basics", "Metrics", "Harness", "Reference", "Study", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "ReportTests",
      dependencies: ["Basics", "Ledger", "Report", "Study", "Harness", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "ServerTests",
      dependencies: [
        "invitro", "Basics", "Harness", "Ledger", "Metrics", "Report", "Server", "TestSupport",
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(
          name: "HummingbirdTesting", package: "hummingbird",
          moduleAliases: ["Metrics": "SwiftMetrics"]),
        .product(name: "HTTPTypes", package: "swift-http-types"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "BenchTests", dependencies: ["Harness", "invitro-bench"], swiftSettings: settings),
    .testTarget(
      name: "CommandTests", dependencies: ["Basics", "Ledger", "invitro", "TestSupport"],
      exclude: ["Goldens", "Help"], swiftSettings: settings),
  ]
)
