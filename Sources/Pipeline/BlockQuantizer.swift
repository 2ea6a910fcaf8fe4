package import Checkpoint
internal import Formats
internal import Hessian
internal import LinearAlgebra
internal import Quantizer
internal import Solvers
package import Transformer

/// Quantizes a block stage by stage and passes the hidden states through the quantized Linears.
///
/// So every Linear is measured on inputs that come from quantized Linears only, from the first
/// block on ("true sequential").
struct BlockQuantizer {
  let recipe: Recipe
  /// The recipe of each Linear that has one of its own.
  var recipes: [String: Recipe] = [:]
  /// What the windows are for.
  let roles: WindowRoles
  /// The bytes that the statistics of one stage may take, where it can be solved in batches.
  var statisticsBudget = 2 << 30
  /// Whether somebody asks how far keys and values reach.
  var measuresCache = false
  /// Tells how long each phase takes.
  var clock = PhaseClock()
  /// What is known of the inputs where there is no stream.
  var importance: GGUFImportance?
  /// Receives the statistics of each input, if they are to be kept.
  var keep: ((_ readers: [Slot], CalibratedInput) throws -> Void)?

  /// Quantizes the block's Linears and takes the stream from the block's input to its output.
  ///
  /// - Parameters:
  ///   - block: its weights are replaced by what the codes stand for, and its norms, biases and
  ///     dense Linears by versions that have taken up the factors of scaled inputs.
  ///   - taken: dense Linears whose weights are replaced by what these codes stand for, in front of all others.
  ///   - stream: the hidden states; empty without calibration.
  ///   - original: the hidden states in the full-precision model, if the recipe asks for them.
  ///   - progress: called with the Linears that were just solved.
  ///   - deliver: receives each solution once it is final, in order of computation.
  /// - Throws: ``StageError``, or what `progress` and `deliver` throw.
  func solve(
    _ block: inout DecoderBlock, putting taken: [String: QuantizedLinear] = [:],
    _ stream: inout Stream, beside original: inout Stream?,
    _ progress: ([LinearSolution]) throws -> Void = { _ in },
    _ deliver: (SolvedLinear) throws -> Void
  ) throws {
    var solutions = BlockSolutions(block.program)
    var reference = try original.map { try ReferenceStream($0, entering: block) }
    for (name, linear) in taken { block.weights.linears[name]?.adopt(linear) }
    // Rows that make values may yet take up factors; then keys and values are computed again.
    let entering = measuresCache && recipe.transform != nil ? stream : nil
    try clock.during(.measuring) { try stream.enter(block) }
    // Held once, so that it changes in place.
    original = nil
    var prior = ExpertPrior(block.program, collecting: neededParts)
    for (stage, declared) in block.program.stages.enumerated() {
      try clock.during(.measuring) {
        try prior.learn(from: stage, of: block, &stream, roles)
      }
      let batches = declared.batches(
        scalesInputs: recipe.transform != nil, budget: statisticsBudget)
      for units in batches {
        let inputs = try clock.during(.measuring) {
          try measure(Set(units.joined()), of: stage, block, &stream, beside: &reference)
        }
        if let keep {
          for group in units.joined() { try keep(declared.groups[group], inputs[group]) }
        }
        let completed = try clock.during(.measuring) {
          try prior.completing(inputs, of: stage, block, roles)
        }
        try clock.during(.solving) {
          try solve(units, of: stage, completed, &block, &stream, &solutions, progress)
        }
      }
      try solutions.takeFinal(after: stage).forEach(deliver)
    }
    try clock.during(.measuring) {
      if let entering {
        stream = entering
        try stream.pass(block)
      } else {
        try stream.leave(block)
      }
      original = try reference?.leaving()
    }
  }

  /// Solves some units of a stage and puts the solutions in place.
  private func solve(
    _ units: [[Int]], of stage: Int, _ inputs: [CalibratedInput], _ block: inout DecoderBlock,
    _ stream: inout Stream, _ solutions: inout BlockSolutions,
    _ progress: ([LinearSolution]) throws -> Void
  ) throws {
    let judging = try judgingStates(stream, stage, block)
    for unit in units {
      let problem = block.problem(
        unit, of: stage, inputs, judgedOn: judging, by: recipes)
      let solution = try recipe(for: problem).solve(problem)
      let producer = block.program.stages[stage].groups[unit[0]][0].absorber?.producer
      let absorbing = producer.flatMap { recipes[$0] } ?? recipe
      try solutions.adopt(
        solution, of: unit, stage, into: &block, encoding: absorbing.gridRule.encoding)
      try progress(solution.linears)
      guard let factors = solution.factors, problem.scaling?.isTakenUpByRows == true else {
        continue
      }
      let count = block.program.stages[stage].groups.count
      for group in unit { stream.divideInputs(of: stage, group: group, of: count, by: factors) }
    }
  }

  /// The recipe for Linears that are solved together: that of the first.
  private func recipe(for problem: StageProblem) -> Recipe {
    problem.linears.first.flatMap { recipes[$0.name] } ?? recipe
  }

  private func measure(
    _ groups: Set<Int>, of stage: Int, _ block: DecoderBlock, _ stream: inout Stream,
    beside reference: inout ReferenceStream?
  ) throws -> [CalibratedInput] {
    guard !stream.isEmpty else {
      return try block.program.stages[stage].groups.map {
        try importance?.input(of: $0) ?? CalibratedInput()
      }
    }
    return try stream.measure(
      groups, of: stage, block, beside: &reference, roles,
      collecting: neededParts)
  }

  /// The parts of the statistics that somebody reads.
  var neededParts: InputStatistics.Parts {
    let parts = recipes.values.reduce(recipe.neededParts) { $0.union($1.neededParts) }
    return keep == nil ? parts : parts.union([.ranges, .sample])
  }

  private func judgingStates(
    _ stream: Stream, _ stage: Int, _ block: DecoderBlock
  ) throws(CheckpointError) -> [BlockState] {
    guard recipe.transform?.judgesOutput == true else { return [] }
    return try stream.judgingStates(stage, of: block, calibrationCount: roles.calibration)
  }
}

extension Stream {
  /// The first calibration windows at a stage, for judging a sublayer's output.
  ///
  /// They are few, since each candidate passes them through the sublayer.
  ///
  /// - Throws: `CheckpointError` if hidden states cannot be read.
  package func judgingStates(
    _ stage: Int, of block: DecoderBlock, calibrationCount: Int
  ) throws(CheckpointError) -> [BlockState] {
    guard let rows = try states(ofFirst: 1, at: stage, of: block).first?.hidden.rows else {
      return []
    }
    return try states(ofFirst: min(calibrationCount, max(1, 4096 / rows)), at: stage, of: block)
  }
}
