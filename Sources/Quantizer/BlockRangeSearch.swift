internal import LinearAlgebra

/// The range of each row and group whose output error `d H_gg dᵀ` is least.
///
/// AWQ's clip search (Lin and others 2023, arXiv 2306.00978), with the expectation over all
/// calibration tokens in place of a sample of them.
struct BlockRangeSearch<Kernel: RoundingKernel>: Sendable {
  private let kernel: Kernel
  private let rule: GridRule
  private let scheme: Scheme
  private let groupSize: Int
  private let block: @Sendable (Range<Int>) -> Matrix

  /// A search; the kernel is that of the scheme's points, with any scale, and `block` gives the part
  /// of the Hessian that belongs to consecutive columns.
  init(
    _ kernel: Kernel, _ rule: GridRule, _ scheme: Scheme, groupSize: Int,
    _ block: @escaping @Sendable (Range<Int>) -> Matrix
  ) {
    (self.kernel, self.rule, self.scheme) = (kernel, rule, scheme)
    (self.groupSize, self.block) = (groupSize, block)
  }

  /// One range for each row and group, in row order.
  ///
  /// - Complexity: 2·rows·columns·groupSize flops for each candidate, in `gemm`.
  func ranges(for weights: Matrix) -> [ClosedRange<Float>] {
    let groups = weights.columns / groupSize
    let byGroup = Threads.map(groups) { group in
      ranges(for: weights, group * groupSize..<(group + 1) * groupSize)
    }
    return (0..<weights.rows).flatMap { row in byGroup.map { $0[row] } }
  }

  /// One range for each row of a group.
  private func ranges(for weights: Matrix, _ columns: Range<Int>) -> [ClosedRange<Float>] {
    let hessian = block(columns)
    // Few enough rows to keep their errors in cache.
    let size = 64
    return (0..<(weights.rows + size - 1) / size).flatMap { chunk in
      let rows = chunk * size..<min(weights.rows, (chunk + 1) * size)
      return ranges(for: weights, rows, columns, hessian)
    }
  }

  private func ranges(
    for weights: Matrix, _ rows: Range<Int>, _ columns: Range<Int>, _ hessian: Matrix
  ) -> [ClosedRange<Float>] {
    let covers = rows.map { scheme.range(of: weights.row($0).extracting(columns)) }
    var best = covers
    var least = [Float](repeating: .infinity, count: rows.count)
    for factor in rule.search.factors {
      let candidates = covers.map { rule.search.range(factor, of: $0) }
      let errors = errors(of: weights, rows, columns, candidates)
      let weighted = BLAS.product(errors.view, hessian.view)
      for i in candidates.indices {
        let loss = VectorMath.dot(errors.row(i), weighted.row(i))
        if loss < least[i] { (best[i], least[i]) = (candidates[i], loss) }
      }
    }
    return best
  }

  /// The errors ŵ − w of some rows of a group, each with the entry of its own range.
  private func errors(
    of weights: Matrix, _ rows: Range<Int>, _ columns: Range<Int>, _ ranges: [ClosedRange<Float>]
  ) -> Matrix {
    var errors = Matrix(rows: rows.count, columns: columns.count)
    for (i, row) in rows.enumerated() {
      let kernel = kernel.at(rule.encoding.entry(covering: ranges[i], scheme))
      let source = weights.row(row).extracting(columns)
      var target = errors.mutableRow(i)
      var j = 0
      while j + 16 <= source.count {
        target.setLanes(at: j, kernel.error(of: source.lanes(at: j)))
        j += 16
      }
      while j < source.count {
        target[j] = kernel.error(of: Lanes(repeating: source[j]))[0]
        j += 1
      }
    }
    return errors
  }
}
