// "True sequential": the input of every stage comes through everything that was quantized before it,
// including the stage just before. Each stage is solved again by hand, from the output folder.

import Checkpoint
import Hessian
import LinearAlgebra
import Pipeline
import Quantizer
import Solvers
import TestSupport
import Testing
import Transformer

/// The solutions of Linears that share an input, as a run with 3 bits would have them.
private func solve(_ linears: [Linear], _ inputs: [Matrix]) throws -> [LinearSolution] {
  let recipe = Recipe(
    scheme: try Scheme(bits: 3, symmetric: true, granularity: .group(16)),
    gridRule: GridRule(range: .squaredError, scaleFormat: .float32),
    rounding: NearestPlaneRounding())
  let group = StageProblem.Group(
    linears.map { LinearProblem(name: $0.name, weights: $0.weight) },
    input: CalibratedInput(inputs))
  return try recipe.solve(StageProblem([group])).linears
}

/// Two models in step, and the hidden states of all windows, which go through the second one.
private struct Walk {
  let original: LanguageModel
  let other: LanguageModel
  private(set) var solutions: [LinearSolution] = []

  /// Solves every stage of the original on its input in the other model.
  init(solving original: LanguageModel, onInputsIn other: LanguageModel) throws {
    self.original = original
    self.other = other
    let windows = CalibrationSet.random.calibration + CalibrationSet.random.heldOut
    var hidden = try windows.map(other.embeddings)
    for index in 0..<2 {
      let (block, through) = (try original.block(index), try other.block(index))
      var states = hidden.map(through.program.enter)
      for (number, stage) in through.program.stages.enumerated() {
        solutions += try solve(
          stage.slots.map { block.weights.linear($0.name) },
          states.map { through.input(of: number, $0) })
        through.advance(&states, past: number)
      }
      hidden = states.map(\.hidden)
    }
  }

  var codes: [UInt8] { solutions.flatMap(\.quantized.codes) }
}

@Suite struct `A run learns` {
  @Test func `from the inputs that the quantized model will have`() throws {
    try TemporaryFolder.with { folder in
      let original = try folder.open(TinyModel(attentionBias: true))
      let run = try QuantizationRun(
        model: original, settings: .bits(3), calibration: .random, output: folder.path("out"))
      let report = try run.run()
      let quantized = try LanguageModel(ModelFolder(path: folder.path("out")))
      let codes = try quantized.codes()

      let walk = try Walk(solving: original, onInputsIn: quantized)
      #expect(walk.solutions.map(\.name) == report.linears.map(\.name))
      #expect(codes == walk.codes)
      for (solution, linear) in try pairs(walk.solutions, report.linears) {
        #expect(solution.error.calibration != nil && solution.error.heldOut != nil)
        #expect(linear.error == solution.error, "\(linear.name)")
      }

      // On the inputs of the original model, the solutions are different: the test would notice.
      let control = try Walk(solving: original, onInputsIn: original)
      #expect(try difference(codes, control.codes) > 0.05)
      // Except in the very first stage, q, k and v, where nothing is quantized yet.
      let first = (32 + 16 + 16) * 32
      #expect(codes[..<first] == control.codes[..<first])
      #expect(
        try difference(
          Array(codes[first..<first + 32 * 32]),
          Array(control.codes[first..<first + 32 * 32])) > 0.02)
    }
  }
}
