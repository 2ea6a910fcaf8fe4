internal import LinearAlgebra
internal import Quantizer

/// Nearest plane in one group of columns, for some rows and with a grid still to be chosen.
///
/// When a group is reached, all columns visited before it are rounded, and those still to come will
/// react optimally. With R = diag(√D)·U the factor's block of the group (g × g) and w̃ the group's
/// weights after all feedback, the cost of values ŵ is
///
///     Σ Dⱼ yⱼ²,     y = U (w̃ − ŵ),     t = ŵ + y,     S = Uᵀ diag(D) U
///
/// so a grid can be judged by what it costs after the group's own nearest plane, long before the rest
/// of the row is known. Rows are lanes: line p, row chunk c is element `c·g + p`.
struct GroupPlane<Kernel: RoundingKernel> {
  /// U, `[g, g]`, and the pivots D.
  let metric: LanePlane
  /// The number of columns g.
  var size: Int { metric.size }
  /// The kernel of the scheme's points.
  let kernel: Kernel
  /// w̃, by chunks of sixteen rows.
  let weights: [Lanes]

  /// What can be stored in each row, where the rest of its super-block is chosen; nil where rows are alike.
  var rowEncodings: [any GridEncoding]?
  /// The cheapest scale of each row so far; infinite until one is found, which the caller reports.
  var scales: [Lanes]
  /// The offsets that belong to them.
  var offsets: [Lanes]
  /// The values that they gave, laid out like the weights.
  var values: [Lanes]
  /// The costs Σ Dⱼ yⱼ².
  var costs: [Lanes]

  /// The number of chunks of sixteen rows.
  var chunks: Int { weights.count / size }

  /// A group without a grid.
  init(unitRows: Matrix, pivots: [Float], weights: [Lanes], _ kernel: Kernel) {
    metric = LanePlane(unitRows: unitRows, pivots: pivots)
    self.weights = weights
    self.kernel = kernel
    let chunks = weights.count / pivots.count
    scales = [Lanes](repeating: Lanes(repeating: .infinity), count: chunks)
    offsets = [Lanes](repeating: .zero, count: chunks)
    values = weights
    costs = [Lanes](repeating: Lanes(repeating: .infinity), count: chunks)
  }

  /// Runs the group's nearest plane with each of the candidates for the rows of a chunk, and keeps the cheapest entry
  /// for the rows where it costs less than what they have.
  ///
  /// Rows without a scale keep one that is finite, even if its cost is beyond all numbers. Their values follow by
  /// ``settle(_:chunk:_:)``.
  ///
  /// Afterwards there are no candidates.
  ///
  /// - Returns: for each row the number of the candidate that was kept; -1 for none.
  /// - Complexity: g²/2 multiply-adds for each row and candidate.
  mutating func attempt(chunk: Int, _ scratch: inout PlaneScratch) -> LaneIndices {
    defer { scratch.candidates.removeAll(keepingCapacity: true) }
    // Of a row without a scale every cost is of interest.
    let bound = costs[chunk].replacing(
      with: Lanes(repeating: .nan), where: scales[chunk] .== .infinity)
    judge(chunk, bound, &scratch)
    var kept = LaneIndices(repeating: -1)
    for (i, candidate) in scratch.candidates.enumerated() {
      let cost = scratch.costs[i]
      // A cost that is not a number means values that are none.
      let isFirst =
        (scales[chunk] .== .infinity) .& (candidate.scale .< .infinity) .& (cost .== cost)
      let better = (cost .< costs[chunk]) .| isFirst
      costs[chunk].replace(with: cost, where: better)
      scales[chunk].replace(with: candidate.scale, where: better)
      offsets[chunk].replace(with: candidate.offset, where: better)
      kept.replace(with: LaneIndices(repeating: Int32(i)), where: better)
    }
    return kept
  }

  /// Sets the values of some rows of a chunk to those that nearest plane gives with their entries.
  mutating func settle(_ rows: LaneMask, chunk: Int, _ scratch: inout PlaneScratch) {
    defer { scratch.candidates.removeAll(keepingCapacity: true) }
    scratch.candidates.append(.init(scale: scales[chunk], offset: offsets[chunk]))
    judge(chunk, Lanes(repeating: .nan), &scratch)
    for p in 0..<size {
      let i = chunk * size + p
      values[i].replace(with: weights[i] - scratch.errors[p], where: rows)
    }
  }

  /// Computes the costs of the candidates, all of those that are less than the bound and than the ones before.
  private func judge(_ chunk: Int, _ bound: Lanes, _ scratch: inout PlaneScratch) {
    let weights = weights.span.extracting(chunk * size..<(chunk + 1) * size)
    var kernel = kernel
    scratch.steps.removeAll(keepingCapacity: true)
    scratch.costs.removeAll(keepingCapacity: true)
    for candidate in scratch.candidates {
      (kernel.scale, kernel.offset) = (candidate.scale, candidate.offset)
      if let steps = kernel.steps {
        scratch.steps.append(steps)
        scratch.costs.append(.zero)
      } else {
        scratch.costs.append(cost(weights, kernel, &scratch.errors))
      }
    }
    guard !scratch.steps.isEmpty else { return }
    metric.costs(
      of: scratch.steps, for: weights, below: bound, errors: &scratch.errors, costs: &scratch.costs)
  }

  /// The cost of the points of a kernel, whatever they are, and the errors w̃ − ŵ.
  func cost(_ weights: Span<Lanes>, _ kernel: Kernel, _ errors: inout [Lanes]) -> Lanes {
    var cost = Lanes.zero
    for p in (0..<size).reversed() {
      let later = p + 1..<size
      let t =
        weights[p]
        + VectorMath.weightedSum(
          metric.unitRows.row(p).extracting(later), errors.span.extracting(later))
      let value = kernel.value(of: kernel.code(of: t))
      cost += metric.pivots[p] * (t - value) * (t - value)
      errors[p] = weights[p] - value
    }
    return cost
  }
}

/// Which rows of a chunk something holds for.
typealias LaneMask = SIMDMask<SIMD16<Int32>>
/// A number for each row of a chunk.
typealias LaneIndices = SIMD16<Int32>

/// The entries that are to be judged next, and memory for that.
struct PlaneScratch {
  /// An entry for each row of a chunk.
  struct Candidate {
    let scale: Lanes
    let offset: Lanes
  }

  var candidates: [Candidate] = []
  /// Their points, where those are evenly spaced.
  var steps: [EvenSteps] = []
  var costs: [Lanes] = []
  /// w̃ − ŵ of each column, for the first candidate and for those that are judged at once with it.
  var errors: [Lanes]

  init(size: Int) {
    errors = [Lanes](repeating: .zero, count: LanePlane.candidatesAtOnce * size)
    // As many as a search tries at once, where each scale may be turned around.
    let most = 2 * RangeSearch.solving.count
    candidates.reserveCapacity(most)
    steps.reserveCapacity(most)
    costs.reserveCapacity(most)
  }
}
