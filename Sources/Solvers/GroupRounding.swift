internal import Hessian
internal import LinearAlgebra
internal import Quantizer

/// The rounding for the Linears of a group: everything that follows from their input.
struct GroupRounding {
  private let recipe: Recipe
  /// The prepared rounding.
  let prepared: any PreparedRounding
  /// What rounds the inputs; nil when they stay in floating point.
  let activations: ActivationQuantizer?
  /// Channels that stay in floating point.
  let kept: [Int]
  private let metric: ErrorMetric

  /// Prepares the rounding, unless a prepared one is given.
  init(
    _ recipe: Recipe, _ input: RoundingInput, known: (any PreparedRounding)? = nil,
    keeping kept: [Int] = []
  ) throws(SolverError) {
    self.recipe = recipe
    self.kept = kept
    if let known {
      prepared = known
    } else {
      prepared = try recipe.rounding.prepared(for: input, recipe.scheme)
    }
    activations = try Self.activations(recipe, input.calibration)
    if let pivots = prepared.pivots {
      metric = .columns(pivots)
    } else if let statistics = input.calibration {
      metric = .blocks { statistics.block($0) }
    } else {
      metric = .plain
    }
  }

  /// Quantizes weights whose kept columns are zero, and keeps those columns of the target.
  func quantized(
    _ rounded: Matrix, keeping target: Matrix
  ) throws(SolverError) -> QuantizedLinear {
    let columns = KeptChannels(
      channels: kept,
      weights: Matrix(rows: target.rows, columns: kept.count) {
        recipe.gridRule.scaleFormat.rounded(target[$0, kept[$1]])
      })
    do throws(GridError) {
      return QuantizedLinear(
        try prepared.quantize(
          rounded, scheme: recipe.scheme, rule: recipe.gridRule, metric: metric),
        activations: activations,
        kept: kept.isEmpty ? nil : columns)
    } catch {
      throw .grid(error)
    }
  }

  private static func activations(
    _ recipe: Recipe, _ statistics: InputStatistics?
  ) throws(SolverError) -> ActivationQuantizer? {
    guard let rule = recipe.activations else { return nil }
    guard rule.scheme.isCalibrated else { return ActivationQuantizer(rule.scheme) }
    return rule.quantizer(
      for: try statistics.ranges(
        for: "static activations", withHistograms: rule.needsHistogram))
  }
}
