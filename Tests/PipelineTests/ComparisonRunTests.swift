// A comparison of recipes on a tiny model: every number again, from the same inputs, by hand.

import Checkpoint
import Formats
import Foundation
import Hessian
import LinearAlgebra
import Quantizer
import Solvers
import TestSupport
import Testing
import Transformer

@testable import Pipeline

private let words = ["rtn", "gptq", "awq", "awq+clip", "smoothquant", "int8+outliers", "static"]

private func settings(_ words: [String]) throws -> [QuantizationSettings] {
  try words.map { try .scaled($0) } + [try .scaled("awq-output")]
}

/// A sublayer of the dense model with the statistics of its two inputs there.
private struct DenseSublayer {
  let sublayer: any Sublayer
  let inputs: [LayerInput]
  let hidden: [Matrix]
}

/// The sublayers of a model, block by block, with statistics of the dense model's inputs.
private func dense(_ model: LanguageModel) throws -> [[DenseSublayer]] {
  let set = CalibrationSet.random
  var hidden = try set.windows.map(model.embeddings)
  func statistics(_ inputs: [Matrix]) -> LayerInput {
    var statistics = StageStatistics(
      channels: inputs[0].columns, calibrationCount: set.calibration.count,
      collectsHistogram: false)
    for (i, input) in inputs.enumerated() { statistics.add(input, window: i) }
    return statistics.input
  }
  return try (0..<model.configuration.layerCount).map { layer in
    try model.block(layer).sublayers.map { sublayer in
      let x = hidden.map(sublayer.input)
      let y = x.map(sublayer.inner)
      let before = Array(hidden.prefix(set.calibration.count))
      for i in hidden.indices { sublayer.addOutput(y[i], to: &hidden[i]) }
      return DenseSublayer(
        sublayer: sublayer, inputs: [statistics(x), statistics(y)], hidden: before)
    }
  }
}

extension DenseSublayer {
  /// The stages solved by a recipe, and the sublayer with their solutions in place.
  func solved(_ recipe: Recipe) throws -> (stages: [StageSolution], after: any Sublayer) {
    var after = sublayer
    let first = try recipe.solve(stage: after.inputStage(inputs[0], judgedOn: hidden))
    after.adopt(input: first)
    let second = try recipe.solve(stage: after.innerStage(inputs[1], recipe))
    _ = try after.adopt(inner: second, after: first, encoding: recipe.gridRule.encoding)
    return ([first, second], after)
  }
}

/// The perplexity of a text after blocks of given sublayers, from whole rows of logits.
private func perplexity(
  _ model: LanguageModel, _ text: TokenWindows, _ blocks: [DecoderBlock]
) throws -> Double {
  var (sum, count) = (0.0, 0)
  for window in text.windows {
    var hidden = try model.embeddings(of: window)
    for block in blocks { block(&hidden) }
    let logits = try model.logits(hidden)
    for (row, token) in window.dropFirst().enumerated() {
      let values = (0..<logits.columns).map { Double(logits[row, $0]) }
      sum += values[Int(token)] - log(values.reduce(0) { $0 + exp($1) })
      count += 1
    }
  }
  return exp(-sum / Double(count))
}

private func agree(_ a: Double?, _ b: Double?) -> Bool {
  guard let a, let b else { return a == nil && b == nil }
  return abs(a - b) <= 1e-3 * abs(b)
}

@Suite struct `A comparison` {
  @Test func `has the numbers of each recipe on the inputs of the dense model`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(TinyModel(family: .qwen2))
      let report = try ComparisonRun(
        model: model, candidates: settings(words), calibration: .random
      ).run()
      #expect(report.calibrationTokens == 256 && report.heldOutTokens == 64)
      #expect(report.candidates.map(\.method) == words + ["awq-output"])
      #expect(report.densePerplexity == nil)
      let sublayers = try dense(model)
      for (candidate, settings) in zip(report.candidates, try settings(words)) {
        #expect(candidate.perplexity == nil)
        #expect(candidate.linears.map(\.name) == model.linears.map(\.name))
        let recipe = settings.recipe(scales: .float32)
        let stages = try sublayers.joined().flatMap { try $0.solved(recipe).stages }
        let expected = stages.flatMap { stage in stage.linears.map { ($0, stage.factors) } }
        for (found, (solution, factors)) in zip(candidate.linears, expected) {
          let name = "\(candidate.method), \(found.name)"
          #expect(found.name == solution.name)
          #expect(agree(found.error.weight, solution.error.weight), "\(name)")
          #expect(agree(found.error.calibration, solution.error.calibration), "\(name)")
          #expect(agree(found.error.heldOut, solution.error.heldOut), "\(name)")
          #expect(agree(found.error.activation, solution.error.activation), "\(name)")
          #expect(abs(found.clippedShare - solution.clippedShare) < 0.01, "\(name)")
          #expect((found.inputScales == nil) == (factors == nil), "\(name)")
          for (a, b) in zip(found.inputScales ?? [], factors ?? []) {
            #expect(agree(Double(a), Double(b)), "\(name)")
          }
          let worst = try #require(found.error.worstRow)
          #expect(worst >= (found.error.calibration ?? .infinity), "\(name)")
          let original = try model.folder.matrix(
            "\(found.name).weight", rows: found.rows, columns: found.columns)
          let square = original.elements.reduce(0.0) { $0 + Double($1) * Double($1) }
          let mse = found.error.weight * square / Double(original.elements.count)
          #expect(agree(found.weightMSE, mse), "\(name)")
        }
      }
    }
  }

  @Test func `predicts with each quantized model`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      let text = TokenWindows(cutting: TinyModel.tokens(90, seed: 77), length: 30)
      let report = try ComparisonRun(
        model: model, candidates: settings(words), calibration: .random, text: text
      ).run()
      let sublayers = try dense(model)
      let plain = try perplexity(model, text, (0..<2).map(model.block))
      #expect(agree(report.densePerplexity, plain))
      for (candidate, settings) in zip(report.candidates, try settings(words)) {
        let recipe = settings.recipe(scales: .float32)
        let blocks = try sublayers.enumerated().map { layer, halves in
          var block = try model.block(layer)
          block.sublayers = try halves.map { try $0.solved(recipe).after }
          return block
        }
        let expected = try perplexity(model, text, blocks)
        #expect(agree(candidate.perplexity, expected), "\(candidate.method)")
        #expect(candidate.perplexity != report.densePerplexity)
      }
    }
  }
}
