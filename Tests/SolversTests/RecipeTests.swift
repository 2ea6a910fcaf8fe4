import Hessian
import LinearAlgebra
import Quantizer
import Remedies
import Solvers
import TestSupport
import Testing

private func recipe(_ rounding: any Rounding) throws -> Recipe {
  Recipe(
    scheme: try Scheme(bits: 4, symmetric: true, granularity: .group(16)),
    gridRule: GridRule(range: .minMax, scaleFormat: .float16), rounding: rounding)
}

private let activations = Matrix.activations(tokens: 128, channels: 48, seed: 1)

private func linear(_ name: String, seed: UInt64) -> LinearProblem {
  LinearProblem(name: name, weights: .gaussian(20, 48, seed: seed))
}

private func stage(_ linears: [LinearProblem], _ input: CalibratedInput) -> StageProblem {
  StageProblem([StageProblem.Group(linears, input: input)])
}

@Suite struct `A recipe` {
  @Test func `solves a stage as it solves each Linear`() throws {
    let input = CalibratedInput(calibration: InputStatistics(of: activations))
    let linears = ["q", "k", "v"].enumerated().map { linear($1, seed: UInt64($0)) }
    for method in RoundingMethod.all {
      let recipe = try recipe(method.make(MethodOptions()))
      let solutions = try recipe.solve(stage(linears, input)).linears
      #expect(solutions.map(\.name) == ["q", "k", "v"])
      for (solution, linear) in try pairs(solutions, linears) {
        let alone = try recipe.solve(linear, input: input)
        #expect(solution.quantized == alone.quantized)
        #expect(solution.error == alone.error && solution.conditioning == alone.conditioning)
      }
    }
    #expect(
      try recipe(NearestRounding()).solve(StageProblem([StageProblem.Group]())).linears.isEmpty)
  }

  @Test func `without calibration, only methods that need none work`() throws {
    for method in RoundingMethod.all {
      let recipe = try recipe(method.make(MethodOptions()))
      let up = linear("model.layers.3.mlp.up_proj", seed: 2)
      guard method.needsCalibration else {
        #expect(try recipe.solve(up).conditioning == nil)
        continue
      }
      #expect {
        try recipe.solve(up)
      } throws: { error in
        guard let error = error as? StageError,
          case .calibrationNeeded(let name) = error.cause
        else { return false }
        return name == method.name && error.linear == up.name
          && error.description.contains(up.name) && error.remedies == [.giveCalibrationText]
      }
    }
  }

  @Test(arguments: ColumnOrder.allCases, [Float.nan, .infinity])
  func `an unusable Hessian is an error that names the Linear`(
    order: ColumnOrder, bad: Float
  ) throws {
    var x = activations
    x[100, 7] = bad
    let input = CalibratedInput(calibration: InputStatistics(of: x))
    let linears = ["a.q_proj", "a.k_proj"].map { linear($0, seed: 3) }
    #expect {
      try recipe(NearestPlaneRounding(order: order)).solve(stage(linears, input))
    } throws: { error in
      guard let error = error as? StageError,
        case .factor(.nonFinite(let input)) = error.cause
      else { return false }
      return input == NonFiniteInput(channels: [7], token: 100) && error.linear == "a.q_proj"
        && error.description.hasPrefix("a.q_proj: ")
    }
  }

  @Test func `names the Linear whose weights are not finite, wherever it stands`() throws {
    let input = CalibratedInput(calibration: InputStatistics(of: activations))
    var weights = Matrix.gaussian(20, 48, seed: 4)
    weights[11, 0] = .nan
    let linears = [
      linear("first", seed: 5), LinearProblem(name: "second", weights: weights),
    ]
    #expect {
      try recipe(NearestPlaneRounding()).solve(stage(linears, input))
    } throws: { error in
      guard let error = error as? StageError,
        case .grid(.notFinite(row: 11, column: 0)) = error.cause
      else { return false }
      return error.linear == "second"
    }
  }

  @Test func `a Hessian that needed more damping says so`() throws {
    let x = activations.copy(rows: 0..<10).zeroing(columns: [1, 2])
    let input = CalibratedInput(calibration: InputStatistics(of: x))
    let rounding = NearestPlaneRounding(damping: Damping(share: 0))
    let solution = try recipe(rounding).solve(linear("test", seed: 6), input: input)
    let conditioning = try #require(solution.conditioning)
    #expect(conditioning.deadChannels == 2 && conditioning.retries >= 1)
    #expect(conditioning.damping > 0)
    let easy = try recipe(NearestPlaneRounding()).solve(
      linear("test", seed: 6),
      input: CalibratedInput(calibration: InputStatistics(of: activations)))
    #expect(easy.conditioning == Conditioning(damping: 0.01, retries: 0, deadChannels: 0))
  }

  @Test func `held-out tokens choose among the dampings, for the whole stage`() throws {
    // Few tokens, so that little damping follows their noise.
    let learned = InputStatistics(of: activations.copy(rows: 0..<60))
    let judging = InputStatistics(of: activations.copy(rows: 60..<128))
    let options = MethodOptions(order: .natural, searchesDamping: true)
    let roundings = ([options] + options.alternatives).map(RoundingMethod.gptq.make)
    #expect(roundings.count == Damping.choices.count)
    let choosing = Recipe(
      scheme: try Scheme(bits: 4, symmetric: true, granularity: .group(16)),
      gridRule: GridRule(range: .minMax, scaleFormat: .float16), rounding: roundings[0],
      alternatives: Array(roundings.dropFirst()))
    let linears = ["q", "k"].enumerated().map { linear($1, seed: UInt64($0) + 8) }
    let judged = stage(linears, CalibratedInput(calibration: learned, heldOut: judging))
    let fixed = try roundings.map { try recipe($0).solve(judged).linears }
    let errors = try fixed.map { try $0.map { try #require($0.error.heldOut) }.reduce(0, +) }
    let best = try #require(errors.indices.min { errors[$0] < errors[$1] })
    #expect(try choosing.solve(judged).linears.map(\.quantized) == fixed[best].map(\.quantized))
    #expect(best != 0, "the test needs a choice that is not the first")
    // Nothing can be chosen where no tokens are held out.
    let unjudged = try choosing.solve(stage(linears, CalibratedInput(calibration: learned)))
    #expect(unjudged.linears.map(\.quantized) == fixed[0].map(\.quantized))
  }

  @Test(arguments: ColumnOrder.allCases)
  func `dead channels are rounded to nearest`(order: ColumnOrder) throws {
    let dead = [0, 13, 14, 47]
    let input = CalibratedInput(
      calibration: InputStatistics(of: activations.zeroing(columns: dead)))
    let linear = linear("test", seed: 7)
    let gptq = try recipe(NearestPlaneRounding(order: order)).solve(linear, input: input).quantized
    let nearest = try recipe(NearestRounding()).solve(linear, input: input).quantized
    for row in 0..<20 {
      for column in dead {
        #expect(gptq.codes[row * 48 + column] == nearest.codes[row * 48 + column])
      }
    }
    #expect(gptq.codes != nearest.codes)
  }

  @Test func `counts the rows of which hardly anything is left`() throws {
    var weights = Matrix.gaussian(20, 48, seed: 4)
    // The smallest scale in binary16 is 6e-8, so these weights become zeros; a row of zeros loses nothing.
    for j in 0..<48 { (weights[3, j], weights[7, j], weights[9, j]) = (1e-9, -1e-9, 0) }
    let problem = LinearProblem(name: "a", weights: weights)
    #expect(try recipe(NearestRounding()).solve(problem).lostRows == 2)
    #expect(try recipe(NearestRounding()).solve(linear("b", seed: 4)).lostRows == 0)
  }

  @Test func `roundings have distinct names and a line of help`() {
    let names = RoundingMethod.all.map(\.name)
    #expect(names.contains("gptq") && names.contains("rtn"))
    #expect(Set(names).count == names.count)
    #expect(RoundingMethod.all.allSatisfy { !$0.summary.isEmpty })
  }
}
