// A beam search by its definition, in double precision: whole paths, one column after another, with
// the update of the GPTQ paper. The oracle of the fast one.
//
//   U: [n, n] upper, UᵀU = (H + λI)⁻¹, as for `TextbookGPTQ`
//   e = (wⱼ − ŵⱼ) / Uⱼⱼ,     w_{j:} ← w_{j:} − e U_{j,j:},     cost ← cost + e²

package import LinearAlgebra
package import Quantizer

/// The codes that a beam search finds.
package struct TextbookBeam: Sendable {
  /// One code for each weight, row by row, in the original order of columns.
  package private(set) var codes: [UInt8] = []
  /// `d (H + λI) dᵀ` of each row's error d.
  package private(set) var losses: [Double] = []

  private struct Path {
    var weights: [Double]
    var codes: [UInt8]
    var cost = 0.0
  }

  /// Runs the search: each path goes on to the `branches` points nearest to its weight, and the
  /// `width` cheapest paths stay.
  package init(
    _ weights: Matrix, upper: DoubleMatrix, order: [Int], grid: Grid, width: Int, branches: Int
  ) {
    let n = weights.columns
    for row in 0..<weights.rows {
      var paths = [
        Path(
          weights: order.map { Double(weights[row, $0]) }, codes: [UInt8](repeating: 0, count: n))
      ]
      for j in 0..<n {
        let point = GridPoint(grid, row: row, column: order[j])
        let children = paths.flatMap { path in
          (0...point.largestCode).sorted {
            abs(point.value(of: $0) - path.weights[j]) < abs(point.value(of: $1) - path.weights[j])
          }.prefix(branches).map { code in
            var child = path
            let error = (path.weights[j] - point.value(of: code)) / upper[j, j]
            child.codes[order[j]] = UInt8(code)
            child.cost += error * error
            for k in j..<n { child.weights[k] -= error * upper[j, k] }
            return child
          }
        }
        paths = Array(children.sorted { $0.cost < $1.cost }.prefix(width))
      }
      codes += paths[0].codes
      losses.append(paths[0].cost)
    }
  }
}
