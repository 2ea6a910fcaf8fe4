internal import Glibc
internal import Hessian
internal import LinearAlgebra

/// What a Linear lost through quantization.
public struct LinearError: Sendable, Equatable {
  /// ‖W − Ŵ‖² / ‖W‖².
  public let weight: Double
  /// tr(D H Dᵀ) / tr(W H Wᵀ), D = W − Ŵ: the relative squared error of the Linear's output on the
  /// calibration tokens; nil without statistics.
  public let calibration: Double?
  /// The same as `calibration`, on tokens that the solver did not see.
  public let heldOut: Double?
  /// The largest relative squared error of a single output on the calibration tokens; nil if it was
  /// not measured.
  public let worstRow: Double?
  /// The relative squared output error that rounding the inputs adds; nil when inputs stay in
  /// floating point.
  ///
  /// Measured on sampled held-out tokens, or on calibration tokens where none are held out.
  public let activation: Double?
  /// E‖W x̃ − Ŵ x‖² / E‖W x̃‖² on held-out tokens: how far the output is from that of the
  /// full-precision model, whose input is x̃; nil where it was not measured.
  public let stream: Double?
  /// The same as `calibration`, on the first positions of windows alone; nil where none were taken.
  public let first: Double?

  /// An error with given values.
  public init(
    weight: Double, calibration: Double?, heldOut: Double?, worstRow: Double? = nil,
    activation: Double? = nil, stream: Double? = nil, first: Double? = nil
  ) {
    self.weight = weight
    self.calibration = calibration
    self.heldOut = heldOut
    self.worstRow = worstRow
    self.activation = activation
    self.stream = stream
    self.first = first
  }

  /// The signal-to-noise ratio of the weights in decibels: `−10 log₁₀(‖W − Ŵ‖² / ‖W‖²)`.
  public var decibels: Double { -10 * log10(weight) }

  /// The energies of a difference as shares of the whole.
  init(_ lost: OutputEnergy, of whole: OutputEnergy, activation: Double?, stream: Double?) {
    self.init(
      weight: ratio(lost.plain, whole.plain),
      calibration: ratio(lost.calibration, whole.calibration),
      heldOut: ratio(lost.heldOut, whole.heldOut),
      worstRow: zip(lost.rows, whole.rows).map { ratio($0, $1) }.max(), activation: activation,
      stream: stream, first: ratio(lost.first, whole.first))
  }
}

extension LinearError {
  /// Whether every part that was measured is a number.
  var isFinite: Bool {
    [weight, calibration, heldOut, worstRow, activation, stream, first]
      .allSatisfy { $0.map(\.isFinite) ?? true }
  }
}

/// The ratio of a part to a whole; 0 where the whole is 0.
func ratio(_ part: Double, _ whole: Double) -> Double { whole == 0 ? 0 : part / whole }

/// The ratio of a part to a whole; nil unless both are known.
func ratio(_ part: Double?, _ whole: Double?) -> Double? {
  guard let part, let whole else { return nil }
  return ratio(part, whole) as Double
}

/// The squared norm of a weight matrix, plain and in the metrics of an input's statistics.
struct OutputEnergy: Sendable {
  /// ‖M‖².
  let plain: Double
  /// tr(M H Mᵀ) on the calibration tokens.
  let calibration: Double?
  /// tr(M H Mᵀ) on the held-out tokens.
  let heldOut: Double?
  /// The mean of ‖M x‖² over the first positions.
  let first: Double?
  /// E‖M(x̃ − x)‖² on the held-out tokens; nil where the deviation of the inputs was not collected.
  let deviation: Double?
  /// The calibration energy of each output; empty if it was not measured.
  let rows: [Double]

  /// Measures a matrix `[out, in]`.
  ///
  /// `tr(M H Mᵀ) = tr(H MᵀM)`, so one `MᵀM` serves all statistics, a block of its rows at a time. First positions are so
  /// few that they are multiplied themselves.
  ///
  /// - Complexity: out·in² flops (three times that by row), and 2·out·in for each first position.
  init(of matrix: Matrix, in input: CalibratedInput, byRow: Bool) {
    plain = matrix.sumOfSquares
    rows = byRow ? input.calibration?.rowEnergies(of: matrix) ?? [] : []
    guard input.calibration != nil || input.heldOut != nil else {
      (calibration, heldOut, first, deviation) = (nil, nil, nil, nil)
      return
    }
    let unit = matrix.unit(ofEnergy: plain)
    let square = Double(unit) * Double(unit)
    let divided = matrix.divided(by: unit)
    let judges = [input.calibration, input.heldOut]
    let blocks = divided.secondMomentBlocks(on: input.engine) { rows, block in
      judges.map { $0?.trace(withUpper: block, rows: rows) }
        + [input.heldOut?.deviationTrace(withUpper: block, rows: rows)]
    }
    func energy(_ i: Int) -> Double? {
      let parts = blocks.compactMap { $0[i] }
      guard parts.count == blocks.count else { return nil }
      // Terms that cancel leave what was lost in rounding them, which may be less than nothing.
      return max(0, parts.reduce(0, +)) * square
    }
    (calibration, heldOut, deviation) = (energy(0), energy(1), energy(2))
    first = input.first.map { tokens in
      let outputs = ProductFactor(divided, on: input.engine).product(tokens)
      return outputs.sumOfSquares / Double(max(1, tokens.rows)) * square
    }
  }
}

/// E‖W x̃ − Ŵ x‖² / E‖W x̃‖²; nil where the deviation of the inputs was not collected.
///
/// With Δ = Ŵ − W and e = x̃ − x the numerator is tr(W S Wᵀ) − 2 tr(W D Δᵀ) + tr(Δ H Δᵀ).
///
/// - Parameters:
///   - change: Δ.
///   - weights: W.
///   - lost: the energy of Δ.
///   - whole: that of W.
///   - statistics: those of held-out tokens.
///   - engine: what computes the product with D.
/// - Returns: the error.
/// - Complexity: 2·out·in² flops.
func streamError(
  of change: Matrix, _ weights: Matrix, _ lost: OutputEnergy, of whole: OutputEnergy,
  _ statistics: InputStatistics, on engine: ProductEngine
) -> Double? {
  let unit = weights.unit(ofEnergy: whole.plain)
  let (change, weights) = (change.divided(by: unit), weights.divided(by: unit))
  guard let deviation = whole.deviation, let known = whole.heldOut, let plain = lost.heldOut,
    let cross = statistics.crossProduct(with: weights, on: engine)
  else { return nil }
  let square = Double(unit) * Double(unit)
  let (turned, total) = (cross.innerProduct(with: change), cross.innerProduct(with: weights))
  return ratio(
    max(0, (deviation + plain) / square - 2 * turned), (known + deviation) / square + 2 * total)
}
