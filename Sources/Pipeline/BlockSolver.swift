internal import LinearAlgebra
internal import Quantizer
internal import Solvers
internal import Transformer

/// Quantizes a block stage by stage, and passes the hidden states through what is quantized.
///
/// So every Linear is measured on inputs that come from quantized Linears only, all the way down
/// ("true sequential"), and every token goes through every block once.
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
      var sublayer = block.sublayers[half]
      let input = measure(hidden, sublayer.inputLinears[0]) { sublayer.input($0) }
      for (i, solution) in try recipe.solve(stage: sublayer.inputLinears, input).enumerated() {
        sublayer.inputLinears[i].weight = solution.quantized.dequantized()
        try deliver(solution)
      }
      var inner = ActivationCache(bytes: activationBudget)
      let innerInput = measure(hidden, sublayer.outputLinear) { window in
        inner.keep(sublayer.inner(sublayer.input(window)))
      }
      for solution in try recipe.solve(stage: [sublayer.outputLinear], innerInput) {
        sublayer.outputLinear.weight = solution.quantized.dequantized()
        try deliver(solution)
      }
      for i in hidden.indices {
        let activation = inner.take(i) ?? sublayer.inner(sublayer.input(hidden[i]))
        sublayer.addOutput(activation, to: &hidden[i])
      }
      block.sublayers[half] = sublayer
    }
  }

  /// The statistics of a Linear's input over all windows.
  private func measure(
    _ hidden: [Matrix], _ linear: Linear, _ input: (Matrix) -> Matrix
  ) -> LayerInput {
    guard !hidden.isEmpty else { return LayerInput() }
    var statistics = StageStatistics(
      channels: linear.weight.columns, calibrationCount: calibrationCount)
    for (i, window) in hidden.enumerated() { statistics.add(input(window), window: i) }
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
private struct ActivationCache {
  private var kept: [Matrix?] = []
  private var bytesLeft: Int

  /// A cache that keeps less than so many bytes.
  init(bytes: Int) { bytesLeft = bytes }

  /// Keeps the activations of the next window where they fit, and hands them on.
  mutating func keep(_ activation: Matrix) -> Matrix {
    let bytes = activation.elements.count * 4
    // Once one did not fit, none is kept: what is kept are the first windows.
    bytesLeft = bytes <= bytesLeft ? bytesLeft - bytes : 0
    if bytesLeft > 0 { kept.append(activation) }
    return activation
  }

  /// The activations of a window, once, or nil when they were not kept.
  mutating func take(_ window: Int) -> Matrix? {
    guard window < kept.count else { return nil }
    let activation = kept[window]
    kept[window] = nil
    return activation
  }
}
