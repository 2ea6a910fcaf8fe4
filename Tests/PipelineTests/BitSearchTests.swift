// The search for bits on a tiny model, with its predictions computed again by hand.

import Checkpoint
import Formats
import Foundation
import Hessian
import LinearAlgebra
import Quantizer
import Remedies
import Solvers
import TestSupport
import Testing
import Transformer

@testable import Pipeline
@testable import Studies

/// The mean of KL(dense ‖ changed) over some windows, from whole rows of logits in double precision.
private func divergence(
  _ model: LanguageModel, _ windows: [[Int32]], _ changed: [DecoderBlock]
) throws -> Double {
  var (sum, count) = (0.0, 0)
  let dense = try model.declaration.blocks.indices.map(model.block)
  for window in windows {
    let rows = try [dense, changed].map { blocks in
      var hidden = try model.embeddings(of: window)
      for block in blocks { block(&hidden) }
      return try model.logits(hidden)
    }
    for row in 0..<rows[0].rows {
      let logs = rows.map { logits in
        let values = (0..<logits.columns).map { Double(logits[row, $0]) }
        let total = log(values.reduce(0) { $0 + exp($1) })
        return values.map { $0 - total }
      }
      sum += zip(logs[0], logs[1]).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
      count += 1
    }
  }
  return sum / Double(count)
}

@Suite struct `A search for bits` {
  private func search(
    _ model: LanguageModel, _ settings: QuantizationSettings, _ budget: Double,
    _ choices: [BitPlan.Entry]? = nil
  ) throws -> BitSearchReport {
    try BitSearch(
      model: model, settings: settings, budget: budget, choices: choices, calibration: .random
    ).run()
  }

