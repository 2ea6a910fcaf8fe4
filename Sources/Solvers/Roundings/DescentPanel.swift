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
  private let factors: [GroupFactor?]
  private let sweeps: Int
  private let width: Int

  /// Codes and grid of the rows.
  struct Solution: Sendable {
    var scales: Matrix
    var offsets: Matrix
    var codes: [UInt8]
  }

  /// A panel; the grid stays where there is no encoding.
  ///
  /// Where there are factors of the groups, these are solved anew in the second of every three sweeps.
  init(
    rows: Range<Int>, _ hessian: Matrix, _ encoding: (any GridEncoding)?, _ factors: [GroupFactor?],
    sweeps: Int
  ) {
    self.rows = rows
    self.hessian = hessian
    self.encoding = encoding
    self.factors = factors
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
    for sweep in 0..<sweeps {
      for group in 0..<grid.groups {
        let block = grid.columns(ofGroup: group, width: n)
        let before = state.values.copy(rows: block)
        if sweep % 3 == 1, let encoding, let factor = factors.isEmpty ? nil : factors[group] {
          state.solve(group, block, factor, encoding, grid.scheme)
        } else {
          for chunk in 0..<width / 16 {
            if let encoding { state.refit(group, block, chunk, encoding, grid.scheme) }
            state.descend(group, block, chunk)
          }
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
