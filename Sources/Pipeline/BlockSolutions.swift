internal import Formats
internal import LinearAlgebra
package import Quantizer
package import Solvers
package import Transformer

/// A solution, and whether the input of its Linear was scaled.
struct SolvedLinear {
  var solution: LinearSolution
  let slot: Slot
  let hasScaledInput: Bool
}

/// The solutions of a block's Linears until they are final.
///
/// A solution is final once every stage whose factors its rows may take up is solved.
package struct BlockSolutions {
  private var pending: [SolvedLinear] = []
  /// For each producer, the last stage whose inputs its rows make.
  private let lastReader: [String: Int]

  package init(_ program: any BlockProgram) {
    var lastReader: [String: Int] = [:]
    for (i, stage) in program.stages.enumerated() {
      for slot in stage.slots {
        if case .rows(let producer, _) = slot.absorber { lastReader[producer] = i }
      }
    }
    self.lastReader = lastReader
  }

  /// Adopts the solutions of some groups of a stage, and lets what is in front of them take up
  /// their factors.
  ///
  /// - Throws: ``StageError`` when a scale leaves the range of its format.
  package mutating func adopt(
    _ solution: StageSolution, of unit: [Int], _ stage: Int, into block: inout DecoderBlock,
    encoding: any GridEncoding
  ) throws(StageError) {
    let slots = unit.flatMap { block.program.stages[stage].groups[$0] }
    if let factors = solution.factors, let absorber = slots[0].absorber {
      block.absorb(factors, into: absorber)
      if case .rows(let producer, let rows) = absorber {
        try divideRows(of: producer, by: factors, rows, in: &block, encoding)
      }
    }
    for (slot, linear) in zip(slots, solution.linears) {
      block.weights.linears[slot.name]?.adopt(linear.linear)
      pending.append(
        SolvedLinear(solution: linear, slot: slot, hasScaledInput: solution.factors != nil))
    }
  }

  /// Divides the rows of a solution that is not final yet; only the scales of its grid change.
  private mutating func divideRows(
    of producer: String, by factors: [Float], _ rows: [Int], in block: inout DecoderBlock,
    _ encoding: any GridEncoding
  ) throws(StageError) {
    guard let i = pending.firstIndex(where: { $0.slot.name == producer }) else {
      preconditionFailure("\(producer) takes up factors after it was delivered")
    }
    do throws(SolverError) {
      pending[i].solution = try pending[i].solution.dividingRows(
        by: factors.byRow(rows, count: pending[i].slot.shape.rows), encoding: encoding)
    } catch {
      throw StageError(linear: producer, cause: error)
    }
    block.weights.linears[producer]?.adopt(pending[i].solution.linear)
  }

  /// Removes and returns the solutions that are final after a stage, up to the first that is not.
  mutating func takeFinal(after stage: Int) -> [SolvedLinear] {
    let isWaiting = { (linear: SolvedLinear) in (lastReader[linear.slot.name] ?? 0) > stage }
    let count = pending.firstIndex(where: isWaiting) ?? pending.count
    defer { pending.removeFirst(count) }
    return Array(pending.prefix(count))
  }
}
