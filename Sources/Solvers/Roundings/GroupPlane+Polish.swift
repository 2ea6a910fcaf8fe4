internal import LinearAlgebra
internal import Quantizer

// With the codes of a group fixed, its cost is a parabola in the scale: with ŵ = o + s·u,
//
//   Σ Dⱼ (bⱼ − s aⱼ)²,     a = U u,     b = U (w̃ − o),     s* = Σ D a b / Σ D a²
//
// and with the scale fixed it is a parabola in each value: ŵⱼ + (Uᵀ D y)ⱼ / Sⱼⱼ is the best, and the
// nearest point to it the best that can be stored. Either step lowers the cost or is not taken.

extension GroupPlane {
  /// Improves scales and codes in turn, in the metric of the group's Schur complement S.
  mutating func polish(rounds: Int, _ encoding: any GridEncoding, _ scheme: Scheme) {
    let curvature = SchurCurvature(unitRows: unitRows, pivots: pivots)
    for chunk in 0..<chunks {
      for _ in 0..<rounds {
        refitScales(chunk, encoding, scheme)
        descend(chunk, curvature)
      }
      refitScales(chunk, encoding, scheme)
    }
  }

  /// Replaces the scale of each row by the best for its codes, where that lowers the cost once the
  /// scale is rounded to what can be stored.
  private mutating func refitScales(_ chunk: Int, _ encoding: any GridEncoding, _ scheme: Scheme) {
    var kernel = kernel
    (kernel.scale, kernel.offset) = (scales[chunk], offsets[chunk])
    let origin = kernel.origin
    let base = chunk * size
    var (ab, aa, bb) = (Lanes.zero, Lanes.zero, Lanes.zero)
    for p in 0..<size {
      let row = unitRows.row(p)
      var (a, b) = (Lanes.zero, Lanes.zero)
      for k in p..<size {
        a += row[k] * (values[base + k] - origin)
        b += row[k] * (weights[base + k] - origin)
      }
      ab += pivots[p] * a * b
      aa += pivots[p] * a * a
      bb += pivots[p] * b * b
    }
    // In units of the present scale: the best scale, and the cost bb − 2·r·ab + r²·aa of any.
    for lane in 0..<16 where aa[lane] > 0 {
      let ideal = GridEntry(
        scale: scales[chunk][lane] * ab[lane] / aa[lane], offset: offsets[chunk][lane])
      guard ideal.scale > 0, ideal.scale.isFinite else { continue }
      let entry = encoding.entry(nearestTo: ideal, scheme)
      guard entry.scale > 0, entry.scale.isFinite, entry.offset == ideal.offset else { continue }
      let ratio = entry.scale / scales[chunk][lane]
      let cost = max(0, bb[lane] - 2 * ratio * ab[lane] + ratio * ratio * aa[lane])
      guard cost < costs[chunk][lane] else { continue }
      for p in 0..<size {
        let u = values[base + p][lane] - origin[lane]
        values[base + p][lane] = origin[lane] + ratio * u
      }
      (scales[chunk][lane], costs[chunk][lane]) = (entry.scale, cost)
    }
    snap(chunk)
  }

  /// Recomputes values from their codes, bit for bit as a reader does.
  private mutating func snap(_ chunk: Int) {
    var kernel = kernel
    (kernel.scale, kernel.offset) = (scales[chunk], offsets[chunk])
    for p in chunk * size..<(chunk + 1) * size {
      values[p] = kernel.value(of: kernel.code(of: values[p]))
    }
  }

  /// Sets each code to the best given all others of the group, once.
  private mutating func descend(_ chunk: Int, _ curvature: SchurCurvature) {
    var kernel = kernel
    (kernel.scale, kernel.offset) = (scales[chunk], offsets[chunk])
    let base = chunk * size
    var y = [Lanes](repeating: .zero, count: size)
    for p in 0..<size {
      let row = unitRows.row(p)
      for k in p..<size { y[p] += row[k] * (weights[base + k] - values[base + k]) }
    }
    for j in 0..<size {
      let (weighted, plain) = (curvature.weighted.row(j), curvature.columns.row(j))
      var slope = Lanes.zero
      for i in 0...j { slope += weighted[i] * y[i] }
      var best = values[base + j] + slope * curvature.inverseDiagonal[j]
      // Where a sum overflowed, the code stays.
      best.replace(with: values[base + j], where: best .!= best)
      let value = kernel.value(of: kernel.code(of: best))
      let change = value - values[base + j]
      guard any(change .!= 0) else { continue }
      for i in 0...j { y[i] -= plain[i] * change }
      values[base + j] = value
    }
    var cost = Lanes.zero
    for p in 0..<size { cost += pivots[p] * y[p] * y[p] }
    costs[chunk] = cost
  }
}

/// The columns of U, plain and times D, and the inverse of the diagonal of S = Uᵀ diag(D) U.
private struct SchurCurvature {
  let columns: Matrix
  let weighted: Matrix
  let inverseDiagonal: [Float]

  init(unitRows: Matrix, pivots: [Float]) {
    let columns = unitRows.transposed
    weighted = Matrix(rows: columns.rows, columns: columns.columns) { columns[$0, $1] * pivots[$1] }
    inverseDiagonal = (0..<columns.rows).map { j in
      1 / (0...j).reduce(0) { $0 + pivots[$1] * columns[j, $1] * columns[j, $1] }
    }
    self.columns = columns
  }
}
