// AWQ (Lin et al. 2023, arXiv 2306.00978): input channels with large activations get a factor
// s > 1, so that their weights are rounded more finely; whatever makes the input is divided by it.
//
//   s = x̄^r                                  eq. 5 of the paper, r on a grid
//   s = x̄^r / w̄^(1−r)                        AutoAWQ's "duo"
//   x̄ⱼ = E|xⱼ|,  w̄ⱼ = mean over rows of |w|/max|w in its group|
//
// The paper measures each candidate by the output error of the whole attention or MLP on sampled
// tokens. Here it is Σ tr(D H Dᵀ) over the Linears that read the input, from the Hessian alone; the
// published loss is an option. Leaving the channels unscaled is a candidate by default.

internal import Glibc
public import Hessian
internal import LinearAlgebra

/// AWQ's search for one factor per input channel.
public struct ActivationAwareScaling: Transform {
  /// The error by which candidates are compared.
  public enum Loss: String, Sendable, CaseIterable {
    /// The output errors of the stage's Linears, from the Hessian.
    case hessian
    /// The error of the attention's or the MLP's output on sampled tokens, as published.
    case output
  }

  /// Which formulas are tried: without the weights' magnitudes, with them, or both.
  public enum Duo: Sendable, CaseIterable {
    /// s = x̄^r.
    case without
    /// s = x̄^r / w̄^(1−r).
    case with
    /// Both formulas.
    case both
  }

  /// The number n of steps: r = 0, 1/n, … (n−1)/n.
  public let steps: Int
  /// Which formulas are tried.
  public let duo: Duo
  /// The error by which candidates are compared.
  public let loss: Loss
  /// Whether leaving the stage unscaled is a candidate; the published search does not try it.
  public let triesIdentity: Bool

  /// A search with given options.
  ///
  /// - Precondition: `steps` is positive.
  public init(
    steps: Int = 20, duo: Duo = .both, loss: Loss = .hessian, triesIdentity: Bool = true
  ) {
    precondition(steps > 0, "\(steps) steps")
    self.steps = steps
    self.duo = duo
    self.loss = loss
    self.triesIdentity = triesIdentity
  }

  /// Whether factors are used only if they lower the stage's error.
  ///
  /// The published loss covers more than the stage, so its choice stands.
  public var mustImprove: Bool { loss == .hessian && triesIdentity }

  /// The ranges, which hold the mean magnitudes.
  public var neededParts: InputStatistics.Parts { .ranges }

  /// Whether the published loss is used, the only one that needs the output.
  public var judgesOutput: Bool { loss == .output }

  /// The factors of the best candidate, or nil when leaving the stage unscaled is as good.
  ///
  /// - Throws: ``SolverError`` when statistics are missing or no grid fits.
  /// - Complexity: a rounding to nearest with its output error for each candidate, of which there
  ///   are `steps`, or twice as many with both formulas.
  public func factors(
    for stage: StageProblem, _ scaling: InputScaling, _ trial: ScaleTrial
  ) throws(SolverError) -> [Float]? {
    let activation = scaling.pooled(try stage.meanAbsolutes(for: "awq")) { $0.mean }
    let shares = stage.linears.meanShares(try trial.groupSizes(of: stage))
    let weight = scaling.pooled(shares) { $0.mean }
    var best: [Float]?
    var least = Double.infinity
    if triesIdentity {
      least = try cost([Float](repeating: 1, count: activation.count), trial)
    }
    for duo in duo == .both ? [false, true] : [duo == .with] {
      for step in 0..<steps {
        let ratio = Float(step) / Float(steps)
        let factors = scaling.storable(
          Self.candidate(activation, duo ? weight : nil, ratio: ratio))
        let cost = try cost(factors, trial)
        if cost < least { (best, least) = (factors, cost) }
      }
    }
    return best
  }

  private func cost(_ factors: [Float], _ trial: ScaleTrial) throws(SolverError) -> Double {
    if loss == .output, let cost = try trial.outputLoss(factors) { return cost }
    return try trial.loss(factors)
  }

  /// One candidate, normalized so that max s · min s = 1.
  ///
  /// Channels that are zero in every calibration token keep the factor 1.
  static func candidate(_ activation: [Float], _ weight: [Float]?, ratio: Float) -> [Float] {
    let raw = activation.indices.map { j -> Float in
      guard activation[j] > 0 else { return 0 }
      let numerator = powf(activation[j], ratio)
      guard let weight else { return max(1e-4, numerator) }
      return max(1e-4, numerator / (powf(weight[j], 1 - ratio) + 1e-4))
    }
    let live = raw.filter { $0 > 0 && $0.isFinite }
    guard let low = live.min(), let high = live.max() else {
      return [Float](repeating: 1, count: raw.count)
    }
    let middle = (low * high).squareRoot()
    return raw.map { $0 > 0 && $0.isFinite ? max(1e-4, min(1e4, $0 / middle)) : 1 }
  }
}

extension [LinearProblem] {
  /// w̄: for each column the mean over all rows of |w| / (max|w| in its group + 1e-6).
  fileprivate func meanShares(_ groupSizes: [Int]) -> [Float] {
    guard let columns = first?.weights.columns else { return [] }
    var sums = [Double](repeating: 0, count: columns)
    var rows = 0
    for (problem, size) in zip(self, groupSizes) {
      for row in 0..<problem.weights.rows {
        let weights = problem.weights.row(row)
        for start in stride(from: 0, to: columns, by: size) {
          let extent = VectorMath.extent(weights.extracting(start..<start + size))
          let largest = Swift.max(-extent.lowerBound, extent.upperBound) + 1e-6
          for j in start..<start + size { sums[j] += Double(abs(weights[j]) / largest) }
        }
      }
      rows += problem.weights.rows
    }
    return sums.map { Float($0 / Double(Swift.max(1, rows))) }
  }
}

extension [Float] {
  fileprivate var mean: Float { reduce(0, +) / Float(Swift.max(1, count)) }
}
