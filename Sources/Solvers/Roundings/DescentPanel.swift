internal import LinearAlgebra
internal import Quantizer

/// Coordinate descent for some rows of a matrix.
///
/// Rows are lanes, as in nearest plane, but lines are in column order: line j holds column j of all
/// rows.
struct DescentPanel {
  private let rows: Range<Int>
  private let hessian: Matrix
  private let encoding: (any GridEncoding)?
  private let sweeps: Int
  private let width: Int

  /// Codes and grid of the rows.
  struct Solution: Sendable {
    var scales: Matrix
    var offsets: Matrix
    var codes: [UInt8]
  }

  /// A panel; the grid stays where there is no encoding.
  init(rows: Range<Int>, _ hessian: Matrix, _ encoding: (any GridEncoding)?, sweeps: Int) {
    self.rows = rows
    self.hessian = hessian
    self.encoding = encoding
    self.sweeps = sweeps
    width = (rows.count + 15) / 16 * 16
  }

  /// The rows after all sweeps.
  func improved(_ found: QuantizedWeight, _ weights: Matrix) -> Solution {
    let last = found.grid.scheme.largestCode
    return switch found.grid.scheme.points {
    case .symmetric, .zeroPoint: improved(found, weights, ZeroPointKernel(largestCode: last))
    case .offset: improved(found, weights, OffsetKernel(largestCode: last))
    case .table(let table): improved(found, weights, TableKernel(table))
    }
  }

  private func improved(
    _ found: QuantizedWeight, _ weights: Matrix, _ kernel: some RoundingKernel
  ) -> Solution {
    let grid = found.grid
    let n = weights.columns
    var state = DescentState(found, weights, rows, width: width, hessian, kernel)
    for _ in 0..<sweeps {
      for group in 0..<grid.groups {
        let block = grid.columns(ofGroup: group, width: n)
        let before = state.values.copy(rows: block)
        for chunk in 0..<width / 16 {
          if let encoding { state.refit(group, block, chunk, encoding, grid.scheme) }
          state.descend(group, block, chunk)
        }
        state.push(block, before)
      }
    }
    var solution = Solution(
      scales: Matrix(rows: rows.count, columns: grid.groups) { state.scales[$1, $0] },
      offsets: Matrix(rows: rows.count, columns: grid.groups) { state.offsets[$1, $0] },
      codes: [UInt8](repeating: 0, count: rows.count * n))
    for j in 0..<n {
      for chunk in 0..<width / 16 {
        let codes = state.kernel(j / grid.groupSize, chunk).code(
          of: state.values.lanes(j, 16 * chunk))
        for lane in 0..<min(16, rows.count - 16 * chunk) {
          solution.codes[(16 * chunk + lane) * n + j] = UInt8(lane: codes[lane])
        }
      }
    }
    return solution
  }
}

/// The values of some rows, and the slopes of the error at them.
private struct DescentState<Kernel: RoundingKernel> {
  /// Ŵ, `[n, width]`.
  var values: Matrix
  /// G = (H + λI)(W − Ŵ), `[n, width]`.
  var slopes: Matrix
  /// The scales, `[groups, width]`.
  var scales: Matrix
  /// The offsets, `[groups, width]`.
  var offsets: Matrix
  private let hessian: Matrix
  private let points: Kernel

  init(
    _ found: QuantizedWeight, _ weights: Matrix, _ rows: Range<Int>, width: Int, _ hessian: Matrix,
    _ points: Kernel
  ) {
    let grid = found.grid
    func lines(_ matrix: Matrix, padding: Float) -> Matrix {
      Matrix(rows: matrix.columns, columns: width) { column, lane in
        lane < rows.count ? matrix[rows.lowerBound + lane, column] : padding
      }
    }
    scales = lines(grid.scales, padding: 1)
    offsets = lines(grid.offsets, padding: 0)
    self.hessian = hessian
    self.points = points
    values = Matrix(rows: weights.columns, columns: width) { column, lane in
      guard lane < rows.count else { return 0 }
      let row = rows.lowerBound + lane
      return grid.value(of: found.codes[row * weights.columns + column], row: row, column: column)
    }
    var errors = lines(weights, padding: 0)
    errors.subtract(values)
    slopes = BLAS.product(hessian.view, errors.view)
  }

