internal import LinearAlgebra
internal import Quantizer

/// The values of some rows, and the slopes of the error at them.
struct DescentState<Kernel: RoundingKernel> {
  /// Ŵ, `[n, width]`.
  var values: Matrix
  /// G = (H + λI)(W − Ŵ), `[n, width]`.
  var slopes: Matrix
  /// The scales, `[groups, width]`.
  var scales: Matrix
  /// The offsets, `[groups, width]`.
  var offsets: Matrix
  private let hessian: Matrix
  /// The kernel of the scheme's points.
  let points: Kernel
  /// Memory for a number of each column of a group.
  var scratch: [Lanes]

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
    scratch = [Lanes](repeating: .zero, count: grid.groupSize)
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
    for (i, j) in block.enumerated() {
      let old = values.lanes(j, at)
      let value = next.value(of: kernel.code(of: old))
      values.setLanes(j, at, value)
      scratch[i] = value - old
    }
    for j in block { slopes.setLanes(j, at, slopes.lanes(j, at) - product(j, block)) }
    scales.setLanes(group, at, next.scale)
    offsets.setLanes(group, at, next.offset)
  }

  /// The cost of other scales and offsets of a group, in the metric H + λI.
  private mutating func fit(of kernel: Kernel, _ block: Range<Int>, _ chunk: Int) -> GridFit {
    for (i, j) in block.enumerated() { scratch[i] = values.lanes(j, 16 * chunk) - kernel.origin }
    var fit = GridFit()
    for (i, j) in block.enumerated() {
      let (slope, row) = (slopes.lanes(j, 16 * chunk), hessian.row(j))
      fit.ay += slope * scratch[i]
      fit.cy += slope
      fit.aa += scratch[i] * product(j, block)
      let sum = block.reduce(Float.zero) { $0 + row[$1] }
      fit.ac += sum * scratch[i]
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

  /// Σₖ Hⱼₖ xₖ over a block, with x in `scratch`.
  func product(_ j: Int, _ block: Range<Int>) -> Lanes {
    let row = hessian.row(j)
    var sum = Lanes.zero
    for (i, k) in block.enumerated() { sum += row[k] * scratch[i] }
    return sum
  }
}
