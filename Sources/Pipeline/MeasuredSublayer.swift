internal import Checkpoint
internal import Formats
internal import LinearAlgebra
internal import Quantizer
internal import Solvers
internal import Transformer

/// What calibration knows of the two inputs of a sublayer, for any number of recipes.
struct MeasuredSublayer {
  private let input: LayerInput
  private let inner: LayerInput
  /// Hidden states of a few windows, for recipes that judge the sublayer's output.
  private let judging: [Matrix]

  /// Takes the hidden states through a sublayer, and measures on the way.
  ///
  /// The windows from `calibrationCount` on are held out.
  init(
    _ sublayer: any Sublayer, _ hidden: inout [Matrix], _ recipes: [Recipe], calibrationCount: Int
  ) {
    let needsHistogram = recipes.contains { $0.activations?.needsHistogram ?? false }
    func statistics(_ linear: Linear) -> StageStatistics {
      StageStatistics(
        channels: linear.weight.columns, calibrationCount: calibrationCount,
        collectsHistogram: needsHistogram)
    }
    judging =
      recipes.lazy.map { [hidden] in hidden.judging($0, calibrationCount) }
      .first { !$0.isEmpty } ?? []
    var input = statistics(sublayer.inputLinears[0])
    var inner = statistics(sublayer.outputLinear)
    hidden.updateMeasuring { window in
      let x = sublayer.input(window)
      let y = sublayer.inner(x)
      sublayer.addOutput(y, to: &window)
      return (x, y)
    } use: { i, x, y in
      input.add(x, window: i)
      inner.add(y, window: i)
    }
    (self.input, self.inner) = (input.input, inner.input)
  }

  /// Solves the stages of the sublayer that have selected Linears, and puts the solutions in place
  /// when both have.
  func solve(
    _ sublayer: inout any Sublayer, _ recipe: Recipe, _ selection: LinearFilter
  ) throws -> [ComparedLinear] {
    var result: [ComparedLinear] = []
    func solve(_ stage: StageProblem) throws -> StageSolution? {
      guard stage.linears.contains(where: { selection.contains($0.shape) }) else { return nil }
      let clock = ContinuousClock()
      let start = clock.now
      let solution = try recipe.solve(stage: stage, measuringRows: true)
      let seconds = (clock.now - start).seconds
      let total = Double(stage.linears.reduce(0) { $0 + $1.weights.elements.count })
      for (problem, solved) in zip(stage.linears, solution.linears)
      where selection.contains(problem.shape) {
        let share = Double(problem.weights.elements.count) / total
        result.append(
          ComparedLinear(
            problem: problem, solution: solved, factors: solution.factors,
            seconds: seconds * share))
      }
      return solution
    }
    let judging = recipe.transform?.judgesOutput == true ? judging : []
    let first = try solve(sublayer.inputStage(input, judgedOn: judging))
    let second = try solve(sublayer.innerStage(inner, recipe))
    if let first, let second {
      sublayer.adopt(input: first)
      _ = try sublayer.adopt(inner: second, after: first, encoding: recipe.gridRule.encoding)
    }
    return result
  }
}

/// A Linear that a recipe quantized, with what a comparison says of it.
struct ComparedLinear {
  let problem: LayerProblem
  let solution: LayerSolution
  /// What its input channels were divided by.
  let factors: [Float]?
  let seconds: Double
}

extension LayerProblem {
  /// The name and shape of the Linear.
  var shape: LinearShape {
    LinearShape(name: name, rows: weights.rows, columns: weights.columns)
  }
}
