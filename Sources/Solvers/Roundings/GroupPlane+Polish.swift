internal import LinearAlgebra
internal import Quantizer

// With the codes of a group fixed, its cost is a parabola in the scale, and in the offset where that is a
// floating-point number: see `GridFit`, with A = diag(√D) U. And with both fixed it is a parabola in each
// value: ŵⱼ + (Uᵀ D y)ⱼ / Sⱼⱼ is the best, and the nearest point to it the best that can be stored. Either step
// lowers the cost or is not taken.

extension GroupPlane {
  /// Improves entries and codes in turn, in the metric of the group's Schur complement S.
  mutating func polish(rounds: Int, _ encoding: any GridEncoding, _ scheme: Scheme) {
    let curvature = SchurCurvature(unitRows: unitRows, pivots: pivots)
    var y = [Lanes](repeating: .zero, count: size)
    for chunk in 0..<chunks {
      for _ in 0..<rounds {
        refit(chunk, encoding, scheme)
        descend(chunk, curvature, &y)
      }
      refit(chunk, encoding, scheme)
    }
  }

  /// Replaces the scale and offset of each row by the best for its codes that can be stored, where that
  /// lowers the cost.
  private mutating func refit(_ chunk: Int, _ encoding: any GridEncoding, _ scheme: Scheme) {
    var kernel = kernel
    (kernel.scale, kernel.offset) = (scales[chunk], offsets[chunk])
    let origin = kernel.origin
    let base = chunk * size
    var (fit, yy) = (GridFit(), Lanes.zero)
    for p in 0..<size {
      let row = unitRows.row(p)
      var (a, y, c) = (Lanes.zero, Lanes.zero, Float.zero)
      for k in p..<size {
        a += row[k] * (values[base + k] - origin)
        y += row[k] * (weights[base + k] - values[base + k])
        c += row[k]
      }
      fit.aa += pivots[p] * a * a
      fit.ac += pivots[p] * c * a
      fit.cc += pivots[p] * c * c
      fit.ay += pivots[p] * a * y
      fit.cy += pivots[p] * c * y
      yy += pivots[p] * y * y
    }
    for lane in 0..<16 {
      let entry = GridEntry(scale: scales[chunk][lane], offset: offsets[chunk][lane])
      let own = rowEncodings?[16 * chunk + lane] ?? encoding
      guard let (better, change) = fit.improvement(of: entry, lane: lane, own, scheme) else {
        continue
      }
      let cost = max(0, yy[lane] + change)
      guard cost < costs[chunk][lane] else { continue }
      let (ratio, shift) = (better.scale / entry.scale, better.offset - entry.offset)
      for p in base..<base + size {
        values[p][lane] = origin[lane] + shift + ratio * (values[p][lane] - origin[lane])
      }
      (scales[chunk][lane], offsets[chunk][lane]) = (better.scale, better.offset)
      costs[chunk][lane] = cost
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

  /// Sets each code to the best given all others of the group, once; `y` is memory for U (w̃ − ŵ).
  private mutating func descend(_ chunk: Int, _ curvature: SchurCurvature, _ y: inout [Lanes]) {
    var kernel = kernel
    (kernel.scale, kernel.offset) = (scales[chunk], offsets[chunk])
    let base = chunk * size
    for p in 0..<size {
      let row = unitRows.row(p)
      y[p] = .zero
      for k in p..<size { y[p] += row[k] * (weights[base + k] - values[base + k]) }
    }
    for j in 0..<size {
      let (weighted, plain) = (curvature.weighted.row(j), curvature.columns.row(j))
      let slope = VectorMath.weightedSum(weighted.extracting(0...j), y.span.extracting(0...j))
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
