internal import Glibc
internal import Hessian
internal import LinearAlgebra
public import Quantizer

/// A quantized Linear, and what it lost.
public struct LayerSolution: Sendable {
  /// The name of the Linear.
  public let name: String
  /// Codes and grid.
  public let quantized: QuantizedWeight
  /// What was lost.
  public let error: LayerError
  /// What the rounding had to do to the statistics, if it used them.
  public let conditioning: Conditioning?
}

/// The numerical facts of a solve that used a Hessian.
public struct Conditioning: Sendable, Equatable {
  /// The damping used, as a share of the mean diagonal of H.
  public let damping: Double
  /// How often a smaller damping had failed.
  public let retries: Int
  /// How many input channels were zero in every calibration token.
  public let deadChannels: Int

  /// The facts of given values.
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

/// What a Linear lost by quantization.
public struct LayerError: Sendable, Equatable {
  /// ‖W − Ŵ‖² / ‖W‖².
  public let weight: Double
  /// tr(D H Dᵀ) / tr(W H Wᵀ), D = W − Ŵ: the relative squared error of the layer's output on the
  /// calibration tokens; nil without statistics.
  public let calibration: Double?
  /// The same on tokens that the solver did not see.
  public let heldOut: Double?
  /// The largest relative squared error of a single output on the calibration tokens; nil when it
  /// was not asked for.
  public let worstRow: Double?
  /// The relative squared error of the output that rounding the inputs adds, on sampled calibration
  /// tokens; nil when inputs stay in floating point.
  public let activation: Double?

  /// Errors of given values.
  public init(
    weight: Double, calibration: Double?, heldOut: Double?, worstRow: Double? = nil,
    activation: Double? = nil
  ) {
    self.weight = weight
    self.calibration = calibration
    self.heldOut = heldOut
    self.worstRow = worstRow
    self.activation = activation
  }

  /// The signal-to-noise ratio of the weights in decibels: `−10 log₁₀(‖W − Ŵ‖² / ‖W‖²)`.
  public var decibels: Double { -10 * log10(weight) }

  /// Measures a quantized matrix against the original.
  ///
  /// `tr(D H Dᵀ) = tr(H DᵀD)`, so one `DᵀD` and one `WᵀW` serve all statistics.
  ///
  /// - Complexity: 2·out·in² flops, twice those of a solve, and one `in × in` matrix at a time.
  init(of quantized: QuantizedWeight, in problem: LayerProblem) {
    let weights = problem.weights
    var difference = quantized.dequantized()
    difference.parallelRowBlocks(of: 64) { range, block in
      for (i, row) in range.enumerated() {
        var d = block.mutableRow(i)
        let w = weights.row(row)
        for j in d.indices { d[j] -= w[j] }
      }
    }
    (worstRow, activation) = (nil, nil)
    let lost = Energy(of: difference, in: problem.input)
    let whole = Energy(of: weights, in: problem.input)
    weight = ratio(lost.plain, whole.plain)
    calibration = lost.calibration.flatMap { l in whole.calibration.map { ratio(l, $0) } }
    heldOut = lost.heldOut.flatMap { l in whole.heldOut.map { ratio(l, $0) } }
  }
}

/// A share of a whole; of nothing, nothing can be lost.
private func ratio(_ part: Double, _ whole: Double) -> Double { whole == 0 ? 0 : part / whole }

/// The squared size of a matrix, plain and in the metrics of the statistics.
private struct Energy {
  var plain = 0.0
  var calibration: Double?
  var heldOut: Double?

  init(of matrix: Matrix, in input: LayerInput) {
    for i in 0..<matrix.rows {
      plain += Double(VectorMath.dot(matrix.row(i), matrix.row(i)))
    }
    guard input.calibration != nil || input.heldOut != nil else { return }
    var moment = Matrix(rows: matrix.columns, columns: matrix.columns)
    moment.addSecondMoment(of: matrix)
    calibration = input.calibration?.trace(withUpper: moment)
    heldOut = input.heldOut?.trace(withUpper: moment)
  }
}
