internal import LinearAlgebra
internal import Quantizer
internal import Solvers
internal import Transformer

/// Quantizes a block stage by stage, and passes the hidden states through what is quantized.
///
/// So every Linear is measured on inputs that come from quantized Linears only, all the way down
/// ("true sequential"). Every token goes through every block once, but for the inner activations
/// that were too large to keep, which are computed again.
struct BlockSolver {
  private let recipe: Recipe
  private let calibrationCount: Int
  private let activationBudget: Int

  /// A solver; the windows from `calibrationCount` on are held out, and inner activations of so
  /// many bytes are kept.
  init(_ recipe: Recipe, calibrationCount: Int, activationBudget: Int) {
    self.recipe = recipe
    self.calibrationCount = calibrationCount
    self.activationBudget = activationBudget
  }

  /// Quantizes the block's Linears, and takes the hidden states from its input to its output.
  ///
  /// - Parameters:
  ///   - block: its weights are replaced by what the codes stand for, and its norms and biases by
  ///     what takes up the factors of scaled inputs.
  ///   - hidden: one matrix for each window; none when there is no calibration.
  ///   - deliver: takes each solution in the order of the computation.
  /// - Throws: ``StageError``, or what `deliver` throws.
  func solve(
    _ block: inout DecoderBlock, _ hidden: inout [Matrix],
    _ deliver: (SolvedLinear) throws -> Void
  ) throws {
    for half in block.sublayers.indices {
      try solve(&block.sublayers[half], &hidden).forEach(deliver)
    }
  }

  /// Quantizes the two stages of a sublayer, and adds its output to the hidden states.
  private func solve(
    _ sublayer: inout any Sublayer, _ hidden: inout [Matrix]
  ) throws -> [SolvedLinear] {
    let input = measure(hidden, sublayer.inputLinears[0]) { [sublayer] in sublayer.input($0) }
    let first = try recipe.solve(
      stage: sublayer.inputStage(input, judgedOn: hidden.judging(recipe, calibrationCount)))
    sublayer.adopt(input: first)
    var kept = ActivationCache(bytes: activationBudget)
    let innerInput = measure(
      hidden, sublayer.outputLinear, { [sublayer] in sublayer.inner(sublayer.input($0)) }
    ) { kept.keep($0) }
    let second = try recipe.solve(stage: sublayer.innerStage(innerInput, recipe))
    let solutions = try sublayer.adopt(
      inner: second, after: first, encoding: recipe.gridRule.encoding)
    hidden.update { [sublayer, kept] i, window in
      let inner =
        kept[i].map { $0.columns(dividedBy: second.factors) }
        ?? sublayer.inner(sublayer.input(window))
      sublayer.addOutput(inner, to: &window)
    }
    return solutions.enumerated().map { i, solution in
      let stage = i < first.linears.count ? first : second
      return SolvedLinear(solution: solution, hasScaledInput: stage.factors != nil)
    }
  }

  /// The statistics of a Linear's input over all windows, each of which is handed on.
  private func measure(
    _ hidden: [Matrix], _ linear: Linear, _ input: @Sendable (Matrix) -> Matrix,
    _ handOn: (Matrix) -> Void = { _ in }
  ) -> LayerInput {
    guard !hidden.isEmpty else { return LayerInput() }
    var statistics = StageStatistics(
      channels: linear.weight.columns, calibrationCount: calibrationCount,
      collectsHistogram: recipe.activations?.needsHistogram ?? false)
    hidden.compute({ _, window in input(window) }) { i, input in
      statistics.add(input, window: i)
      handOn(input)
    }
    return statistics.input
  }
}

/// A solution, and whether the input of its Linear was scaled.
struct SolvedLinear {
  let solution: LayerSolution
  let hasScaledInput: Bool
}

/// Inner activations of the first windows, as far as the budget goes.
private struct ActivationCache: Sendable {
  private var kept: [Matrix] = []
  private var bytesLeft: Int

  /// A cache that keeps less than so many bytes.
  init(bytes: Int) { bytesLeft = bytes }

  /// Keeps the activations of the next window where they fit.
  mutating func keep(_ activation: Matrix) {
    let bytes = activation.elements.count * 4
    // Once one did not fit, none is kept: what is kept are the first windows.
    bytesLeft = bytes <= bytesLeft ? bytesLeft - bytes : 0
    if bytesLeft > 0 { kept.append(activation) }
  }

  /// The activations of a window, or nil when they were not kept.
  subscript(window: Int) -> Matrix? { window < kept.count ? kept[window] : nil }
}

extension Matrix {
  /// The matrix with each column divided by a factor, if there are any.
  fileprivate func columns(dividedBy factors: [Float]?) -> Matrix {
    guard let factors else { return self }
    var result = self
    result.parallelRowBlocks(of: 64) { range, block in
      for i in range.indices {
        var row = block.mutableRow(i - range.lowerBound)
        for j in row.indices { row[j] /= factors[j] }
      }
    }
    return result
  }
}
