internal import Hessian
internal import LinearAlgebra
internal import Quantizer

/// Nested codes of some rows of a matrix.
///
/// Each width has lines of its own (`PlaneLines.swift`): weights until a column is rounded, and the width's errors from
/// then on.
struct MatryoshkaPanel {
  private let factor: DampedFactor
  private let feedback: PlaneFeedback
  private let grid: Grid
  private let rows: Range<Int>
  private let widths: MatryoshkaWidths

  init(
    rows: Range<Int>, _ grid: Grid, _ factor: DampedFactor, _ feedback: PlaneFeedback,
    _ widths: MatryoshkaWidths
  ) {
    (self.rows, self.grid, self.widths) = (rows, grid, widths)
    (self.factor, self.feedback) = (factor, feedback)
  }

  /// The codes of the panel's rows, row by row.
  func codes(of weights: Matrix) -> [UInt8] {
    let n = weights.columns
    var codes = [UInt8](repeating: 0, count: rows.count * n)
    var lines = widths.all.map { _ in factor.lines(of: weights, rows, width: rows.count) }
    var feedback = widths.all.map { _ in LineTargets(self.feedback) }
    var end = n
    while end > 0 {
      let block = max(0, end - NearestPlanePanel.blockSize)..<end
      let targets = widths.all.indices.map { feedback[$0].targets(of: block, lines[$0]) }
      for p in block.reversed() {
        // What columns of this block have added to it, and the weight or what later columns left.
        let sums = widths.all.indices.map { target(p, in: block, targets[$0], lines[$0]) }
        let column = factor.column(ofLine: p)
        for row in 0..<rows.count {
          let code = round(sums.map { $0[row] }, row, column)
          codes[row * n + column] = UInt8(code)
          for (i, width) in widths.all.enumerated() {
            lines[i][p, row] -= value(of: code, width, row, column)
          }
        }
      }
      end = block.lowerBound
    }
    return codes
  }

  /// t_j of all rows: the target without the block's own columns, and their feedback.
  private func target(_ p: Int, in block: Range<Int>, _ targets: Matrix, _ lines: Matrix) -> [Float]
  {
    var sums = (0..<rows.count).map { targets[p - block.lowerBound, $0] }
    let coefficients = factor.unitRows.row(p)
    for k in p + 1..<block.upperBound {
      let (coefficient, line) = (coefficients[k], lines.row(k))
      for row in sums.indices { sums[row] += coefficient * line[row] }
    }
    return sums
  }

  /// The code for the targets of all widths.
  private func round(_ targets: [Float], _ row: Int, _ column: Int) -> Int {
    let entry = entry(row, column)
    return widths.code(
      for: targets.map { target in
        grid.scheme.points == .offset
          ? (target - entry.offset) / entry.scale : target / entry.scale + entry.offset
      })
  }

  /// The weight that a code stands for in a width.
  private func value(
    of code: Int, _ width: MatryoshkaWidths.Width, _ row: Int, _ column: Int
  ) -> Float {
    let (entry, position) = (entry(row, column), width.positions[code / 16][code % 16])
    return grid.scheme.points == .offset
      ? entry.scale * position + entry.offset : entry.scale * (position - entry.offset)
  }

  private func entry(_ row: Int, _ column: Int) -> GridEntry {
    let group = grid.group(of: column)
    return GridEntry(
      scale: grid.scales[rows.lowerBound + row, group],
      offset: grid.offsets[rows.lowerBound + row, group])
  }
}
