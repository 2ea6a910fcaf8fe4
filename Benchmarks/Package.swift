// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that whoever uses the library does not fetch what only measures it.
let package = Package(
  name: "Benchmarks",
  dependencies: [
    .package(name: "swift-ptq", path: ".."),
    // Without its traits: what they count is wrong on Linux.
    .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
  ],
  targets: [
    .executableTarget(
      name: "Speed",
      dependencies: [
        .product(name: "PTQ", package: "swift-ptq"),
        .product(name: "Benchmark", package: "benchmark"),
      ],
      path: "Benchmarks/Speed",
      plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")])
  ])
