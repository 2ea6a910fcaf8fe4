internal import LinearAlgebra
internal import Quantizer

/// What sign steps change for some rows, all as lines `[n, width]`.
struct SignGradientState<Kernel: RoundingKernel> {
  private let lines: SignGradientLines<Kernel>
  /// H + λI, `[n, n]`.
  private let hessian: Matrix
  /// u = q + r.
  private let origins: Matrix
  /// V.
  private var shifts: Matrix
  /// clamp(round(u + V)).
  private var codes: Matrix
  /// Δ = Ŵ − W.
  var errors: Matrix
  /// (H + λI) Δ, half the gradient of the loss.
  private(set) var slopes: Matrix
  /// Δ (H + λI) Δᵀ of each row.
  private(set) var losses: [Lanes]
  /// The codes with the least loss so far.
  private(set) var best: Matrix
  private var leastLosses: [Lanes]

  /// The start: V is zero, and u rounds to the given codes.
  init(_ lines: SignGradientLines<Kernel>, _ hessian: Matrix, shares: Matrix) {
    self.lines = lines
    self.hessian = hessian
    (codes, best) = (lines.codes, lines.codes)
    var origins = lines.codes
    origins.add(shares)
    self.origins = origins
    shifts = Matrix(rows: codes.rows, columns: codes.columns)
    (errors, slopes) = (shifts, shifts)
    leastLosses = [Lanes](repeating: Lanes(repeating: .infinity), count: lines.width / 16)
    losses = leastLosses
    round()
  }

  /// Computes slopes and losses, and keeps the codes of the rows that never lost less.
  ///
  /// - Complexity: 2·n² flops for each row.
  mutating func measure() {
    // Copies of the references, so that they can be read while the slopes change.
    let (hessian, errors) = (hessian, errors)
    var view = slopes.mutableView
    BLAS.gemm(1, hessian.view, errors.view, 0, into: &view)
    for chunk in losses.indices {
      var loss = Lanes.zero
      for j in 0..<errors.rows { loss += errors.lanes(j, 16 * chunk) * slopes.lanes(j, 16 * chunk) }
      losses[chunk] = loss
      let isBetter = loss .< leastLosses[chunk]
      guard any(isBetter) else { continue }
      leastLosses[chunk].replace(with: loss, where: isBetter)
      for j in 0..<codes.rows {
        let kept = best.lanes(j, 16 * chunk)
        best.setLanes(
          j, 16 * chunk, kept.replacing(with: codes.lanes(j, 16 * chunk), where: isBetter))
      }
    }
  }

  /// Moves V against the gradient wherever the next code in that direction would lower the loss by
  /// itself: by 2 G δ + Hⱼⱼ δ² < 0 for a value that changes by δ.
  ///
  /// - Returns: whether there was any such code.
  mutating func step(_ size: Float) -> Bool {
    var moved = false
    let half = Lanes(repeating: 0.5)
    for j in 0..<codes.rows {
      for at in stride(from: 0, to: lines.width, by: 16) {
        let (kernel, slope, code) = (lines.kernel(j, at), slopes.lanes(j, at), codes.lanes(j, at))
        let direction = Lanes(repeating: 1).replacing(with: -1, where: slope .> 0)
        let value = kernel.value(of: code)
        let change = kernel.value(of: (code + direction).limited(.zero, lines.largest)) - value
        let moves = change * (2 * slope + hessian[j, j] * change) .< 0
        guard any(moves) else { continue }
        moved = true
        let shift = (shifts.lanes(j, at) + direction * size).limited(-half, half)
        shifts.setLanes(j, at, shifts.lanes(j, at).replacing(with: shift, where: moves))
      }
    }
    if moved { round() }
    return moved
  }

  /// Rounds u + V, and takes the errors of that.
  private mutating func round() {
    for j in 0..<codes.rows {
      for at in stride(from: 0, to: lines.width, by: 16) {
        let code = (origins.lanes(j, at) + shifts.lanes(j, at))
          .limited(.zero, lines.largest).roundedToInteger
        codes.setLanes(j, at, code)
        errors.setLanes(
          j, at, lines.kernel(j, at).value(of: code) - lines.weights.lanes(j, at))
      }
    }
  }
}
