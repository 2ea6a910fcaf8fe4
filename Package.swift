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
    // The solvers alone: no models, no files, no Foundation.
    .library(name: "PTQSolvers", targets: ["PTQSolvers"]),
    // The whole command, for programs that add methods of their own.
    .library(name: "PTQCommandLine", targets: ["CLI"]),
    .executable(name: "ptq", targets: ["Executable"]),
    .executable(name: "custom-solver", targets: ["CustomSolver"]),
    .executable(name: "custom-family", targets: ["CustomFamily"]),
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
    .systemLibrary(
      name: "COniguruma", pkgConfig: "oniguruma", providers: [.apt(["libonig-dev"])]),
    .systemLibrary(
      name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    // Loops that need the processor's widest vectors, which Swift code cannot ask for.
    .target(name: "CLanes"),
    .target(name: "CProbe"),
    // Opened at run time, so that nothing has to be installed; see its library.c.
    .target(name: "COneDNN"),

    // MARK: What every room may say
    room("Remedies"),

    // MARK: Mathematics
    .target(
      name: "LinearAlgebra",
      dependencies: ["COpenBLAS", "CLAPACKE", "CLanes", "COneDNN", "CProbe"],
      swiftSettings: strict,
      // roundf and its kin, which the compiler calls below SSE4.1.
      linkerSettings: [.linkedLibrary("m")]),
    room("Hessian", ["LinearAlgebra"]),
    room("Quantizer", ["LinearAlgebra"]),
    room("Solvers", ["Remedies", "LinearAlgebra", "Hessian", "Quantizer"]),
    room("PTQSolvers", ["Remedies", "LinearAlgebra", "Hessian", "Quantizer", "Solvers"]),

    // MARK: Models and files
    room("JSON"),
    room("Checkpoint", ["Remedies", "JSON", "LinearAlgebra", "COpenSSL"]),
    room("Tokenizer", ["JSON", "COniguruma"]),
    room("Formats", ["Remedies", "JSON", "Tokenizer", "LinearAlgebra", "Quantizer", "Checkpoint"]),
    room("Transformer", ["JSON", "LinearAlgebra", "Quantizer", "Checkpoint", "Formats"]),

    // MARK: The run
    room(
      "Pipeline",
      [
        "Remedies", "JSON", "LinearAlgebra", "Hessian", "Quantizer", "Solvers", "Checkpoint",
        "Formats", "Tokenizer", "Transformer",
      ]),
    room(
      "Studies",
      [
        "Remedies", "JSON", "LinearAlgebra", "Hessian", "Quantizer", "Solvers", "Checkpoint",
        "Formats", "Tokenizer", "Transformer", "Pipeline",
      ]),
    room("Report", ["Pipeline", "Solvers", "Studies"]),
    room(
      "PTQ",
      [
        "PTQSolvers", "JSON", "Checkpoint", "Formats", "Transformer", "Pipeline", "Studies",
      ]),
    room(
      "CLI",
      [
        "Remedies", "JSON", "LinearAlgebra", "Hessian", "Quantizer", "Solvers", "Checkpoint",
        "Formats", "Transformer", "Pipeline", "Studies", "Report",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(name: "Executable", dependencies: ["CLI"], swiftSettings: strict),

    // MARK: Examples
    .executableTarget(
      name: "CustomSolver", dependencies: ["CLI", "PTQ"], path: "Examples/CustomSolver",
      exclude: ["README.md"], swiftSettings: strict),
    .executableTarget(
      name: "CustomFamily", dependencies: ["CLI", "PTQ"], path: "Examples/CustomFamily",
      exclude: ["README.md"], swiftSettings: strict),

    // MARK: Tests
    .target(
      name: "TestSupport", dependencies: ["LinearAlgebra", "Quantizer"], path: "Tests/TestSupport",
      swiftSettings: strict),
    .target(name: "AllocationCount", path: "Tests/AllocationCount"),
    tests("LinearAlgebra"),
    tests("Hessian", ["LinearAlgebra"]),
    tests("Quantizer", ["LinearAlgebra"]),
    tests("Solvers", ["AllocationCount", "Remedies", "LinearAlgebra", "Hessian", "Quantizer"]),
    tests("JSON"),
    tests("Checkpoint", ["JSON", "LinearAlgebra", "Remedies"], resources: [.copy("Fixtures")]),
    tests(
      "Formats", ["Remedies", "Checkpoint", "JSON", "LinearAlgebra", "Quantizer"],
      resources: [.copy("Fixtures")]),
    tests("Tokenizer", ["JSON"], resources: [.copy("Fixtures")]),
    tests(
      "Transformer", ["Checkpoint", "Formats", "JSON", "LinearAlgebra"],
      resources: [.copy("Fixtures")]),
    tests(
      "Pipeline",
      [
        "Remedies", "Checkpoint", "Formats", "Hessian", "JSON", "LinearAlgebra", "Quantizer",
        "Solvers", "Studies", "Transformer",
      ]),
    tests("Report", ["JSON", "Pipeline", "Solvers", "Studies"]),
    tests("PTQ"),
    .executableTarget(
      name: "soak", dependencies: ["PTQ", "TestSupport"], path: "Tests/Soak", swiftSettings: strict),
    // The executables, because the tests start them.
    tests(
      "CLI",
      [
        "Checkpoint", "CustomFamily", "CustomSolver", "Executable", "JSON", "LinearAlgebra",
        "Pipeline", "Quantizer", "Remedies", "Solvers", "soak",
      ], resources: [.copy("Fixtures")]),
  ],
  swiftLanguageModes: [.v6]
)

// The fuzzer needs flags that no other target has, so only Tools/fuzz builds it.
if Context.environment["PTQ_FUZZ"] != nil {
  package.products.append(.executable(name: "Fuzz", targets: ["Fuzz"]))
  package.targets.append(
    .executableTarget(
      name: "Fuzz",
      dependencies: [
        "JSON", "LinearAlgebra", "Hessian", "Quantizer", "Checkpoint", "Tokenizer", "Formats",
        "Transformer", "Pipeline", "Studies",
      ],
      path: "Tests/Fuzz", exclude: ["Corpus"], sources: ["Sources"], swiftSettings: strict))
}
