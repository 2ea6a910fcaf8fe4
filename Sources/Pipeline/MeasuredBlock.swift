internal import Formats
internal import Hessian
internal import LinearAlgebra
internal import Quantizer
internal import Solvers
internal import Transformer

/// A block with what calibration knows of its inputs, to be solved by any number of recipes.
struct MeasuredBlock {
  /// A part of a stage that is solved by itself, with the work that recipes share.
  private struct Unit {
    let groups: [Int]
    let stage: Int
    let session: StageSession
  }

  private let block: DecoderBlock
  private let index: Int
  private let selection: LinearFilter
  private let units: [Unit]

  /// Takes the stream through a block, and measures on the way.
  ///
  /// - Parameters:
  ///   - block: the block, which stays as it is.
  ///   - index: its number.
  ///   - stream: the hidden states, which leave the block.
  ///   - recipes: what will be asked.
  ///   - selection: the Linears that will be solved for.
  ///   - calibrationCount: the windows from this one on are held out.
  init(
    _ block: DecoderBlock, index: Int, _ stream: inout Stream, _ recipes: [Recipe],
    _ selection: LinearFilter, calibrationCount: Int
  ) {
    self.block = block
    self.index = index
    self.selection = selection
    let parts = recipes.reduce(into: InputStatistics.Parts()) { $0.formUnion($1.neededParts) }
    let judgesOutput = recipes.contains { $0.transform?.judgesOutput == true }
    var units: [Unit] = []
    stream.enter(block)
    for (stage, declared) in block.program.stages.enumerated() {
      let selected = declared.scalingUnits.filter { unit in
        unit.flatMap { declared.groups[$0] }.contains { selection.contains($0.shape, block: index) }
      }
      guard !selected.isEmpty else { continue }
      let inputs = stream.measure(
        stage, of: block, calibrationCount: calibrationCount,
        collecting: parts)
      let judging =
        judgesOutput
        ? stream.judgingStates(stage, of: block, calibrationCount: calibrationCount) : []
      units += selected.map { unit in
        let problem = block.problem(unit, of: stage, inputs, judgedOn: judging)
        return Unit(groups: unit, stage: stage, session: StageSession(problem))
      }
    }
    stream.leave(block)
    self.units = units
  }

  /// Solves for the selected Linears, and those that are scaled with them.
  ///
  /// - Parameters:
  ///   - recipe: how.
  ///   - quantized: takes the block with all solutions in place, if every Linear is selected.
  /// - Returns: the selected Linears, in the order of the computation.
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

/// A Linear that a recipe quantized, with what a comparison says of it.
struct ComparedLinear {
  let problem: LinearProblem
  let solution: LinearSolution
  /// What its input channels were divided by.
  let factors: [Float]?
  /// The expert that it belongs to.
  let expert: Int?
  let seconds: Double
}