  /// The kernel of a group in a chunk of rows.
  func kernel(_ group: Int, _ chunk: Int) -> Kernel {
    var kernel = points
    kernel.scale = scales.lanes(group, 16 * chunk)
    kernel.offset = offsets.lanes(group, 16 * chunk)
    return kernel
  }

  /// Moves the scale and offset of a group to the best for its codes and all other values.
  mutating func refit(
    _ group: Int, _ block: Range<Int>, _ chunk: Int, _ encoding: any GridEncoding, _ scheme: Scheme
  ) {
    let kernel = kernel(group, chunk)
    var next = kernel
    let fit = fit(of: kernel, block, chunk)
    for lane in 0..<16 {
      let entry = GridEntry(scale: kernel.scale[lane], offset: kernel.offset[lane])
      guard let better = fit.improvement(of: entry, lane: lane, encoding, scheme)?.entry else {
        continue
      }
      (next.scale[lane], next.offset[lane]) = (better.scale, better.offset)
    }
    guard any((next.scale .!= kernel.scale) .| (next.offset .!= kernel.offset)) else { return }
    let at = 16 * chunk
    // Computed from the codes, as a reader does, so no rounding error builds up.
    let changes = block.map { j -> Lanes in
      let old = values.lanes(j, at)
      let value = next.value(of: kernel.code(of: old))
      values.setLanes(j, at, value)
      return value - old
    }
    for j in block {
      slopes.setLanes(j, at, slopes.lanes(j, at) - product(j, block, changes))
    }
    scales.setLanes(group, at, next.scale)
    offsets.setLanes(group, at, next.offset)
  }

  /// The cost of other scales and offsets of a group, in the metric H + λI.
  private func fit(of kernel: Kernel, _ block: Range<Int>, _ chunk: Int) -> GridFit {
    let parts = block.map { values.lanes($0, 16 * chunk) - kernel.origin }
    var fit = GridFit()
    for (i, j) in block.enumerated() {
      let (slope, row) = (slopes.lanes(j, 16 * chunk), hessian.row(j))
      fit.ay += slope * parts[i]
      fit.cy += slope
      fit.aa += parts[i] * product(j, block, parts)
      let sum = block.reduce(Float.zero) { $0 + row[$1] }
      fit.ac += sum * parts[i]
      fit.cc += sum
    }
    return fit
  }

  /// Sets each code of a group to the best given all other values.
  mutating func descend(_ group: Int, _ block: Range<Int>, _ chunk: Int) {
    let kernel = kernel(group, chunk)
    let at = 16 * chunk
    // A copy of the reference, so that its rows can be read while the slopes change.
    let hessian = hessian
    for j in block {
      let old = values.lanes(j, at)
      var best = old + slopes.lanes(j, at) * (1 / hessian[j, j])
      // Where a sum overflowed, the code stays.
      best.replace(with: old, where: best .!= best)
      let value = kernel.value(of: kernel.code(of: best))
      let change = value - old
      guard any(change .!= 0) else { continue }
      let row = hessian.row(j)
      for k in block { slopes.setLanes(k, at, slopes.lanes(k, at) - row[k] * change) }
      values.setLanes(j, at, value)
    }
  }

  /// Passes a group's changes on to the slopes of all other columns.
  mutating func push(_ block: Range<Int>, _ before: Matrix) {
    var changes = values.copy(rows: block)
    changes.subtract(before)
    let (hessian, width) = (hessian, values.columns)
    for others in [0..<block.lowerBound, block.upperBound..<values.rows] {
      var target = slopes.mutableView(rows: others, columns: 0..<width)
      BLAS.gemm(-1, hessian.view(rows: others, columns: block), changes.view, 1, into: &target)
    }
  }

  /// Σₖ Hⱼₖ xₖ over a block.
  private func product(_ j: Int, _ block: Range<Int>, _ x: [Lanes]) -> Lanes {
    let row = hessian.row(j)
    var sum = Lanes.zero
    for (i, k) in block.enumerated() { sum += row[k] * x[i] }
    return sum
  }
}
