// A run done again by hand, stage by stage, so that tests see what it does not tell.

import Checkpoint
import Formats
import Hessian
import LinearAlgebra
import Quantizer
import Solvers
import TestSupport
import Transformer

@testable import Pipeline

/// One sublayer of a run, before and after.
struct ReplayedSublayer {
  /// As it came.
  let before: any Sublayer
  /// With codes, norms and biases in place.
  let after: any Sublayer
  /// The solutions of its two stages.
  let stages: [StageSolution]
  /// One solution for each Linear; the producer's has taken up the factors of the inner stage.
  let solutions: [LayerSolution]
  /// What the stages read, a matrix for each window, unscaled.
  let inputs: [[Matrix]]

  /// The Linears as they came, in the order of the solutions.
  var linears: [Linear] { before.inputLinears + [before.outputLinear] }

  /// The stage that a Linear belongs to.
  func stage(of linear: Int) -> Int { linear < before.inputLinears.count ? 0 : 1 }

  /// What divides the inputs of a Linear.
  func inputFactors(of linear: Int) -> [Float] {
    stages[stage(of: linear)].factors
      ?? [Float](repeating: 1, count: linears[linear].weight.columns)
  }

  /// The weights of a Linear in the coordinates that it came in: Ŵ with what divides its outputs
  /// multiplied back, and what multiplies its columns divided out.
  func effective(_ linear: Int) -> DoubleMatrix {
    let found = DoubleMatrix(solutions[linear].linear.dequantized())
    let columns = inputFactors(of: linear)
    var rows = [Float](repeating: 1, count: found.rows)
    if linear == before.producer, let factors = stages[1].factors {
      rows = before.producerFactors(factors)
    }
    return DoubleMatrix(rows: found.rows, columns: found.columns) {
      found[$0, $1] * Double(rows[$0]) / Double(columns[$1])
    }
  }
}

extension LanguageModel {
  /// The sublayers of all blocks after a run with these settings on the random calibration set.
  func replay(_ settings: QuantizationSettings) throws -> [[ReplayedSublayer]] {
    let set = CalibrationSet.random
    let plan = try RunPlan(self, settings)
    let recipe = settings.recipe(scales: plan.scales)
    func statistics(_ inputs: [Matrix]) -> LayerInput {
      var statistics = StageStatistics(
        channels: inputs[0].columns, calibrationCount: set.calibration.count,
        collectsHistogram: recipe.activations?.needsHistogram ?? false)
      for (i, input) in inputs.enumerated() { statistics.add(input, window: i) }
      return statistics.input
    }
    var hidden = try set.windows.map(embeddings)
    return try (0..<configuration.layerCount).map { layer in
      try block(layer).sublayers.map { before in
        var sublayer = before
        let x = hidden.map(sublayer.input)
        let first = try recipe.solve(
          stage: sublayer.inputStage(
            statistics(x), judgedOn: Array(hidden.prefix(set.calibration.count))))
        sublayer.adopt(input: first)
        let y = hidden.map { sublayer.inner(sublayer.input($0)) }
        let second = try recipe.solve(
          stage: sublayer.innerStage(statistics(y), recipe))
        let solutions = try sublayer.adopt(inner: second, after: first, scales: plan.scales)
        // As a run does with what it kept: what the producer's scales lose in their format is
        // no part of it.
        for i in hidden.indices { sublayer.addOutput(y[i].divided(second.factors), to: &hidden[i]) }
        return ReplayedSublayer(
          before: before, after: sublayer, stages: [first, second], solutions: solutions,
          inputs: [x, y])
      }
    }
  }
}

extension Matrix {
  fileprivate func divided(_ factors: [Float]?) -> Matrix {
    guard let factors else { return self }
    return Matrix(rows: rows, columns: columns) { self[$0, $1] / factors[$1] }
  }
}
