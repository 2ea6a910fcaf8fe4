internal import Formats
internal import Hessian
internal import LinearAlgebra
internal import Pipeline
internal import Quantizer
internal import Solvers
internal import Transformer

/// A block with the statistics of its inputs, to be solved by any number of recipes.
struct MeasuredBlock {
  /// A part of a stage that is solved on its own, with the work that recipes share.
  private struct Unit {
    let groups: [Int]
    let stage: Int
    let session: StageSession
  }

  private let block: DecoderBlock
  private let index: Int
  private let selection: LinearFilter
  private let units: [Unit]

  /// Takes the stream through a block and measures its inputs on the way.
  ///
  /// - Parameters:
  ///   - block: the block, which does not change.
  ///   - index: its index, from 0.
  ///   - stream: the hidden states, taken to the end of the block.
  ///   - recipes: the recipes to be solved.
  ///   - selection: the Linears to be solved.
  ///   - roles: what the windows are for.
  /// - Throws: `CheckpointError` if hidden states cannot be put away or read.
  init(
    _ block: DecoderBlock, index: Int, _ stream: inout Stream, _ recipes: [Recipe],
    _ selection: LinearFilter, _ roles: WindowRoles
  ) throws {
    self.block = block
    self.index = index
    self.selection = selection
    let parts = recipes.reduce(into: InputStatistics.Parts()) { $0.formUnion($1.neededParts) }
    let judgesOutput = recipes.contains { $0.transform?.judgesOutput == true }
    var units: [Unit] = []
    try stream.enter(block)
    var prior = ExpertPrior(block.program, collecting: parts)
    for (stage, declared) in block.program.stages.enumerated() {
      try prior.learn(from: stage, of: block, &stream, roles)
      let selected = declared.scalingUnits.filter { unit in
        unit.flatMap { declared.groups[$0] }.contains { selection.contains($0.shape, block: index) }
      }
      guard !selected.isEmpty else { continue }
      let inputs = try prior.completing(
        try stream.measure(of: stage, block, roles, collecting: parts), of: stage, block, roles)
      let judging =
        judgesOutput
        ? try stream.judgingStates(stage, of: block, calibrationCount: roles.calibration) : []
      units += selected.map { unit in
        let problem = block.problem(unit, of: stage, inputs, judgedOn: judging)
        return Unit(groups: unit, stage: stage, session: StageSession(problem))
      }
    }
    try stream.leave(block)
    self.units = units
  }

  /// Solves for the selected Linears and those scaled together with them.
  ///
  /// - Parameters:
  ///   - recipe: how to quantize them.
  ///   - quantized: receives the block with all solutions in place, if every Linear is selected.
  /// - Returns: the selected Linears, in order of computation.
  /// - Throws: ``StageError``.
  func solve(
    _ recipe: Recipe, _ quantized: inout DecoderBlock?
  ) throws(StageError) -> [ComparedLinear] {
    var result: [ComparedLinear] = []
    var solved = block
    var solutions = BlockSolutions(block.program)
    for unit in units {
      let clock = ContinuousClock()
      let start = clock.now
      let solution = try unit.session.solve(recipe, measuringRows: true)
      let seconds = (clock.now - start).seconds
      result += compared(unit, solution, seconds: seconds)
      guard quantized != nil else { continue }
      try solutions.adopt(
        solution, of: unit.groups, unit.stage, into: &solved, encoding: recipe.gridRule.encoding)
    }
    if quantized != nil { quantized = solved }
    return result
  }

  /// Solves every unit on its own.
  ///
  /// - Parameter recipe: how to quantize a unit, by the name of its first Linear; nil to leave it out.
  /// - Returns: the solutions, in order of computation.
  /// - Throws: ``StageError``.
  func solutions(_ recipe: (String) -> Recipe?) throws(StageError) -> [UnitSolution] {
    var result: [UnitSolution] = []
    for unit in units {
      let problem = unit.session.problem
      guard let recipe = problem.linears.first.flatMap({ recipe($0.name) }) else { continue }
      result.append(
        UnitSolution(
          names: problem.linears.map(\.name),
          tokens: problem.groups.reduce(0) { $0 + ($1.input.calibration?.tokenCount ?? 0) },
          solution: try unit.session.solve(recipe)))
    }
    return result
  }

  private func compared(
    _ unit: Unit, _ solution: StageSolution, seconds: Double
  ) -> [ComparedLinear] {
    let linears = unit.session.problem.linears
    let total = Double(linears.reduce(0) { $0 + $1.weights.elements.count })
    let slots = unit.groups.flatMap { block.program.stages[unit.stage].groups[$0] }
    return zip(slots, zip(linears, solution.linears)).compactMap { slot, pair in
      guard selection.contains(slot.shape, block: index) else { return nil }
      let share = Double(pair.0.weights.elements.count) / total
      return ComparedLinear(
        problem: pair.0, solution: pair.1, factors: solution.factors, expert: slot.expert,
        seconds: seconds * share)
    }
  }
}

/// What a recipe made of Linears that are solved together.
struct UnitSolution {
  let names: [String]
  /// The calibration tokens of all inputs together.
  let tokens: Int
  let solution: StageSolution
}

/// A Linear that a recipe quantized, with what a comparison reports about it.
struct ComparedLinear {
  let problem: LinearProblem
  let solution: LinearSolution
  /// The factors that divide its input channels; nil when they were left alone.
  let factors: [Float]?
  /// The expert that it belongs to; nil outside a mixture.
  let expert: Int?
  let seconds: Double
}
