// AWQ as AutoAWQ 0.2.9 runs it (Lin et al. 2023, arXiv 2306.00978), one number after another in
// double precision: the oracle of the scale search and of the clip search.
//
//   x: [tokens, in]    W: [out, in]    groups of g consecutive columns, b bits, asymmetric
//
// Its range of a group does not reach for 0, so compare groups with weights of both signs.

internal import Foundation
package import LinearAlgebra

/// The published searches for some Linears that read the same input.
package struct TextbookAWQ: Sendable {
  private let inputs: DoubleMatrix
  private let weights: [DoubleMatrix]
  private let bits: Int
  private let groupSize: Int

  /// A problem.
  package init(inputs: Matrix, weights: [Matrix], bits: Int, groupSize: Int) {
    self.inputs = DoubleMatrix(inputs)
    self.weights = weights.map { DoubleMatrix($0) }
    self.bits = bits
    self.groupSize = groupSize
  }

  /// The factors for r = 0, 1/20, … 19/20.
  ///
  ///     s = x̄^r / (w̄^(1−r) + 10⁻⁴)  or  x̄^r,  at least 10⁻⁴,  divided by √(max s · min s)
  package func candidates(duo: Bool) -> [[Double]] {
    let (x, w) = (meanInputs, meanShares)
    return (0..<20).map { step in
      let r = Double(step) / 20
      let raw = x.indices.map { j in
        max(1e-4, pow(x[j], r) / (duo ? pow(w[j], 1 - r) + 1e-4 : 1))
      }
      let middle = ((raw.max() ?? 1) * (raw.min() ?? 1)).squareRoot()
      return raw.map { $0 / middle }
    }
  }

  /// The mean squared error of the Linears' outputs when their weights become Q(W·s)/s.
  package func loss(_ factors: [Double]) -> Double {
    var (sum, count) = (0.0, 0)
    for w in weights {
      let scaled = DoubleMatrix(rows: w.rows, columns: w.columns) { w[$0, $1] * factors[$1] }
      let rounded = quantized(scaled)
      let difference = DoubleMatrix(rows: w.rows, columns: w.columns) {
        rounded[$0, $1] / factors[$1] - w[$0, $1]
      }
      let errors = inputs * difference.transposed
      sum += errors.elements.reduce(0) { $0 + $1 * $1 }
      count += errors.elements.count
    }
    return sum / Double(count)
  }

  /// The range of a row and group of the first Linear after the clip search: for m = 1.00, 0.95, …
  /// 0.55 of max|w| the one with the least mean of (Σⱼ xⱼ (Q(clamp(w, ±m))ⱼ − wⱼ))² over the group.
  ///
  /// - Returns: scale and zero point, and by how much the second best is worse, as a share.
  package func clipped(row: Int, group: Int) -> (point: GridPoint, margin: Double) {
    let columns = Array(group * groupSize..<(group + 1) * groupSize)
    let w = columns.map { weights[0][row, $0] }
    let largest = w.map(abs).max() ?? 0
    let candidates = (0..<10).map { i in
      let limit = largest * (1 - Double(i) / 20)
      let clamped = w.map { max(-limit, min(limit, $0)) }
      let point = point(for: clamped)
      let d = zip(clamped, w).map { point.value(of: point.code(of: $0)) - $1 }
      let loss = (0..<inputs.rows).reduce(0.0) { sum, token in
        let part = columns.indices.reduce(0.0) { $0 + inputs[token, columns[$1]] * d[$1] }
        return sum + part * part
      }
      return (point: point, loss: loss)
    }
    let sorted = candidates.sorted { $0.loss < $1.loss }
    return (sorted[0].point, sorted[1].loss / sorted[0].loss - 1)
  }

  /// x̄: the mean magnitude of each channel.
  private var meanInputs: [Double] {
    (0..<inputs.columns).map { j in
      (0..<inputs.rows).reduce(0) { $0 + abs(inputs[$1, j]) } / Double(inputs.rows)
    }
  }

  /// w̄: the mean over all rows of |w| / (max|w| in its group + 10⁻⁶).
  private var meanShares: [Double] {
    let rows = weights.flatMap { w in (0..<w.rows).map { i in (0..<w.columns).map { w[i, $0] } } }
    return (0..<inputs.columns).map { j in
      let start = j / groupSize * groupSize
      return rows.reduce(0) { sum, row in
        let largest = row[start..<start + groupSize].map(abs).max() ?? 0
        return sum + abs(row[j]) / (largest + 1e-6)
      } / Double(rows.count)
    }
  }

  /// s = (max − min) / (2^b − 1), at least 10⁻⁵;  z = clamp(−round(min / s), 0, 2^b − 1).
  private func point(for group: [Double]) -> GridPoint {
    let (low, high) = (group.min() ?? 0, group.max() ?? 0)
    let steps = Double(1 << bits - 1)
    let scale = max(1e-5, high - low) / steps
    let zero = max(0, min(steps, -(low / scale).rounded(.toNearestOrEven)))
    return GridPoint(scale: scale, zeroPoint: Int(zero), bits: bits)
  }

  private func quantized(_ matrix: DoubleMatrix) -> DoubleMatrix {
    var result = matrix
    for row in 0..<matrix.rows {
      for start in stride(from: 0, to: matrix.columns, by: groupSize) {
        let columns = start..<start + groupSize
        let point = point(for: columns.map { matrix[row, $0] })
        for j in columns { result[row, j] = point.value(of: point.code(of: matrix[row, j])) }
      }
    }
    return result
  }
}
