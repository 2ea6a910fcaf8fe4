// Ranges that several rows share: no row can choose its own, so they are chosen before anything is rounded.

internal import LinearAlgebra

extension GridRule {
  /// The range of each block, repeated in all of its rows, in row order.
  ///
  /// By output error, each column counts by its pivot or mean square; products of different columns do not count.
  ///
  /// - Complexity: O(rows · columns) for each candidate of the range.
  func rangesOfBlocks(
    _ weights: Matrix, _ height: Int, _ width: Int, _ metric: ErrorMetric,
    _ search: GroupRangeSearch<some RoundingKernel>
  ) -> [ClosedRange<Float>] {
    let groups = (weights.columns + width - 1) / width
    let importance = (0..<groups).map { group in
      self.importance(of: group * width..<min(weights.columns, (group + 1) * width), metric)
    }
    return Threads.map((weights.rows + height - 1) / height) { part in
      let rows = part * height..<min(weights.rows, (part + 1) * height)
      let ranges = (0..<groups).map { group in
        let columns = group * width..<min(weights.columns, (group + 1) * width)
        var elements: [Float] = []
        var repeated: [Float]? = importance[group] == nil ? nil : []
        elements.reserveCapacity(rows.count * columns.count)
        for row in rows {
          let source = weights.row(row)
          for column in columns { elements.append(source[column]) }
          if let columns = importance[group] { repeated?.append(contentsOf: columns) }
        }
        return search.range(for: elements.span, importance: repeated?.span)
      }
      return rows.flatMap { _ in ranges }
    }.flatMap(\.self)
  }

  /// What an error in each of some columns costs by itself; nil where all cost the same.
  private func importance(of columns: Swift.Range<Int>, _ metric: ErrorMetric) -> [Float]? {
    guard range == .outputError else { return nil }
    switch metric {
    case .plain: return nil
    case .columns(let importance): return Array(importance[columns])
    case .blocks(let block):
      let hessian = block(columns)
      return (0..<columns.count).map { hessian[$0, $0] }
    }
  }

  /// The range of a whole matrix with the least output error.
  func rangeOfTensor(
    _ weights: Matrix, _ scheme: Scheme, _ groupSize: Int, _ metric: ErrorMetric
  ) -> ClosedRange<Float> {
    let cover = scheme.range(of: weights.elements.span)
    var best = cover
    guard encoding.entry(covering: cover, scheme).scale.isFinite else { return best }
    var least = Double.infinity
    for factor in search.factors {
      let range = search.range(factor, of: cover)
      let entry = encoding.entry(covering: range, scheme)
      let grid = Grid(
        scheme: scheme, groupSize: groupSize,
        scales: Matrix(rows: weights.rows, columns: 1) { _, _ in entry.scale },
        offsets: Matrix(rows: weights.rows, columns: 1) { _, _ in entry.offset })
      let loss = metric.loss(of: grid.roundingErrors(of: weights))
      if loss < least { (best, least) = (range, loss) }
    }
    return best
  }
}
