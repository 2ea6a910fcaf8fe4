// SmoothQuant (Xiao et al. 2022, arXiv 2211.10438): input channels with outliers are divided by a
// factor that the weights absorb, so that both can be rounded to 8 bits.
//
//   sⱼ = max|xⱼ|^α / max|Wⱼ|^(1−α)          eq. 4;  α: migration strength

internal import Glibc
public import Hessian
internal import LinearAlgebra

/// SmoothQuant's factors, for a fixed or a searched migration strength.
public struct SmoothQuant: Transform {
  /// How far difficulty migrates from the inputs to the weights.
  public enum MigrationStrength: Sendable, Hashable {
    /// This α for every stage.
    case fixed(Float)
    /// The α among 0, 0.1, … 1 with the least error on sampled tokens, or no scaling, for each
    /// stage.
    case searched
  }

  /// How α is chosen.
  public let strength: MigrationStrength

  /// The transform with a given strength.
  public init(_ strength: MigrationStrength) { self.strength = strength }

  /// The ranges, which hold the largest magnitudes.
  public var neededParts: InputStatistics.Parts { .ranges }

  /// False: the paper's factors are used whatever their error.
  public var mustImprove: Bool { false }

  /// The factors; nil when a search finds none that lower the error.
  ///
  /// - Throws: ``SolverError`` when statistics are missing or no grid fits.
  public func factors(
    for stage: StageProblem, _ scaling: InputScaling, _ trial: ScaleTrial
  ) throws(SolverError) -> [Float]? {
    let activation = scaling.pooled(try stage.maxAbsolutes(for: "smoothquant")) { $0.max() ?? 0 }
    let weight = scaling.pooled(stage.linears.maxAbsolutes) { $0.max() ?? 0 }
    switch strength {
    case .fixed(let alpha):
      return scaling.storable(Self.factors(activation, weight, alpha))
    case .searched:
      var best: [Float]?
      var least = try trial.loss([Float](repeating: 1, count: activation.count))
      for step in 0...10 {
        let factors = scaling.storable(Self.factors(activation, weight, Float(step) / 10))
        let loss = try trial.loss(factors)
        if loss < least { (best, least) = (factors, loss) }
      }
      return best
    }
  }

  /// Equation 4; a channel that is zero in the inputs or in the weights is left alone.
  static func factors(_ activation: [Float], _ weight: [Float], _ alpha: Float) -> [Float] {
    zip(activation, weight).map { x, w in
      guard x > 0, w > 0 else { return 1 }
      let factor = powf(x, alpha) / powf(max(w, 1e-5), 1 - alpha)
      return factor.isFinite ? max(1e-4, min(1e4, factor)) : 1
    }
  }
}

extension [LinearProblem] {
  /// max|W| of each column, over all rows of all Linears.
  fileprivate var maxAbsolutes: [Float] {
    guard let columns = first?.weights.columns else { return [] }
    var result = [Float](repeating: 0, count: columns)
    for problem in self {
      for row in 0..<problem.weights.rows {
        let weights = problem.weights.row(row)
        for j in 0..<columns { result[j] = Swift.max(result[j], abs(weights[j])) }
      }
    }
    return result
  }
}
