internal import Glibc
internal import Hessian
internal import LinearAlgebra

/// What a Linear lost by quantization.
public struct LinearError: Sendable, Equatable {
  /// ‖W − Ŵ‖² / ‖W‖².
  public let weight: Double
  /// tr(D H Dᵀ) / tr(W H Wᵀ), D = W − Ŵ: the relative squared error of the Linear's output on the
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

  /// The errors of what was lost, as shares of the whole.
  init(_ lost: OutputEnergy, of whole: OutputEnergy, activation: Double?) {
    self.init(
      weight: ratio(lost.plain, whole.plain),
      calibration: ratio(lost.calibration, whole.calibration),
      heldOut: ratio(lost.heldOut, whole.heldOut),
      worstRow: zip(lost.rows, whole.rows).map { ratio($0, $1) }.max(), activation: activation)
  }
}

/// A share of a whole; of nothing, nothing can be lost.
func ratio(_ part: Double, _ whole: Double) -> Double { whole == 0 ? 0 : part / whole }

/// A share of a whole, where both are known.
func ratio(_ part: Double?, _ whole: Double?) -> Double? {
  guard let part, let whole else { return nil }
  return ratio(part, whole) as Double
}

/// The squared size of a matrix of weights, plain and in the metrics of an input's statistics.
struct OutputEnergy: Sendable {
  /// ‖M‖².
  let plain: Double
  /// tr(M H Mᵀ) on the calibration tokens.
  let calibration: Double?
  /// The same on the held-out tokens.
  let heldOut: Double?
  /// The calibration energy of each output, where it was asked for.
  let rows: [Double]

  /// Measures a matrix `[out, in]`.
  ///
  /// `tr(M H Mᵀ) = tr(H MᵀM)`, so one `MᵀM` serves all statistics.
  ///
  /// - Complexity: out·in² flops, three times as many by row, and one `in × in` matrix.
  init(of matrix: Matrix, in input: CalibratedInput, byRow: Bool) {
    plain = matrix.sumOfSquares
    rows = byRow ? input.calibration?.rowEnergies(of: matrix) ?? [] : []
    guard input.calibration != nil || input.heldOut != nil else {
      (calibration, heldOut) = (nil, nil)
      return
    }
    var moment = Matrix(rows: matrix.columns, columns: matrix.columns)
    moment.addSecondMoment(of: matrix)
    calibration = input.calibration?.trace(withUpper: moment)
    heldOut = input.heldOut?.trace(withUpper: moment)
  }
}
