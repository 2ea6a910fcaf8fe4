internal import Hessian
internal import LinearAlgebra
internal import Quantizer

/// Sign steps for some rows of a matrix.
struct SignGradientPanel {
  private let rows: Range<Int>
  private let hessian: Matrix
  private let factor: DampedFactor
  private let iterations: Int

  init(rows: Range<Int>, _ hessian: Matrix, _ factor: DampedFactor, iterations: Int) {
    self.rows = rows
    self.hessian = hessian
    self.factor = factor
    self.iterations = iterations
  }

  /// The best codes that any step gave each row, row by row; those given count as well.
  func codes(from found: QuantizedWeight, _ weights: Matrix) -> [UInt8] {
    let last = found.grid.scheme.largestCode
    return switch found.grid.scheme.points {
    case .symmetric, .zeroPoint: codes(from: found, weights, ZeroPointKernel(largestCode: last))
    case .offset: codes(from: found, weights, OffsetKernel(largestCode: last))
    case .table(let table): codes(from: found, weights, TableKernel(table))
    }
  }

  private func codes(
    from found: QuantizedWeight, _ weights: Matrix, _ kernel: some RoundingKernel
  ) -> [UInt8] {
    let lines = SignGradientLines(rows, found, weights, kernel)
    var state = SignGradientState(lines, hessian, shares: lines.targetShares(factor))
    for iteration in 0..<iterations {
      state.measure()
      let share = 1 - Float(iteration) / Float(iterations)
      guard state.step(share / Float(iterations)) else { break }
    }
    state.measure()
    let n = weights.columns
    var codes = [UInt8](repeating: 0, count: rows.count * n)
    for j in 0..<n {
      for lane in 0..<rows.count { codes[lane * n + j] = UInt8(lane: state.best[j, lane]) }
    }
    return codes
  }
}

/// The weights and the grid of some rows as lines: line j holds column j of all rows.
struct SignGradientLines<Kernel: RoundingKernel> {
  /// The number of rows, rounded up to whole lanes.
  let width: Int
  let groupSize: Int
  let largest: Lanes
  /// W, `[n, width]`.
  let weights: Matrix
  /// The codes to begin with, `[n, width]`.
  let codes: Matrix
  /// The scales and offsets, `[groups, width]`.
  private let scales: Matrix
  private let offsets: Matrix
  private let points: Kernel

  init(_ rows: Range<Int>, _ found: QuantizedWeight, _ weights: Matrix, _ points: Kernel) {
    let width = (rows.count + 15) / 16 * 16
    func lines(_ columns: Int, padding: Float, _ element: (Int, Int) -> Float) -> Matrix {
      Matrix(rows: columns, columns: width) { column, lane in
        lane < rows.count ? element(rows.lowerBound + lane, column) : padding
      }
    }
    let grid = found.grid
    self.width = width
    self.points = points
    groupSize = grid.groupSize
    largest = Lanes(repeating: Float(grid.scheme.largestCode))
    self.weights = lines(weights.columns, padding: 0) { weights[$0, $1] }
    codes = lines(weights.columns, padding: 0) { Float(found.codes[$0 * weights.columns + $1]) }
    scales = lines(grid.groups, padding: 1) { grid.scales[$0, $1] }
    offsets = lines(grid.groups, padding: 0) { grid.offsets[$0, $1] }
  }

  /// The kernel of a column for sixteen rows.
  func kernel(_ j: Int, _ lane: Int) -> Kernel {
    var kernel = points
    kernel.scale = scales.lanes(j / groupSize, lane)
    kernel.offset = offsets.lanes(j / groupSize, lane)
    return kernel
  }

  /// How far nearest plane's target t = ŵ + U e is from each code, in steps towards its neighbour:
  /// less than half a step, so that no code changes before V does.
  func targetShares(_ factor: DampedFactor) -> Matrix {
    let errors = Matrix(rows: weights.rows, columns: width) { p, lane in
      let j = factor.column(ofLine: p)
      let at = lane / 16 * 16
      return weights[j, lane] - kernel(j, at).value(of: codes.lanes(j, at))[lane - at]
    }
    let residuals = factor.residuals(of: errors)
    var shares = Matrix(rows: weights.rows, columns: width)
    for p in 0..<weights.rows {
      let j = factor.column(ofLine: p)
      for at in stride(from: 0, to: width, by: 16) {
        let (kernel, y, code) = (kernel(j, at), residuals.lanes(p, at), codes.lanes(j, at))
        let value = kernel.value(of: code)
        let up = kernel.value(of: (code + 1).limited(.zero, largest)) - value
        let down = value - kernel.value(of: (code - 1).limited(.zero, largest))
        let share = (y / up.replacing(with: down, where: y .< 0))
          .limited(Lanes(repeating: -0.49), Lanes(repeating: 0.49))
        // Beyond an end there is no step to divide by.
        shares.setLanes(j, at, share.replacing(with: 0, where: share .!= share))
      }
    }
    return shares
  }
}
