internal import LinearAlgebra
internal import Quantizer

// A group as one coordinate: given all other values, its error is (u − ŵ)ᵀ H_gg (u − ŵ) but for a constant, with
// u = ŵ + H_gg⁻¹ G_g. That is the problem of a group inside nearest plane (`GroupPlane`), without anything behind it
// that could react, so it is solved in the same way: ranges judged by the group's own nearest plane, then polish.

/// H_gg + λI = Uᵀ diag(D) U of a group of columns, U with ones on its diagonal.
struct GroupFactor: Sendable {
  let unitRows: Matrix
  let pivots: [Float]

  /// The factor of a block on the diagonal; nil if rounding has left it none.
  ///
  /// - Complexity: g³/3 flops for g columns.
  init?(_ hessian: Matrix, _ block: Range<Int>) {
    let start = block.lowerBound
    let upper = block.flatMap { row in
      (0..<block.count).map { Double(hessian[row, start + $0]) }
    }
    guard let factor = try? CholeskyFactor(order: block.count, upper: upper) else { return nil }
    func element(_ row: Int, _ column: Int) -> Double {
      factor.elements[row * block.count + column]
    }
    pivots = (0..<block.count).map { Float(element($0, $0) * element($0, $0)) }
    unitRows = Matrix(rows: block.count, columns: block.count) { row, column in
      column < row ? 0 : Float(element(row, column) / element(row, row))
    }
  }

  /// x ← (H_gg + λI)⁻¹ x.
  func solve(_ x: inout [Lanes]) {
    let n = pivots.count
    for p in 0..<n {
      let row = unitRows.row(p)
      for k in p + 1..<n { x[k] -= row[k] * x[p] }
    }
    for p in (0..<n).reversed() {
      let row = unitRows.row(p)
      x[p] /= pivots[p]
      for k in p + 1..<n { x[p] -= row[k] * x[k] }
    }
  }
}

extension DescentState {
  /// Chooses grid and codes of a group anew, given all other values, where that lowers the error.
  ///
  /// - Complexity: about 25·g² multiply-adds for each row.
  mutating func solve(
    _ group: Int, _ block: Range<Int>, _ factor: GroupFactor, _ encoding: any GridEncoding,
    _ scheme: Scheme
  ) {
    var plane = plane(group, block, factor)
    plane.searchRanges(encoding, scheme)
    plane.polish(rounds: 2, encoding, scheme)
    for chunk in 0..<plane.chunks {
      let (at, base) = (16 * chunk, chunk * block.count)
      for (p, j) in block.enumerated() {
        scratch[p] = plane.values[base + p] - values.lanes(j, at)
        values.setLanes(j, at, plane.values[base + p])
      }
      for j in block { slopes.setLanes(j, at, slopes.lanes(j, at) - product(j, block)) }
      scales.setLanes(group, at, plane.scales[chunk])
      offsets.setLanes(group, at, plane.offsets[chunk])
    }
  }

  /// The problem of a group, with what it has now as the best so far.
  private func plane(
    _ group: Int, _ block: Range<Int>, _ factor: GroupFactor
  ) -> GroupPlane<Kernel> {
    var (targets, costs) = ([Lanes](), [Lanes]())
    targets.reserveCapacity(block.count * values.columns / 16)
    costs.reserveCapacity(values.columns / 16)
    var steps = scratch
    for at in stride(from: 0, to: values.columns, by: 16) {
      for (p, j) in block.enumerated() { steps[p] = slopes.lanes(j, at) }
      factor.solve(&steps)
      var cost = Lanes.zero
      for (p, j) in block.enumerated() {
        targets.append(values.lanes(j, at) + steps[p])
        cost += slopes.lanes(j, at) * steps[p]
      }
      costs.append(cost)
    }
    var plane = GroupPlane(
      unitRows: factor.unitRows, pivots: factor.pivots, weights: targets, points)
    plane.costs = costs
    for chunk in 0..<plane.chunks {
      plane.scales[chunk] = scales.lanes(group, 16 * chunk)
      plane.offsets[chunk] = offsets.lanes(group, 16 * chunk)
      for (p, j) in block.enumerated() {
        plane.values[chunk * block.count + p] = values.lanes(j, 16 * chunk)
      }
    }
    return plane
  }
}
