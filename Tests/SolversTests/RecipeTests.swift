import Hessian
import LinearAlgebra
import Quantizer
import Solvers
import TestSupport
import Testing

private func statistics(_ x: Matrix) -> InputStatistics {
  var result = InputStatistics(channels: x.columns)
  result.add(x)
  return result
}

private func recipe(_ rounding: any Rounding) throws -> Recipe {
  Recipe(
    scheme: try Scheme(bits: 4, symmetric: true, granularity: .group(16)),
    gridRule: GridRule(range: .minMax, scaleFormat: .float16), rounding: rounding)
}

private let activations = Matrix.activations(tokens: 128, channels: 48, seed: 1)

private func problem(_ name: String, _ input: LayerInput, seed: UInt64) -> LayerProblem {
  LayerProblem(name: name, weights: .gaussian(20, 48, seed: seed), input: input)
}

@Suite struct `A recipe` {
  @Test func `solves a stage as it solves each Linear`() throws {
    let input = LayerInput(calibration: statistics(activations))
    let problems = ["q", "k", "v"].enumerated().map { problem($1, input, seed: UInt64($0)) }
    for method in MethodRegistry.roundings {
      let recipe = try recipe(method.make(MethodOptions()))
      let stage = try recipe.solve(stage: StageProblem(problems)).linears
      #expect(stage.map(\.name) == ["q", "k", "v"])
      for (solution, problem) in zip(stage, problems) {
        let alone = try recipe.solve(problem)
        #expect(solution.quantized == alone.quantized)
        #expect(solution.error == alone.error && solution.conditioning == alone.conditioning)
      }
    }
    #expect(try recipe(NearestRounding()).solve(stage: StageProblem([])).linears.isEmpty)
  }

  @Test func `without calibration, only methods that need none work`() throws {
    for method in MethodRegistry.roundings {
      let recipe = try recipe(method.make(MethodOptions()))
      let lonely = problem("model.layers.3.mlp.up_proj", LayerInput(), seed: 2)
      guard method.needsCalibration else {
        #expect(try recipe.solve(lonely).conditioning == nil)
        continue
      }
      #expect {
        try recipe.solve(stage: StageProblem([lonely]))
      } throws: { error in
        guard let error = error as? StageError,
          case .calibrationNeeded(let name) = error.cause
        else { return false }
        return name == method.name && error.linear == lonely.name
          && error.description.contains(lonely.name)
      }
    }
  }

  @Test(arguments: ColumnOrder.allCases, [Float.nan, .infinity])
  func `an unusable Hessian is an error that names the Linear`(
    order: ColumnOrder, bad: Float
  ) throws {
    var x = activations
    x[100, 7] = bad
    let input = LayerInput(calibration: statistics(x))
    let problems = ["a.q_proj", "a.k_proj"].map { problem($0, input, seed: 3) }
    #expect {
      try recipe(NearestPlaneRounding(order: order)).solve(stage: StageProblem(problems))
    } throws: { error in
      guard let error = error as? StageError,
        case .factor(.nonFiniteInput(channels: [7])) = error.cause
      else { return false }
      return error.linear == "a.q_proj" && error.description.hasPrefix("a.q_proj: ")
    }
  }

  @Test func `a Linear whose weights are broken is named, wherever it stands`() throws {
    let input = LayerInput(calibration: statistics(activations))
    var weights = Matrix.gaussian(20, 48, seed: 4)
    weights[11, 0] = .nan
    let problems = [
      problem("first", input, seed: 5),
      LayerProblem(name: "second", weights: weights, input: input),
    ]
    #expect {
      try recipe(NearestPlaneRounding()).solve(stage: StageProblem(problems))
    } throws: { error in
      guard let error = error as? StageError, case .grid(.notFinite(row: 11)) = error.cause
      else { return false }
      return error.linear == "second"
    }
  }

  @Test func `a Hessian that needed more damping says so`() throws {
    let x = activations.copy(rows: 0..<10).zeroing(columns: [1, 2])
    let input = LayerInput(calibration: statistics(x))
    let rounding = NearestPlaneRounding(damping: Damping(share: 0))
    let solution = try recipe(rounding).solve(problem("test", input, seed: 6))
    let conditioning = try #require(solution.conditioning)
    #expect(conditioning.deadChannels == 2 && conditioning.retries >= 1)
    #expect(conditioning.damping > 0)
    let easy = try recipe(NearestPlaneRounding()).solve(
      problem("test", LayerInput(calibration: statistics(activations)), seed: 6))
    #expect(easy.conditioning == Conditioning(damping: 0.01, retries: 0, deadChannels: 0))
  }

  @Test(arguments: ColumnOrder.allCases)
  func `dead channels are rounded to nearest`(order: ColumnOrder) throws {
    let dead = [0, 13, 14, 47]
    let input = LayerInput(calibration: statistics(activations.zeroing(columns: dead)))
    let problem = problem("test", input, seed: 7)
    let gptq = try recipe(NearestPlaneRounding(order: order)).solve(problem).quantized
    let nearest = try recipe(NearestRounding()).solve(problem).quantized
    for row in 0..<20 {
      for column in dead {
        #expect(gptq.codes[row * 48 + column] == nearest.codes[row * 48 + column])
      }
    }
    #expect(gptq.codes != nearest.codes)
  }

  @Test func `methods have names of their own`() {
    let names = MethodRegistry.roundings.map(\.name)
    #expect(names.contains("gptq") && names.contains("rtn"))
    #expect(Set(names).count == names.count)
    #expect(MethodRegistry.roundings.allSatisfy { !$0.summary.isEmpty })
  }
}
