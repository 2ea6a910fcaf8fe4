// GPTQ exactly as published: Frantar, Ashkboos, Hoefler and Alistarh 2022 (arXiv 2210.17323),
// algorithm 1, one column after another in double precision. The oracle of the fast solver.
//
//   W: [rows, n]    H: [n, n]    U: [n, n] upper, UᵀU = (H + λI)⁻¹    ("Cholesky reformulation")
//
// The algorithm's blocks of B columns only delay the updates of later columns; here B = 1. The
// groups are static: the grid is given, and belongs to the original columns in every order.

package import LinearAlgebra
package import Quantizer

/// The codes that the published algorithm chooses, and how sure they are.
package struct TextbookGPTQ: Sendable {
  /// One code for each weight, row by row, in the original order of columns.
  package private(set) var codes: [UInt8]
  /// For each row: the smallest distance, in steps, of a rounded value to a boundary between codes.
  ///
  /// A row with a tiny one may be rounded otherwise in float32.
  package private(set) var margins: [Double]
  /// For each row: Σ (wⱼ − ŵⱼ)² / Uⱼⱼ², which is `d (H + λI) dᵀ` of the row's final error d.
  package private(set) var losses: [Double]

  /// U for a Hessian, which all rows share: rows and columns in the order of the visits.
  ///
  /// - Parameters:
  ///   - hessian: H, undamped.
  ///   - damping: λ as a share of the mean diagonal of H.
  ///   - order: the columns as they are visited.
  /// - Returns: the upper triangular factor of the inverse of the damped, reordered H.
  package static func inverseFactor(
    of hessian: DoubleMatrix, damping: Double, order: [Int]
  ) -> DoubleMatrix {
    // Section 3.3, step 3: λ is added to the diagonal, a share of the average diagonal value.
    let damped = hessian.addingToDiagonal(damping * hessian.trace / Double(hessian.rows))
    // H⁻¹ ← Cholesky(H⁻¹)ᵀ: the first line of algorithm 1.
    return damped.reordered(by: order).inverse.cholesky.transposed
  }

  /// Runs the algorithm.
  ///
  /// - Parameters:
  ///   - weights: W.
  ///   - upper: U, as `inverseFactor(of:damping:order:)` gives it.
  ///   - order: the columns as they are visited.
  ///   - grid: where the codes stand.
  package init(_ weights: Matrix, upper: DoubleMatrix, order: [Int], grid: Grid) {
    let n = weights.columns
    codes = [UInt8](repeating: 0, count: weights.rows * n)
    margins = [Double](repeating: .infinity, count: weights.rows)
    losses = [Double](repeating: 0, count: weights.rows)
    for row in 0..<weights.rows {
      // W in the order of the visits ("act-order" permutes W and H alike).
      var w = order.map { Double(weights[row, $0]) }
      for j in 0..<n {
        let column = order[j]
        let point = GridPoint(grid, row: row, column: column)
        // Q[:, j] ← quant(W[:, j])
        let code = point.code(of: w[j])
        codes[row * n + column] = UInt8(code)
        margins[row] = min(margins[row], point.margin(of: w[j]))
        // E[:, j] ← (W[:, j] − Q[:, j]) / [H⁻¹]ⱼⱼ, where H⁻¹ stands for its factor U by now.
        let error = (w[j] - point.value(of: code)) / upper[j, j]
        losses[row] += error * error
        // W[:, j:] ← W[:, j:] − E[:, j] · [H⁻¹]ⱼ,ⱼ:       (eq. 2 and 3 through U)
        for k in j..<n { w[k] -= error * upper[j, k] }
      }
    }
  }
}
