internal import LinearAlgebra

/// The range of each row and group whose output error `d H_gg dᵀ` is least.
///
/// AWQ's clip search (Lin and others 2023, arXiv 2306.00978), with the expectation over all
/// calibration tokens in place of a sample of them.
struct BlockRangeSearch {
  private let rule: GridRule
  private let scheme: Scheme
  private let groupSize: Int
  private let block: @Sendable (Range<Int>) -> Matrix

  init(
    _ rule: GridRule, _ scheme: Scheme, groupSize: Int,
    _ block: @escaping @Sendable (Range<Int>) -> Matrix
  ) {
    (self.rule, self.scheme, self.groupSize, self.block) = (rule, scheme, groupSize, block)
  }

  /// One entry for each row and group, in row order.
  ///
  /// - Complexity: 2·rows·columns·groupSize flops for each candidate, in `gemm`.
  func entries(for weights: Matrix) -> [GridEntry] {
    let groups = weights.columns / groupSize
    let byGroup = Threads.map(groups) { group in
      entries(for: weights, group * groupSize..<(group + 1) * groupSize)
    }
    return (0..<weights.rows).flatMap { row in byGroup.map { $0[row] } }
  }

  /// One entry for each row of a group.
  private func entries(for weights: Matrix, _ columns: Range<Int>) -> [GridEntry] {
    let hessian = block(columns)
    // Few enough rows to keep their errors in cache.
    let size = 64
    return (0..<(weights.rows + size - 1) / size).flatMap { chunk in
      let rows = chunk * size..<min(weights.rows, (chunk + 1) * size)
      return entries(for: weights, rows, columns, hessian)
    }
  }

  private func entries(
    for weights: Matrix, _ rows: Range<Int>, _ columns: Range<Int>, _ hessian: Matrix
  ) -> [GridEntry] {
    let covers = rows.map { GridEntry.cover(of: weights.row($0).extracting(columns)) }
    var best = covers.map { GridEntry(covering: $0, scheme, rule) }
    var least = [Float](repeating: .infinity, count: rows.count)
    for factor in rule.search.factors {
      let candidates = covers.map {
        GridEntry(covering: rule.search.range(factor, of: $0), scheme, rule)
      }
      let errors = errors(of: weights, rows, columns, candidates)
      let weighted = BLAS.product(errors.view, hessian.view)
      for i in rows.indices {
        let i = i - rows.lowerBound
        let loss = VectorMath.dot(errors.row(i), weighted.row(i))
        if loss < least[i] { (best[i], least[i]) = (candidates[i], loss) }
      }
    }
    return best
  }

  /// ŵ − w for some rows of a group, each on its own entry.
  private func errors(
    of weights: Matrix, _ rows: Range<Int>, _ columns: Range<Int>, _ entries: [GridEntry]
  ) -> Matrix {
    var errors = Matrix(rows: rows.count, columns: columns.count)
    for (i, row) in rows.enumerated() {
      let source = weights.row(row).extracting(columns)
      var target = errors.mutableRow(i)
      var j = 0
      while j + 16 <= source.count {
        target.setLanes(at: j, entries[i].error(of: source.lanes(at: j), scheme))
        j += 16
      }
      while j < source.count {
        target[j] = entries[i].error(of: Lanes(repeating: source[j]), scheme)[0]
        j += 1
      }
    }
    return errors
  }
}
