// swift-tools-version: 6.2
import PackageDescription

// The rooms of the house, bottom up: an entry may only name entries above it.
// Every room compiles in Swift 6 mode with strict memory safety, and a warning is an error.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  // A property of ours may return a Span: matrix rows are handed out as views, not as pointers.
  .enableExperimentalFeature("Lifetimes"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ room: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = [])
  -> Target
{
  .testTarget(
    name: "\(room)Tests", dependencies: [.byName(name: room), "TestSupport"] + dependencies,
    resources: resources, swiftSettings: strict)
}

let package = Package(
  name: "swift-ptq",
  products: [
    .library(name: "PTQ", targets: ["PTQ"]),
    // The whole command, for programs that add methods of their own.
    .library(name: "PTQCommandLine", targets: ["CLI"]),
    .executable(name: "ptq", targets: ["Executable"]),
    .executable(name: "custom-solver", targets: ["CustomSolver"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    // MARK: C libraries
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(
      name: "CLAPACKE", pkgConfig: "lapacke", providers: [.apt(["liblapacke-dev"])]),
    .target(name: "CProbe"),

    // MARK: What every room may say
    room("Remedies"),

    // MARK: Mathematics
    .target(
      name: "LinearAlgebra", dependencies: ["COpenBLAS", "CLAPACKE", "CProbe"],
      swiftSettings: strict,
      // roundf and its kin, which the compiler calls below SSE4.1.
      linkerSettings: [.linkedLibrary("m")]),
    room("Hessian", ["LinearAlgebra"]),
    room("Quantizer", ["LinearAlgebra"]),
    room("Solvers", ["Remedies", "LinearAlgebra", "Hessian", "Quantizer"]),

    // MARK: Models and files
    room("JSON"),
    room("Checkpoint", ["JSON", "LinearAlgebra", "Quantizer"]),
    room("Tokenizer", ["JSON"]),
    room("Transformer", ["JSON", "LinearAlgebra", "Quantizer", "Checkpoint"]),

    // MARK: The run
    room(
      "Pipeline",
      [
        "Remedies", "JSON", "LinearAlgebra", "Hessian", "Quantizer", "Solvers", "Checkpoint",
        "Tokenizer", "Transformer",
      ]),
    room("Report", ["Pipeline", "Solvers"]),
    room(
      "PTQ",
      [
        "Remedies", "LinearAlgebra", "Hessian", "Quantizer", "Solvers", "Checkpoint", "Transformer",
        "Pipeline",
      ]),
    room(
      "CLI",
      [
        "Remedies", "JSON", "LinearAlgebra", "Hessian", "Quantizer", "Solvers", "Checkpoint",
        "Transformer", "Pipeline", "Report",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(name: "Executable", dependencies: ["CLI"], swiftSettings: strict),

    // MARK: Examples
    .executableTarget(
      name: "CustomSolver", dependencies: ["CLI", "PTQ"], path: "Examples/CustomSolver",
      exclude: ["README.md"], swiftSettings: strict),

    // MARK: Tests
    .target(
      name: "TestSupport", dependencies: ["LinearAlgebra", "Quantizer"], path: "Tests/TestSupport",
      swiftSettings: strict),
    tests("LinearAlgebra"),
    tests("Hessian", ["LinearAlgebra"]),
    tests("Quantizer", ["LinearAlgebra"]),
    tests("Solvers", ["Remedies", "LinearAlgebra", "Hessian", "Quantizer"]),
    tests("JSON"),
    tests(
      "Checkpoint", ["JSON", "LinearAlgebra", "Quantizer"], resources: [.copy("Fixtures")]),
    tests("Tokenizer", ["JSON"], resources: [.copy("Fixtures")]),
    tests("Transformer", ["Checkpoint", "JSON", "LinearAlgebra"], resources: [.copy("Fixtures")]),
    tests(
      "Pipeline",
      [
        "Remedies", "Checkpoint", "Hessian", "JSON", "LinearAlgebra", "Quantizer", "Solvers",
        "Transformer",
      ]),
    tests("Report", ["JSON", "Pipeline", "Solvers"]),
    tests("PTQ"),
    // The two executables, because the tests start them.
    tests(
      "CLI",
      [
        "Checkpoint", "CustomSolver", "Executable", "JSON", "LinearAlgebra", "Pipeline", "Quantizer",
        "Remedies", "Solvers",
      ]),
  ],
  swiftLanguageModes: [.v6]
)