  @Test(arguments: [2.5, 3, 3.7, 8])
  func `finds a plan within the budget`(budget: Double) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      let report = try search(model, .bits(4), budget)
      #expect(report.choices == [2, 3, 4, 5, 6, 8])
      #expect(report.averageBits <= budget)
      #expect(report.averageBits > budget - 0.5)
      let sum = model.linears.reduce(0.0) { sum, linear in
        guard case .bits(let bits)? = report.plan[linear.name] else { return .nan }
        return sum + Double(bits * linear.rows * linear.columns)
      }
      #expect(sum / 18432 == report.averageBits)
      try report.plan.check(against: model, in: CompressedTensorsFormat())
      #expect(report.stages.map(\.linears.count) == [3, 1, 2, 1, 3, 1, 2, 1])
      #expect(report.stages.flatMap(\.linears) == model.linears.map(\.name))
      #expect(report.stages.map(\.weights) == [2048, 1024, 4096, 2048, 2048, 1024, 4096, 2048])
      for stage in report.stages {
        for (more, fewer) in zip(stage.predictions, stage.predictions.dropFirst()) {
          #expect(more > fewer)
        }
      }
      let chosen = report.stages.map { stage in
        stage.predictions[stage.choice]
      }
      #expect(abs(report.predictedDivergence - chosen.reduce(0, +)) < 1e-12)
    }
  }

  @Test(arguments: [Method.gptq, .awqGPTQ])
  func `measures the divergence that a stage alone causes`(method: Method) throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      let settings = try QuantizationSettings.bits(8, method)
      let report = try search(model, settings, 3.5)
      #expect(report.choices[report.reference] == 3 && report.tokens == 320)
      // Held-out windows come first; ten windows of 32 are all there are.
      let windows = CalibrationSet.random.heldOut + CalibrationSet.random.calibration
      let recipe = try settings.storing(bits: 3).recipe(scales: .float32)
      let blocks = try model.declaration.blocks.indices.map(model.block)
      var stream = Stream(try CalibrationSet.random.windows.map(model.embeddings))
      var found: [Double] = []
      for (index, block) in blocks.enumerated() {
        let measured = try MeasuredBlock(
          block, index: index, &stream, [recipe], .all, CalibrationSet.random.roles)
        for unit in try measured.solutions({ _ in recipe }) {
          var changed = blocks
          for solution in unit.solution.linears {
            var weights = solution.linear.dequantized()
            if let factors = unit.solution.factors {
              for row in 0..<weights.rows {
                for column in 0..<weights.columns { weights[row, column] /= factors[column] }
              }
            }
            changed[index].weights.linears[solution.name]?.weight = weights
          }
          found.append(try divergence(model, windows, changed))
        }
      }
      for (stage, expected) in try pairs(report.stages, found) {
        #expect(abs(stage.predictions[1] - expected) < 1e-4 * expected + 1e-7, "\(stage.linears)")
      }
    }
  }

  @Test func `predicts other choices in proportion to the output error`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      let settings = try QuantizationSettings.bits(4)
      let report = try search(model, settings, 3, [3, 4])
      let compared = try ComparisonRun(
        model: model, candidates: [.bits(3), .bits(4)], calibration: .random
      ).run().candidates
      // o and down are alone in their stages, so their relative errors have the ratio of the losses.
      for stage in report.stages where stage.linears.count == 1 {
        let errors = try compared.map { candidate in
          try #require(
            candidate.linears.first { $0.name == stage.linears[0] }?.error.calibration)
        }
        let ratio = stage.predictions[1] / stage.predictions[0]
        #expect(abs(ratio - errors[1] / errors[0]) < 1e-6 * ratio)
      }
    }
  }

  @Test func `gives what an easy stage does not need to a hard one`() throws {
    try TemporaryFolder.with { folder in
      var tiny = TinyModel()
      // The first block's MLP hardly reaches the residual stream.
      tiny.replace("model.layers.0.mlp.down_proj.weight") { tensor in
        .init(
          tensor.name, tensor.type, tensor.shape,
          RawSafetensors.bytes([Float](repeating: 1e-6, count: 32 * 64)))
      }
      let report = try search(try folder.open(tiny), .bits(4), 3, [2, 3, 4, 5])
      #expect(report.stages[2].choice == 0 && report.stages[3].choice == 0)
      #expect(report.stages.map(\.choice).max() ?? 0 > 1)
    }
  }

  @Test func `works for a mixture`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open(.mixture())
      let report = try search(model, .bits(4, .awqGPTQ), 3.5)
      #expect(report.stages.map(\.linears.count) == [3, 1, 12, 3, 1, 12])
      #expect(report.averageBits <= 3.5)
      var settings = try QuantizationSettings.bits(4, .awqGPTQ)
      settings.bitPlan = report.plan
      let output = try folder.quantize(model, settings)
      for linear in model.linears {
        #expect(
          try output.quantizedLinear(linear).map { .bits($0.scheme.weights.bits) }
            == report.plan[linear.name])
      }
    }
  }

  @Test func `is refused where nothing can be chosen`() throws {
    try TemporaryFolder.with { folder in
      let model = try folder.open()
      func refused(
        _ budget: Double, _ choices: [BitPlan.Entry]? = nil,
        _ settings: QuantizationSettings? = nil,
        calibration: CalibrationSet? = .random
      ) -> String {
        do {
          _ = try BitSearch(
            model: model, settings: settings ?? .bits(4), budget: budget, choices: choices,
            calibration: calibration)
          return "not refused"
        } catch {
          return "\(error)"
        }
      }
      #expect(refused(1.5) == "a budget of 1.5 bits is below the smallest choice of 2")
      #expect(refused(3.5, [4, 8]) == "a budget of 3.5 bits is below the smallest choice of 4")
      #expect(refused(4, [4, 9]) == "9 bits are not supported; choose 2 to 8")
      #expect(refused(4, calibration: nil) == "a choice of bits needs a calibration text")
      #expect(
        refused(4, nil, try .bits(4, format: GPTQFormat()))
          == "gptq stores one number of bits for all Linears")
      #expect(refused(8, nil, try .bits(8, .int8)).contains("int8 rounds inputs to 8 bits"))
    }
  }
}
