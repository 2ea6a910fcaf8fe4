internal import Glibc
internal import Hessian
internal import LinearAlgebra

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
  /// The relative squared error of the output that rounding the inputs adds, on sampled tokens that
  /// the solver did not see (or else that it saw); nil when inputs stay in floating point.
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

  /// Measures weights against the original.
  ///
  /// `tr(D H Dᵀ) = tr(H DᵀD)`, so one `DᵀD` and one `WᵀW` serve all statistics.
  ///
  /// - Complexity: 2·out·in² flops, twice those of a solve, and one `in × in` matrix at a time.
  init(
    of effective: Matrix, in problem: LayerProblem, whole: OutputEnergy? = nil,
    activation: Double? = nil
  ) {
    let lost = OutputEnergy(of: effective.difference(to: problem.weights), in: problem.input)
    let whole = whole ?? OutputEnergy(of: problem.weights, in: problem.input)
    self.init(
      weight: ratio(lost.plain, whole.plain), calibration: ratio(lost.calibration, whole.calibration),
      heldOut: ratio(lost.heldOut, whole.heldOut), activation: activation)
  }
}

/// A share of a whole; of nothing, nothing can be lost.
func ratio(_ part: Double, _ whole: Double) -> Double { whole == 0 ? 0 : part / whole }

/// A share of a whole, where both are known.
func ratio(_ part: Double?, _ whole: Double?) -> Double? {
  guard let part, let whole else { return nil }
  return ratio(part, whole) as Double
}

/// The squared size of a matrix, plain and in the metrics of the statistics.
struct OutputEnergy: Sendable {
  var plain = 0.0
  var calibration: Double?
  var heldOut: Double?

  init(of matrix: Matrix, in input: LayerInput) {
    plain = matrix.sumOfSquares
    guard input.calibration != nil || input.heldOut != nil else { return }
    var moment = Matrix(rows: matrix.columns, columns: matrix.columns)
    moment.addSecondMoment(of: matrix)
    calibration = input.calibration?.trace(withUpper: moment)
    heldOut = input.heldOut?.trace(withUpper: moment)
  }
}
