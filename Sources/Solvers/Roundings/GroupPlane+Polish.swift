internal import LinearAlgebra
internal import Quantizer

// With the codes of a group fixed, its cost is a parabola in the scale, and in the offset where that is a
// floating-point number: see `GridFit`, with A = diag(√D) U. And with both fixed it is a parabola in each
// value: ŵⱼ + (Uᵀ D y)ⱼ / Sⱼⱼ is the best, and the nearest point to it the best that can be stored. Either step
// lowers the cost or is not taken.

extension GroupPlane {
  /// Improves entries and codes in turn, in the metric of the group's Schur complement S.
  mutating func polish(rounds: Int, _ encoding: any GridEncoding, _ scheme: Scheme) {
    let curvature = metric.curvature
    var scratch = [Lanes](repeating: .zero, count: 2 * size + LanePlane.sums)
    for chunk in 0..<chunks {
      for _ in 0..<rounds {
        refit(chunk, encoding, scheme, &scratch)
        descend(chunk, curvature, &scratch)
      }
      refit(chunk, encoding, scheme, &scratch)
    }
  }

  /// The kernel with the entries of a chunk.
  private func kernel(of chunk: Int) -> Kernel {
    var kernel = kernel
    (kernel.scale, kernel.offset) = (scales[chunk], offsets[chunk])
    return kernel
  }

  /// The weights or values of a chunk are those of these columns.
  private func range(of chunk: Int) -> Range<Int> { chunk * size..<(chunk + 1) * size }

  /// Replaces the scale and offset of each row by the best for its codes that can be stored, where that
  /// lowers the cost.
  private mutating func refit(
    _ chunk: Int, _ encoding: any GridEncoding, _ scheme: Scheme, _ scratch: inout [Lanes]
  ) {
    let (origin, range) = (kernel(of: chunk).origin, range(of: chunk))
    metric.fit(
      values.span.extracting(range), to: weights.span.extracting(range), origin: origin, &scratch)
    let (fit, yy) = (GridFit(scratch), scratch[5])
    for lane in 0..<16 {
      let entry = GridEntry(scale: scales[chunk][lane], offset: offsets[chunk][lane])
      let own = rowEncodings?[16 * chunk + lane] ?? encoding
      guard let (better, change) = fit.improvement(of: entry, lane: lane, own, scheme) else {
        continue
      }
      let cost = max(0, yy[lane] + change)
      guard cost < costs[chunk][lane] else { continue }
      let (ratio, shift) = (better.scale / entry.scale, better.offset - entry.offset)
      for p in range {
        values[p][lane] = origin[lane] + shift + ratio * (values[p][lane] - origin[lane])
      }
      (scales[chunk][lane], offsets[chunk][lane]) = (better.scale, better.offset)
      costs[chunk][lane] = cost
    }
    snap(chunk)
  }

  /// Recomputes values from their codes, bit for bit as a reader does.
  private mutating func snap(_ chunk: Int) {
    let kernel = kernel(of: chunk)
    for p in range(of: chunk) { values[p] = kernel.value(of: kernel.code(of: values[p])) }
  }

  /// Sets each code to the best given all others of the group, once.
  private mutating func descend(
    _ chunk: Int, _ curvature: LanePlane.Curvature, _ scratch: inout [Lanes]
  ) {
    let (kernel, range) = (kernel(of: chunk), range(of: chunk))
    guard let steps = kernel.steps else {
      costs[chunk] = descend(kernel, range, curvature, &scratch)
      return
    }
    costs[chunk] = metric.descend(&values, range, to: weights, steps, curvature, &scratch)
  }

  /// The same for points of any kind; returns the cost.
  private mutating func descend(
    _ kernel: Kernel, _ range: Range<Int>, _ curvature: LanePlane.Curvature, _ y: inout [Lanes]
  ) -> Lanes {
    let base = range.lowerBound
    for p in 0..<size {
      let row = metric.unitRows.row(p)
      y[p] = .zero
      for k in p..<size { y[p] += row[k] * (weights[base + k] - values[base + k]) }
    }
    for j in 0..<size {
      let (weighted, plain) = (curvature.weighted.row(j), curvature.columns.row(j))
      let slope = VectorMath.weightedSum(weighted.extracting(0...j), y.span.extracting(0...j))
      var best = values[base + j] + slope * curvature.inverses[j]
      // Where a sum overflowed, the code stays.
      best.replace(with: values[base + j], where: best .!= best)
      let value = kernel.value(of: kernel.code(of: best))
      let change = value - values[base + j]
      guard any(change .!= 0) else { continue }
      for i in 0...j { y[i] -= plain[i] * change }
      values[base + j] = value
    }
    var cost = Lanes.zero
    for p in 0..<size { cost += metric.pivots[p] * y[p] * y[p] }
    return cost
  }
}

extension GridFit {
  /// The sums of ``LanePlane/fit(_:to:origin:_:)``.
  fileprivate init(_ sums: [Lanes]) {
    (aa, ac, cc, ay, cy) = (sums[0], sums[1], sums[2][0], sums[3], sums[4])
  }
}
