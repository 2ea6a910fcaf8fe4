public import LinearAlgebra

/// One decoder block: its program and its weights in memory.
public struct DecoderBlock: Sendable {
  /// What is computed, and in which order.
  public let program: any BlockProgram
  /// The weights that it is computed with.
  package var weights: BlockWeights

  init(_ program: any BlockProgram, _ weights: BlockWeights) {
    self.program = program
    self.weights = weights
  }

  /// Passes the hidden states of one sequence, `[tokens, hidden]`, through the block.
  public func callAsFunction(_ hidden: inout Matrix) {
    var states = [program.enter(hidden)]
    for stage in program.stages.indices { advance(&states, past: stage) }
    hidden = states[0].hidden
  }

  /// Brings the weights of the stages before one into the form that products read, so that threads which pass them
  /// together need not wait for one that does it.
  package func prepare(before stage: Int) {
    let engine = weights.engine
    guard engine != .float32 else { return }
    let linears = program.stages[..<stage].flatMap(\.slots).map { weights.linear($0.name) }
    Threads.perform(linears.count) { linears[$0].prepare(for: engine) }
  }

  /// The same block for hidden states to pass and for nothing else: its weights are there only as products read them.
  package func keptForProducts() -> DecoderBlock {
    prepare(before: program.stages.count)
    var result = self
    for name in weights.linears.keys {
      result.weights.linears[name]?.keepForProducts(on: weights.engine)
    }
    return result
  }

  /// Takes the states of several sequences past a stage.
  ///
  /// - Parameters:
  ///   - states: the sequences, all before the stage.
  ///   - stage: the stage.
  ///   - divisors: for each group, factors that divide its input channels first; nil for none.
  package func advance(
    _ states: inout [BlockState], past stage: Int, dividingBy divisors: [[Float]?]? = nil
  ) {
    let inputs = states.map { program.inputs(of: stage, $0, weights) }
    var outputs = multiply(inputs, at: stage, dividingBy: divisors)
    for i in states.indices {
      let own = outputs[i]
      outputs[i] = []
      program.advance(past: stage, own, &states[i], weights)
    }
  }

  /// Multiplies the inputs of a stage by its Linears, the only place where that happens.
  ///
  /// The rows of short sequences form one product for each Linear. Long ones fill the blocks of a product by
  /// themselves, and are not copied for company.
  ///
  /// - Parameters:
  ///   - inputs: for each sequence, the input of each group.
  ///   - stage: the stage.
  ///   - divisors: for each group, factors that divide its input channels first; nil for none.
  /// - Returns: for each sequence, the outputs of each Linear of each group.
  package func multiply(
    _ inputs: [[Matrix]], at stage: Int, dividingBy divisors: [[Float]?]? = nil
  ) -> [[[Matrix]]] {
    var outputs = [[[Matrix]]](repeating: [], count: inputs.count)
    for (i, group) in program.stages[stage].groups.enumerated() {
      let parts = inputs.map { $0[i] }
      guard parts.count > 1, parts.contains(where: { $0.rows < ProductFactor.blockRows }) else {
        for (sequence, part) in parts.enumerated() {
          outputs[sequence].append(products(of: part, dividedBy: divisors?[i], group))
        }
        continue
      }
      let products = products(of: Matrix(stacking: parts), dividedBy: divisors?[i], group)
      var start = 0
      for (sequence, part) in parts.enumerated() {
        let range = start..<start + part.rows
        outputs[sequence].append(products.map { $0.copy(rows: range) })
        start = range.upperBound
      }
    }
    return outputs
  }

  private func products(
    of input: Matrix, dividedBy factors: [Float]?, _ group: [Slot]
  ) -> [Matrix] {
    var rows = input
    if let factors { rows.divideColumns(by: factors) }
    return group.map { weights.linear($0.name)(rows, on: weights.engine) }
  }
}

extension Matrix {
  /// Divides each column by a factor.
  mutating func divideColumns(by factors: [Float]) {
    parallelRowBlocks(of: 64) { range, block in
      for i in range.indices {
        var row = block.mutableRow(i - range.lowerBound)
        for j in row.indices { row[j] /= factors[j] }
      }
    }
  }
}
