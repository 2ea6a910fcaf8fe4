// Coordinate descent on the codes, starting from round to nearest.
//
// A row with the error e = ŵ − w costs eᵀHe. If all other weights of the row are fixed, the best
// value for weight j is
//
//   ŵⱼ − (He)ⱼ / Hⱼⱼ
//
// and the best code is the one nearest to it, because the cost is a parabola in ŵⱼ. So no step
// increases the cost, and the result cannot be worse than the start.

import PTQ

/// Passes over the codes of a row several times, setting each to the best given all others.
struct Descent: Rounding {
  func prepared(for input: RoundingInput, _ scheme: Scheme) throws(SolverError)
    -> any PreparedRounding
  {
    guard let statistics = input.calibration else { throw .calibrationNeeded(method: "descent") }
    if let found = statistics.nonFinite { throw .factor(.nonFinite(found)) }
    return PreparedDescent(hessian: statistics.block(0..<statistics.channels))
  }
}

/// Descent in the metric of one input.
struct PreparedDescent: PreparedRounding {
  /// H, `[in, in]`.
  let hessian: Matrix
  /// After this many passes hardly any code changes.
  let passes = 8

  func round(_ weights: Matrix, on grid: Grid) -> QuantizedWeight {
    let rows = Threads.map(weights.rows) { codes(of: weights, row: $0, on: grid) }
    return QuantizedWeight(
      rows: weights.rows, columns: weights.columns, grid: grid, codes: rows.flatMap(\.self))
  }

  private func codes(of weights: Matrix, row: Int, on grid: Grid) -> [UInt8] {
    var codes = (0..<weights.columns).map {
      grid.nearestCode(to: weights[row, $0], row: row, column: $0)
    }
    var values = codes.indices.map { grid.value(of: codes[$0], row: row, column: $0) }
    // (He)ⱼ, kept up to date.
    var slopes = [Float](repeating: 0, count: codes.count)
    for j in codes.indices { slopes.add(values[j] - weights[row, j], times: hessian.row(j)) }
    for _ in 0..<passes {
      for j in codes.indices where hessian[j, j] > 0 {
        let best = grid.nearestCode(
          to: values[j] - slopes[j] / hessian[j, j], row: row, column: j)
        guard best != codes[j] else { continue }
        let value = grid.value(of: best, row: row, column: j)
        slopes.add(value - values[j], times: hessian.row(j))
        (codes[j], values[j]) = (best, value)
      }
    }
    return codes
  }
}

extension [Float] {
  /// Adds a multiple of other numbers, element by element.
  mutating func add(_ factor: Float, times other: Span<Float>) {
    for i in indices { self[i] += factor * other[i] }
  }
}
