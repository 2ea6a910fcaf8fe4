internal import Hessian
internal import LinearAlgebra
internal import Quantizer

/// Nearest-plane rounding of some rows of a matrix.
///
/// Everything is stored as lines (`PlaneLines.swift`), so the sum over later blocks is one `gemm`.
struct NearestPlanePanel {
  private let factor: DampedFactor
  private let feedback: PlaneFeedback
  private let grid: Grid
  /// The scales and offsets of the grid, `[groups, width]`.
  private let scales: Matrix
  private let offsets: Matrix
  private let rows: Range<Int>
  /// The number of rows, rounded up to whole lanes.
  private let width: Int

  /// Columns per block: enough for `gemm` to be efficient, few enough to keep the triangle cheap.
  static let blockSize = 64

  init(rows: Range<Int>, _ grid: Grid, _ factor: DampedFactor, _ feedback: PlaneFeedback) {
    self.factor = factor
    self.feedback = feedback
    self.rows = rows
    width = (rows.count + 15) / 16 * 16
    self.grid = grid
    scales = grid.scales.lanes(rows, width: width, padding: 1)
    offsets = grid.offsets.lanes(rows, width: width, padding: 0)
  }

  /// The codes of the panel's rows, row by row.
  func codes(of weights: Matrix) -> [UInt8] {
    let last = grid.scheme.largestCode
    return switch grid.scheme.points {
    case .symmetric, .zeroPoint: codes(of: weights, ZeroPointKernel(largestCode: last))
    case .offset: codes(of: weights, OffsetKernel(largestCode: last))
    case .table(let table): codes(of: weights, TableKernel(table))
    }
  }

  private func codes(of weights: Matrix, _ kernel: some RoundingKernel) -> [UInt8] {
    var codes = [UInt8](repeating: 0, count: rows.count * weights.columns)
    // Line p holds wⱼ until the column is rounded, and its error wⱼ − ŵⱼ from then on.
    var lines = factor.lines(of: weights, rows, width: width)
    var feedback = LineTargets(self.feedback)
    var end = lines.rows
    while end > 0 {
      let block = max(0, end - Self.blockSize)..<end
      let targets = feedback.targets(of: block, lines)
      for p in block.reversed() { round(p, in: block, targets, kernel, &lines, &codes) }
      end = block.lowerBound
    }
    return codes
  }

  /// Adds the contribution of later columns in the same block, rounds, and stores the error.
  private func round(
    _ p: Int, in block: Range<Int>, _ targets: Matrix, _ kernel: some RoundingKernel,
    _ lines: inout Matrix, _ codes: inout [UInt8]
  ) {
    var kernel = kernel
    let n = lines.rows
    let column = factor.column(ofLine: p)
    let coefficients = factor.unitRows.row(p)
    let target = targets.row(p - block.lowerBound)
    let group = column / grid.groupSize
    let (scales, offsets) = (scales.row(group), offsets.row(group))
    var lines = lines.mutableElements
    for lane in stride(from: 0, to: width, by: 16) {
      var t = target.lanes(at: lane)
      for k in p + 1..<block.upperBound {
        t += coefficients[k] * lines.lanes(at: k * width + lane)
      }
      (kernel.scale, kernel.offset) = (scales.lanes(at: lane), offsets.lanes(at: lane))
      let code = kernel.code(of: t)
      let position = p * width + lane
      lines.setLanes(at: position, lines.lanes(at: position) - kernel.value(of: code))
      for i in 0..<min(16, rows.count - lane) {
        codes[(lane + i) * n + column] = UInt8(lane: code[i])
      }
    }
  }
}

extension Matrix {
  /// The values of some rows, one row per lane: `[columns, width]`.
  fileprivate func lanes(_ rows: Range<Int>, width: Int, padding: Float) -> Matrix {
    Matrix(rows: columns, columns: width) { column, lane in
      lane < rows.count ? self[rows.lowerBound + lane, column] : padding
    }
  }
}
