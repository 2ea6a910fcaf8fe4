internal import Hessian
package import LinearAlgebra
public import Quantizer

/// A quantized Linear, and what it lost.
public struct LinearSolution: Sendable {
  /// The name of the Linear.
  public let name: String
  /// Codes, grid, and input quantizer, in the coordinates of the scaled input.
  public let linear: QuantizedLinear
  /// What was lost.
  public let error: LinearError
  /// The share of weights that lie beyond the ends of their grid.
  public let clippedShare: Double
  /// The number of rows of which hardly anything is left: ‖ŵ‖² < 0.1·‖w‖².
  ///
  /// The scale of such a row may be too small for its format.
  public let lostRows: Int
  /// What the rounding did to the statistics; nil if it used none.
  public let conditioning: Conditioning?
  /// What keeping outlier channels gained; nil if none were to be kept.
  public let outliers: OutlierReport?
  /// The number of calibration tokens that the Linear read; nil without calibration, 1 for a
  /// ready-made Hessian.
  public let tokens: Int?
  /// The distance of the error from the limit; nil unless it was asked for and H has full rank.
  public let gap: RateGap?

  /// Codes and grid of the weights.
  public var quantized: QuantizedWeight { linear.weight }

  /// The solution with each output divided by a factor; codes and zero points stay the same.
  ///
  /// The columns of whatever reads this output must be multiplied by the same factors.
  ///
  /// - Throws: ``SolverError`` when a scale leaves the range of its format.
  /// - Precondition: the encoding absorbs row factors.
  public func dividingRows(
    by factors: [Float], encoding: any GridEncoding
  ) throws(SolverError) -> LinearSolution {
    do throws(GridError) {
      return LinearSolution(
        name: name,
        linear: QuantizedLinear(
          try linear.weight.dividingRows(by: factors, encoding: encoding),
          activations: linear.activations, kept: linear.kept?.dividingRows(by: factors)),
        error: error, clippedShare: clippedShare, lostRows: lostRows, conditioning: conditioning,
        outliers: outliers,
        tokens: tokens, gap: gap)
    } catch {
      throw .grid(error)
    }
  }
}

/// The solutions of the Linears of a stage.
public struct StageSolution: Sendable {
  /// One solution for each Linear.
  public let linears: [LinearSolution]
  /// The factors by which the input channels are divided; nil when they were left alone.
  public let factors: [Float]?

  /// The squared output error of each Linear, per calibration token of all inputs together: against the targets if the
  /// recipe scales inputs, which it decides about, otherwise against the weights.
  package let losses: [Double]

  /// The squared output error of all Linears together.
  package var loss: Double { losses.reduce(0, +) }

  /// The mean relative output error of the Linears on held-out tokens, against the full-precision
  /// model where its stream was followed; nil where no tokens are held out.
  var heldOutError: Double? {
    let errors = linears.compactMap { $0.error.stream ?? $0.error.heldOut }
    guard !errors.isEmpty, errors.count == linears.count else { return nil }
    return errors.reduce(0, +) / Double(errors.count)
  }

  /// For each Linear, the weights that it stands for beside an input that is not scaled.
  package var unscaledWeights: [Matrix] {
    linears.map { solution in
      let weights = solution.linear.dequantized()
      return factors.map { weights.columns(times: $0.map { 1 / $0 }) } ?? weights
    }
  }
}

/// Numerical facts about a solve that used a Hessian.
public struct Conditioning: Sendable, Equatable {
  /// The damping used, as a share of the mean diagonal of H.
  public let damping: Double
  /// The number of smaller dampings that failed first.
  public let retries: Int
  /// The number of input channels that were zero in every calibration token.
  public let deadChannels: Int

  /// Facts with given values.
  public init(damping: Double, retries: Int, deadChannels: Int) {
    self.damping = damping
    self.retries = retries
    self.deadChannels = deadChannels
  }

  init(_ factor: DampedFactor) {
    self.init(
      damping: factor.damping, retries: factor.retries, deadChannels: factor.deadChannels.count)
  }
}
