internal import LinearAlgebra
internal import Quantizer
package import Solvers
package import Transformer

// The stages of a block as problems. What can take up factors in front of a stage follows from the
// absorbers of its slots.

extension DecoderBlock {
  /// The problem of some groups of a stage that share an absorber.
  ///
  /// - Parameters:
  ///   - unit: the groups.
  ///   - stage: their stage.
  ///   - inputs: what is known about the input of each group of the stage.
  ///   - judging: sequences on which the sublayer's output is judged, if a transform asks for it.
  ///   - recipes: those of the Linears that have one of their own.
  /// - Returns: the problem, with one group for each of `unit`.
  package func problem(
    _ unit: [Int], of stage: Int, _ inputs: [CalibratedInput], judgedOn judging: [BlockState],
    by recipes: [String: Recipe] = [:]
  ) -> StageProblem {
    let groups = unit.map { group in
      StageProblem.Group(
        program.stages[stage].groups[group].map {
          LinearProblem(
            name: $0.name, weights: weights.linear($0.name).weight,
            scheme: recipes[$0.name]?.scheme)
        }, input: inputs[group])
    }
    guard let absorber = program.stages[stage].groups[unit[0]][0].absorber else {
      return StageProblem(groups)
    }
    // Rows whose scales can take up no factors leave the input as it is.
    if let absorbing = absorber.producer.flatMap({ recipes[$0] }),
      !absorbing.gridRule.encoding.absorbsRowFactors(absorbing.scheme)
    {
      return StageProblem(groups)
    }
    var sharing: [Int]?
    if case .rows(_, let rows) = absorber { sharing = rows.firstWithSameValue }
    return StageProblem(
      groups,
      scaling: InputScaling(
        sharing: sharing, isTakenUpByRows: absorber.isRows,
        storable: { [self] in storableFactors($0, for: absorber) },
        outputLoss: outputLoss(of: unit, stage, on: judging)))
  }

  /// The mean squared error of the sublayers' output when the Linears of some groups get other
  /// weights; nil without sequences, or where that output is the stage's own.
  private func outputLoss(
    of unit: [Int], _ stage: Int, on states: [BlockState]
  ) -> (@Sendable ([Matrix]) -> Double)? {
    guard !states.isEmpty else { return nil }
    let inputs = states.map { program.inputs(of: stage, $0, weights) }
    // On an empty residual stream, the sum is exactly what the sublayers add.
    let empty = states.map { state in
      var state = state
      state.hidden = Matrix(rows: state.hidden.rows, columns: state.hidden.columns)
      return state
    }
    var probe = empty[0]
    program.advance(past: stage, multiply([inputs[0]], at: stage)[0], &probe, weights)
    guard !probe.isAtRest else { return nil }
    let slots = unit.flatMap { program.stages[stage].groups[$0] }
    let outputs = { @Sendable (block: DecoderBlock) in
      Threads.map(empty.count) { block.output(from: stage, inputs[$0], empty[$0]) }
    }
    let original = outputs(self)
    let count = original.reduce(0) { $0 + $1.elements.count }
    return { weights in
      var candidate = self
      for (slot, weight) in zip(slots, weights) {
        candidate.weights.linears[slot.name]?.weight = weight
      }
      let changed = outputs(candidate)
      let sum = zip(changed, original).reduce(0) { $0 + $1.0.squaredDistance(to: $1.1) }
      return sum / Double(max(1, count))
    }
  }

  /// What the sublayers at work add to a sequence, given the inputs of one of their stages.
  private func output(from stage: Int, _ inputs: [Matrix], _ state: BlockState) -> Matrix {
    var states = [state]
    program.advance(past: stage, multiply([inputs], at: stage)[0], &states[0], weights)
    var next = stage + 1
    while next < program.stages.count, !states[0].isAtRest {
      advance(&states, past: next)
      next += 1
    }
    return states[0].hidden
  }
}

extension Absorber {
  /// The Linear whose rows take up factors; nil where a norm does.
  var producer: String? { if case .rows(let producer, _) = self { producer } else { nil } }

  /// Whether it is the rows of another Linear.
  var isRows: Bool { if case .rows = self { true } else { false } }
}

extension [Int] {
  /// For each element the first position with the same value; nil where all values differ.
  var firstWithSameValue: [Int]? {
    var first: [Int: Int] = [:]
    for (i, value) in enumerated() where first[value] == nil { first[value] = i }
    return first.count == count ? nil : map { first[$0] ?? 0 }
  }
}

extension Matrix {
  /// ‖A − B‖².
  fileprivate func squaredDistance(to other: Matrix) -> Double {
    (0..<rows).reduce(0) { sum, row in
      let (a, b) = (self.row(row), other.row(row))
      var part: Float = 0
      for j in a.indices { part += (a[j] - b[j]) * (a[j] - b[j]) }
      return sum + Double(part)
    }
  }
}
