// The forward pass against transformers, on small random models of every family, every kind of
// RoPE, biases, windows, tied and sharded and half-precision weights. Tools/make-forward-goldens.py
// made the models and the logits; Fixtures/versions.json says with what.

import Checkpoint
import Foundation
import LinearAlgebra
import Testing
import Transformer

/// The folders of the fixtures, by name.
private let names: [String] = {
  let url = Bundle.module.resourceURL?.appendingPathComponent("Fixtures")
  let found = url.flatMap { try? FileManager.default.contentsOfDirectory(atPath: $0.path) } ?? []
  return found.filter { !$0.contains(".") }.sorted()
}()

private func folder(_ name: String) throws -> String {
  try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures/\(name)").path
}

@Suite struct GoldenTests {
  @Test func `the fixtures cover every family and every kind of rotation`() throws {
    let kinds = [
      "llama", "mistral", "qwen2", "qwen3", "llama-linear", "llama-llama3", "llama-yarn",
    ]
    #expect(Set(kinds).isSubset(of: names), "found \(names)")
    #expect(names.count >= 20)
  }

  @Test(arguments: names)
  func `logits are those of transformers within 1e-3`(name: String) throws {
    let path = try folder(name)
    let model = try LanguageModel(ModelFolder(path: path))
    let golden = try SafetensorsFile(path: "\(path)/golden.safetensors")
    let lengths = golden.entries.map(\.name).filter { $0.hasPrefix("input_ids.") }
    #expect(!lengths.isEmpty)
    for tensor in lengths {
      let tokens = try #require(golden.integers(tensor)).map { Int32($0) }
      let expected = try #require(
        golden.floats(tensor.replacingOccurrences(of: "input_ids", with: "logits")))
      var hidden = try model.embeddings(of: tokens)
      for layer in 0..<model.configuration.layerCount { try model.block(layer)(&hidden) }
      let logits = try model.logits(hidden)
      #expect(logits.elements.count == expected.count)
      let worst = zip(logits.elements, expected).map { abs($0 - $1) }.max() ?? .infinity
      #expect(worst < 1e-3, "\(name), \(tokens.count) tokens: off by \(worst)")
      try compareLogProbabilities(model, hidden, expected, tokens)
    }
  }

  /// The slab-wise log-probabilities of the following tokens against those of the golden logits.
  private func compareLogProbabilities(
    _ model: LanguageModel, _ hidden: Matrix, _ logits: [Float], _ tokens: [Int32]
  ) throws {
    let vocabulary = model.configuration.vocabularySize
    let targets = Array(tokens.dropFirst()) + [0]
    let found = try model.logProbabilities(of: targets, after: hidden)
    for (row, target) in targets.enumerated() {
      let values = logits[row * vocabulary..<(row + 1) * vocabulary].map(Double.init)
      let top = values.max() ?? 0
      let total = top + log(values.reduce(0) { $0 + exp($1 - top) })
      #expect(abs(found[row] - (values[Int(target)] - total)) < 2e-3)
    }
  }
}
