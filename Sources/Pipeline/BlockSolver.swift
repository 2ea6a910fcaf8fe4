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
  ///   - block: its weights are replaced by what the codes stand for.
  ///   - hidden: one matrix for each window; none when there is no calibration.
  ///   - deliver: takes each solution in the order of the computation.
  /// - Throws: ``StageError``, or what `deliver` throws.
  func solve(
    _ block: inout DecoderBlock, _ hidden: inout [Matrix],
    _ deliver: (LayerSolution) throws -> Void
  ) throws {
    for half in block.sublayers.indices {
      try solve(&block.sublayers[half], &hidden, deliver)
    }
  }

  /// Quantizes the two stages of a sublayer, and adds its output to the hidden states.
  private func solve(
    _ sublayer: inout any Sublayer, _ hidden: inout [Matrix],
    _ deliver: (LayerSolution) throws -> Void
  ) throws {
    let input = measure(hidden, sublayer.inputLinears[0]) { [sublayer] in sublayer.input($0) }
    for (i, solution) in try recipe.solve(stage: sublayer.inputLinears, input).enumerated() {
      sublayer.inputLinears[i].weight = solution.quantized.dequantized()
      try deliver(solution)
    }
    var kept = ActivationCache(bytes: activationBudget)
    let inner = { @Sendable [sublayer] in sublayer.inner(sublayer.input($0)) }
    let innerInput = measure(hidden, sublayer.outputLinear, inner) { kept.keep($0) }
    for solution in try recipe.solve(stage: [sublayer.outputLinear], innerInput) {
      sublayer.outputLinear.weight = solution.quantized.dequantized()
      try deliver(solution)
    }
    hidden.update { [sublayer, kept] i, window in
      sublayer.addOutput(kept[i] ?? inner(window), to: &window)
    }
  }

  /// The statistics of a Linear's input over all windows, each of which is handed on.
  private func measure(
    _ hidden: [Matrix], _ linear: Linear, _ input: @Sendable (Matrix) -> Matrix,
    _ handOn: (Matrix) -> Void = { _ in }
  ) -> LayerInput {
    guard !hidden.isEmpty else { return LayerInput() }
    var statistics = StageStatistics(
      channels: linear.weight.columns, calibrationCount: calibrationCount)
    hidden.compute({ _, window in input(window) }) { i, input in
      statistics.add(input, window: i)
      handOn(input)
    }
    return statistics.input
  }
}

extension Recipe {
  /// Solves Linears that share an input.
  fileprivate func solve(stage linears: [Linear], _ input: LayerInput) throws -> [LayerSolution] {
    try solve(
      stage: linears.map { LayerProblem(name: $0.name, weights: $0.weight, input: input) })
  }
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
