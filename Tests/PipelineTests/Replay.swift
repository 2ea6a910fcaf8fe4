// A run done again by hand, stage by stage, so that tests see what it does not tell. Only the problem of a stage is made by the library.

import Checkpoint
import Formats
import Hessian
import LinearAlgebra
import Quantizer
import Solvers
import TestSupport
import Transformer

@testable import Pipeline

/// One block of a run, before and after.
struct ReplayedBlock {
  /// The block as it came.
  let before: DecoderBlock
  /// The block with codes, norms and biases in place.
  let after: DecoderBlock
  /// The stages, in the order of the computation.
  let stages: [ReplayedStage]
  /// What is stored of each Linear; its rows may have taken up the factors of a later stage.
  let stored: [String: LinearSolution]

  /// The Linears, in the order of the computation.
  var linears: [ReplayedLinear] {
    stages.flatMap { stage in
      stage.slots.map { slot in
        let original = before.weights.linear(slot.name).weight
        var rowFactors = [Float](repeating: 1, count: original.rows)
        for reader in stages {
          guard case .rows(slot.name, let rows) = reader.slots[0].absorber,
            let factors = reader.solution.factors
          else { continue }
          rowFactors = factors.byRow(rows, count: original.rows)
        }
        guard let solution = stored[slot.name] else { preconditionFailure("\(slot.name)") }
        return ReplayedLinear(
          original: original, solution: solution, inputs: stage.inputs,
          inputFactors: stage.solution.factors
            ?? [Float](repeating: 1, count: original.columns),
          rowFactors: rowFactors)
      }
    }
  }
}

/// A stage of a replayed block.
struct ReplayedStage {
  let slots: [Slot]
  /// The stage as the recipe solved it.
  let solution: StageSolution
  /// What the stage reads, a matrix for each window, unscaled.
  let inputs: [Matrix]
}

/// A Linear of a replayed block.
struct ReplayedLinear {
  /// W as it came.
  let original: Matrix
  /// What is stored.
  let solution: LinearSolution
  /// What it reads, a matrix for each window, unscaled.
  let inputs: [Matrix]
  /// What divides its inputs.
  let inputFactors: [Float]
  /// What divides its outputs.
  let rowFactors: [Float]

  /// The stored weights in the coordinates that W came in: Ŵ with what divides its outputs
  /// multiplied back, and what multiplies its columns divided out.
  var effective: DoubleMatrix {
    let found = DoubleMatrix(solution.linear.dequantized())
    return DoubleMatrix(rows: found.rows, columns: found.columns) {
      found[$0, $1] * Double(rowFactors[$0]) / Double(inputFactors[$1])
    }
  }
}

extension LanguageModel {
  /// The blocks after a run with these settings on the random calibration set.
  func replay(_ settings: QuantizationSettings) throws -> [ReplayedBlock] {
    let set = CalibrationSet.random
    let plan = try RunPlan(self, settings)
    let recipe = settings.recipe(scales: plan.scales)
    var hidden = try set.windows.map(embeddings)
    return try declaration.blocks.indices.map { index in
      let before = try block(index)
      var (after, stored) = (before, [String: LinearSolution]())
      var stages: [ReplayedStage] = []
      var states = hidden.map(before.program.enter)
      for (number, stage) in before.program.stages.enumerated() {
        let inputs = states.map { after.input(of: number, $0) }
        let judging = recipe.transform?.judgesOutput == true ? set.calibration.count : 0
        let solution = try recipe.solve(
          after.problem(
            [0], of: number,
            [
              CalibratedInput(
                inputs, collecting: recipe.neededParts)
            ],
            judgedOn: Array(states.prefix(judging))))
        stages.append(ReplayedStage(slots: stage.slots, solution: solution, inputs: inputs))
        try after.place(solution, of: number, &stored, encoding: recipe.gridRule.encoding)
        // A run divides what it kept, so what the producer's scales lose in their format is not in
        // it. Behind a norm, the input is computed again.
        let read = states.map { state in
          var input = after.input(of: number, state)
          if case .rows = stage.slots[0].absorber { input.divideColumns(by: solution.factors) }
          return [input]
        }
        // All windows in one product, as in a run, so that sums are rounded alike.
        let outputs = after.multiply(read, at: number)
        for w in states.indices {
          after.program.advance(past: number, outputs[w], &states[w], after.weights)
        }
      }
      hidden = states.map(\.hidden)
      return ReplayedBlock(before: before, after: after, stages: stages, stored: stored)
    }
  }
}

extension DecoderBlock {
  /// The input of a stage that has only one.
  func input(of stage: Int, _ state: BlockState) -> Matrix {
    precondition(program.stages[stage].groups.count == 1, "stage \(stage) has several inputs")
    return program.inputs(of: stage, state, weights)[0]
  }

  /// Puts the solution of a stage in place, and lets what is in front of it take up its factors.
  ///
  /// - Parameters:
  ///   - solution: the solution.
  ///   - stage: its stage.
  ///   - stored: what is stored of each Linear so far.
  ///   - encoding: what the format can store.
  /// - Throws: ``SolverError`` when a scale leaves the range of its format.
  mutating func place(
    _ solution: StageSolution, of stage: Int, _ stored: inout [String: LinearSolution],
    encoding: any GridEncoding
  ) throws {
    if let factors = solution.factors, let absorber = program.stages[stage].slots[0].absorber {
      absorb(factors, into: absorber)
      if case .rows(let producer, let rows) = absorber, let made = stored[producer] {
        let divided = try made.dividingRows(
          by: factors.byRow(rows, count: made.quantized.rows), encoding: encoding)
        stored[producer] = divided
        weights.linears[producer]?.adopt(divided.linear)
      }
    }
    for linear in solution.linears {
      stored[linear.name] = linear
      weights.linears[linear.name]?.adopt(linear.linear)
    }
  }
}

extension CalibratedInput {
  /// What is known of the inputs of the random calibration set, given window by window.
  init(_ windows: [Matrix], collecting parts: InputStatistics.Parts = [.ranges, .sample]) {
    var calibration = InputStatistics(channels: windows[0].columns, collecting: parts)
    var heldOut = InputStatistics(
      channels: windows[0].columns, collecting: parts.intersection(.sample))
    for (i, window) in windows.enumerated() {
      if i < CalibrationSet.random.calibration.count {
        calibration.add(window)
      } else {
        heldOut.add(window)
      }
    }
    self.init(calibration: calibration, heldOut: heldOut)
  }
}

extension Matrix {
  fileprivate mutating func divideColumns(by factors: [Float]?) {
    guard let factors else { return }
    for i in 0..<rows {
      for j in 0..<columns { self[i, j] /= factors[j] }
    }
  }
}
