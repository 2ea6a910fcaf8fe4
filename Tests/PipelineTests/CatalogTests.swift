// A program that adds to a catalog uses what it added like anything of the library, and nothing else
// in the process notices.

import Checkpoint
import Formats
import JSON
import LinearAlgebra
import Pipeline
import Quantizer
import Solvers
import Studies
import Synchronization
import TestSupport
import Testing
import Transformer

extension Family {
  /// Llama's architecture under a name of its own.
  fileprivate static let camel = Family("camel") { config throws(JSONError) in
    try .decoder(config, try DecoderTraits(config))
  }
}

/// The tensors of GPTQ under a name of their own.
private struct OwnFormat: CheckpointFormat {
  private let base = GPTQFormat()
  let name = "own"
  let summary = "a format of a test"
  var smallestZeroPoint: Int { base.smallestZeroPoint }
  let configurationFile: String? = nil

  func scaleFormat(for weights: FloatFormat) -> FloatFormat { .float32 }
  func scaleTensor(of linear: String) -> String { base.scaleTensor(of: linear) }

  func layout(of linear: LinearShape, _ scheme: LinearScheme, scales: FloatFormat) -> [NamedShape] {
    base.layout(of: linear, scheme, scales: scales)
  }

  func encode(_ linear: QuantizedLinear, scales: FloatFormat) -> [[UInt8]] {
    base.encode(linear, scales: scales)
  }

  func configuration(
    of scheme: LinearScheme, leaving selection: LinearSelection?, provenance: JSONValue
  ) -> JSONValue {
    var value = base.configuration(of: scheme, leaving: selection, provenance: provenance)
    try? value.setMember("quant_method", to: "own")
    return value
  }

  func recognizes(_ configuration: JSONValue) -> Bool { configuration["quant_method"] == "own" }

  func decode(
    _ linear: LinearShape, in folder: ModelFolder, _ configuration: JSONValue
  ) throws(CheckpointError) -> QuantizedLinear {
    try base.decode(linear, in: folder, configuration)
  }
}

/// Rounds to nearest, and counts its matrices.
private final class OwnRounding: Rounding, PreparedRounding {
  let count = Mutex(0)

  func prepared(for input: RoundingInput, _ scheme: Scheme) throws(SolverError)
    -> any PreparedRounding
  { self }

  func round(_ weights: Matrix, on grid: Grid) -> QuantizedWeight {
    count.withLock { $0 += 1 }
    return QuantizedWeight(nearest: weights, on: grid)
  }
}

/// Doubles every channel.
private struct Doubling: Transform {
  var mustImprove: Bool { false }

  func factors(
    for stage: StageProblem, _ scaling: InputScaling, _ trial: ScaleTrial
  ) throws(SolverError) -> [Float]? {
    scaling.storable([Float](repeating: 2, count: stage.linears[0].weights.columns))
  }
}

@Suite struct `What is added to a catalog` {
  @Test func `is used by a run, from a family to a format`() throws {
    try TemporaryFolder.with { folder in
      let rounding = OwnRounding()
      let own = RoundingMethod(name: "own", summary: "a rounding", needsCalibration: false) { _ in
        rounding
      }
      let double = TransformMethod(name: "double", summary: "a transform") { _ in Doubling() }
      var catalog = Catalog()
      catalog.families.append(.camel)
      catalog.formats.append(OwnFormat())
      catalog.roundings.append(own)
      catalog.transforms.append(double)
      var tiny = TinyModel()
      tiny.configure("model_type", #""camel""#)
      try tiny.write("model", in: folder)
      let model = try catalog.model(at: folder.path("model"))
      // As the command finds what a word names.
      let transform: TransformMethod = try #require(
        catalog.transforms.first { $0.name == "double" })
      let method = Method(
        transform: transform, rounding: try #require(catalog.roundings.first { $0.name == "own" }))
      let settings = QuantizationSettings(
        scheme: try Scheme(bits: 8, symmetric: true, granularity: .group(32)), method: method,
        format: try #require(catalog.formats.first { $0.name == "own" }))
      var engines: [String]?
      let report = try QuantizationRun(
        model: model, settings: settings, calibration: .random, output: folder.path("out")
      ).run { if case .loaders(let loaders) = $0 { engines = loaders } }
      // Nothing is known of what engines make of such a format, so nothing is said.
      #expect(engines == nil)
      #expect(report.method == "double+own")
      #expect(report.linears.map(\.hasScaledInput) == [Bool](repeating: true, count: 14))
      #expect(rounding.count.withLock(\.self) == 14)

      let output = try catalog.model(at: folder.path("out"))
      #expect(output.format?.name == "own")
      let scales = output.folder.tensor("model.layers.0.mlp.up_proj.scales")
      #expect(scales?.shape.type == .float32)
      let gain = try output.block(1).weights.norms["model.layers.1.input_layernorm"]?.gain
      let before = try model.block(1).weights.norms["model.layers.1.input_layernorm"]?.gain
      #expect(gain == before?.map { $0 / 2 })
      let text = TokenWindows(cutting: TinyModel.tokens(60, seed: 5), length: 30)
      #expect(try Divergence(of: output, from: model, on: text).overall.klDivergence.value < 0.01)

      // To a catalog without them, neither the family nor the format exists.
      let error = #expect(throws: CheckpointError.self) {
        try Catalog().model(at: folder.path("model"))
      }
      #expect(error?.description.contains("camel") == true)
      #expect(throws: CheckpointError.self) {
        try LanguageModel(ModelFolder(path: folder.path("model")))
      }
      var families = Catalog()
      families.families.append(.camel)
      let unread = #expect(throws: CheckpointError.self) {
        try families.model(at: folder.path("out"))
      }
      #expect(unread?.description.contains("quant_method") == true)
      _ = try LanguageModel(
        ModelFolder(path: folder.path("out")), families: catalog.families,
        formats: catalog.formats)
    }
  }

  @Test func `is compared beside what the library has`() throws {
    try TemporaryFolder.with { folder in
      let rounding = OwnRounding()
      let own = RoundingMethod(name: "own", summary: "a rounding", needsCalibration: false) { _ in
        rounding
      }
      let report = try ComparisonRun(
        model: try folder.open(),
        candidates: [.bits(4, Method(rounding: own)), .bits(4, .nearest)], calibration: .random
      ).run()
      #expect(report.candidates.map(\.method) == ["own", "rtn"])
      #expect(
        report.candidates[0].linears.map(\.error) == report.candidates[1].linears.map(\.error))
      #expect(rounding.count.withLock(\.self) == 14)
    }
  }

  @Test func `stays in that catalog`() {
    var catalog = Catalog()
    catalog.families.removeAll()
    catalog.formats.removeAll()
    catalog.roundings.removeAll()
    catalog.transforms.removeAll()
    let other = Catalog()
    #expect(other.families.map(\.modelType) == Family.all.map(\.modelType))
    #expect(
      other.formats.map(\.name) == [
        "compressed-tensors", "gptq", "awq", "mlx", "gguf", "bitsandbytes",
      ])
    #expect(
      other.roundings.map(\.name) == ["gptq", "cd", "beam", "signround", "matryoshka", "rtn"])
    #expect(other.transforms.map(\.name) == ["awq", "awq-output", "smoothquant"])
  }
}
