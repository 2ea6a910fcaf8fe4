internal import Hessian
internal import LinearAlgebra
internal import Quantizer

/// A beam search for some rows of a matrix.
///
/// Paths part and end at every column, so here each row is searched by itself, with its paths as
/// lanes; only the feedback of finished blocks is a product for all rows at once.
struct BeamPanel {
  private let rows: Range<Int>
  private let grid: Grid
  private let factor: DampedFactor
  private let width: Int
  private let branches: Int

  /// The cheapest path of each row.
  struct Solution: Sendable {
    /// Codes, row by row.
    var codes: [UInt8]
    /// Σ Dⱼ (tⱼ − ŵⱼ)².
    var costs: [Float]
  }

  init(rows: Range<Int>, _ grid: Grid, _ factor: DampedFactor, width: Int, branches: Int) {
    self.rows = rows
    self.grid = grid
    self.factor = factor
    self.width = width
    self.branches = branches
  }

  /// Searches all rows.
  func solved(_ weights: Matrix) -> Solution {
    let last = grid.scheme.largestCode
    return switch grid.scheme.points {
    case .symmetric, .zeroPoint: solved(weights, ZeroPointKernel(largestCode: last))
    case .offset: solved(weights, OffsetKernel(largestCode: last))
    case .table(let table): solved(weights, TableKernel(table))
    }
  }

  private func solved(_ weights: Matrix, _ kernel: some RoundingKernel) -> Solution {
    let (n, last) = (weights.columns, grid.scheme.largestCode)
    // In visiting order: column p of these is column p of the factor.
    let ordered = Matrix(rows: rows.count, columns: n) {
      weights[rows.lowerBound + $0, factor.column(ofLine: $1)]
    }
    var paths = BeamPaths(rows: rows.count, columns: n)
    var end = n
    while end > 0 {
      let block = max(0, end - NearestPlanePanel.blockSize)..<end
      let targets = paths.targets(of: block, ordered, factor)
      var search = BeamSearch(
        block, factor, width: width, branches: min(branches, last + 1), kernel, largestCode: last)
      var extended = BeamPaths.Extension(of: paths, by: block, width: width)
      for row in rows {
        let line = row - rows.lowerBound
        search.begin(line, of: rows.count, targets, paths.costs)
        for p in block.reversed() {
          let group = factor.column(ofLine: p) / grid.groupSize
          search.visit(
            p, ordered[line, p],
            GridEntry(scale: grid.scales[row, group], offset: grid.offsets[row, group]))
        }
        extended.take(search, line, paths)
      }
      paths.become(extended, at: block)
      end = block.lowerBound
    }
    return solution(paths)
  }

  /// The first path of each row, in the order of columns.
  private func solution(_ paths: BeamPaths) -> Solution {
    let n = factor.order.count
    var codes = [UInt8](repeating: 0, count: rows.count * n)
    for row in 0..<rows.count {
      for p in 0..<n { codes[row * n + factor.column(ofLine: p)] = paths.codes[row * n + p] }
    }
    return Solution(codes: codes, costs: Array(paths.costs[0..<rows.count]))
  }
}
