// A comparison of recipes on a tiny model, with every number computed again by hand.

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
@testable import Studies

private let methods: [Method] = [
  .nearest, .gptq, .awq, .awqClip, .smoothQuant, .int8Outliers, .staticInt8, .awqOutput,
]

/// A block of the dense model with the statistics of its inputs there.
private struct DenseBlock {
  let block: DecoderBlock
  /// What is known of the input of each stage.
  let inputs: [CalibratedInput]
  /// The calibration windows at each stage.
  let states: [[BlockState]]
}

/// The blocks of a model, with statistics of the dense model's inputs.
private func dense(_ model: LanguageModel) throws -> [DenseBlock] {
  let set = CalibrationSet.random
  var hidden = try set.windows.map(model.embeddings)
  return try model.declaration.blocks.indices.map { index in
    let block = try model.block(index)
    var (inputs, kept) = ([CalibratedInput](), [[BlockState]]())
    var states = hidden.map(block.program.enter)
    for stage in block.program.stages.indices {
      inputs.append(CalibratedInput(states.map { block.input(of: stage, $0) }))
      kept.append(Array(states.prefix(set.calibration.count)))
      block.advance(&states, past: stage)
    }
    hidden = states.map(\.hidden)
    return DenseBlock(block: block, inputs: inputs, states: kept)
  }
}

extension DenseBlock {
  /// The stages solved by a recipe, each as a problem of its own, and the block with their solutions
  /// in place.
  func solved(_ recipe: Recipe) throws -> (stages: [StageSolution], after: DecoderBlock) {
    var (after, stored) = (block, [String: LinearSolution]())
    let judges = recipe.transform?.judgesOutput == true
    let stages = try block.program.stages.indices.map { stage in
      let solution = try recipe.solve(
        block.problem([0], of: stage, [inputs[stage]], judgedOn: judges ? states[stage] : []))
      try after.place(solution, of: stage, &stored, encoding: recipe.gridRule.encoding)
      return solution
    }
    return (stages, after)
  }
}

/// The perplexity of a text after given blocks, from whole rows of logits.
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
        model: model, candidates: methods.map { try .scaled($0) }, calibration: .random
      ).run()
      #expect(report.calibrationTokens == 256 && report.heldOutTokens == 64)
      #expect(report.candidates.map(\.method) == methods.map(\.name))
      #expect(report.densePerplexity == nil)
      let blocks = try dense(model)
      for (candidate, method) in try pairs(report.candidates, methods) {
        #expect(candidate.perplexity == nil)
        #expect(candidate.linears.map(\.name) == model.linears.map(\.name))
        let recipe = try QuantizationSettings.scaled(method).recipe(scales: .float32)
        let stages = try blocks.flatMap { try $0.solved(recipe).stages }
        let expected = stages.flatMap { stage in stage.linears.map { ($0, stage.factors) } }
        for (found, (solution, factors)) in try pairs(candidate.linears, expected) {
          let name = "\(candidate.method), \(found.name)"
          #expect(found.name == solution.name)
          #expect(found.error.weight == solution.error.weight, "\(name)")
          #expect(found.error.calibration == solution.error.calibration, "\(name)")
          #expect(found.error.heldOut == solution.error.heldOut, "\(name)")
          #expect(found.error.activation == solution.error.activation, "\(name)")
          #expect(found.clippedShare == solution.clippedShare, "\(name)")
          #expect(found.inputScales == factors, "\(name)")
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
        model: model, candidates: methods.map { try .scaled($0) }, calibration: .random, text: text
      ).run()
      let denseBlocks = try dense(model)
      let plain = try perplexity(model, text, (0..<2).map(model.block))
      #expect(agree(report.densePerplexity, plain))
      for (candidate, method) in try pairs(report.candidates, methods) {
        let recipe = try QuantizationSettings.scaled(method).recipe(scales: .float32)
        let blocks = try denseBlocks.map { try $0.solved(recipe).after }
        let expected = try perplexity(model, text, blocks)
        #expect(agree(candidate.perplexity, expected), "\(candidate.method)")
        #expect(candidate.perplexity != report.densePerplexity)
      }
    }
  }
}

@Suite struct `A comparison of formats` {
  /// Everything of a Linear's results but the time that it took.
  private func results(_ linears: [LinearComparison]) -> [String] {
    linears.map {
      "\($0.name) \($0.error) \($0.weightMSE) \($0.clippedShare) \($0.bitsPerWeight) "
        + "\($0.inputScales ?? [])"
    }
  }

  @Test func `rounds scales as each candidate's own format stores them`() throws {
    try TemporaryFolder.with { folder in
      // The scales of compressed-tensors have the type of the weights; those of GPTQ are float16.
      let model = try folder.open(TinyModel(.bfloat16))
      let text = TokenWindows(cutting: TinyModel.tokens(60, seed: 77), length: 30)
      var candidates: [QuantizationSettings] = []
      for method in [Method.gptq, .awqGPTQ, .nearest] {
        candidates.append(try .bits(4, method, format: CompressedTensorsFormat()))
        candidates.append(try .bits(4, method, format: GPTQFormat()))
      }
      func compare(_ candidates: [QuantizationSettings]) throws -> [ComparisonReport.Candidate] {
        try ComparisonRun(
          model: model, candidates: candidates, calibration: .random, text: text
        ).run().candidates
      }
      let alone = try candidates.map { try compare([$0])[0] }
      for order in [Array(candidates.indices), Array(candidates.indices.reversed())] {
        let together = try compare(order.map { candidates[$0] })
        for (found, i) in try pairs(together, order) {
          #expect(results(found.linears) == results(alone[i].linears))
          #expect(found.perplexity == alone[i].perplexity)
        }
      }
      // The formats lead to different results, or mixing them up would not show.
      for i in stride(from: 0, to: alone.count, by: 2) {
        #expect(alone[i].linears[0].error != alone[i + 1].linears[0].error)
        #expect(alone[i].perplexity != alone[i + 1].perplexity)
      }
    }
  }
}
