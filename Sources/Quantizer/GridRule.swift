public import LinearAlgebra

/// How the scales and offsets of a grid are chosen from the weights.
public struct GridRule: Sendable {
  /// How wide the range of a group is.
  public enum Range: String, Sendable, CaseIterable {
    /// From the smallest weight to the largest, and to 0 unless points have a floating-point offset.
    case minMax = "min-max"
    /// That range shrunk by the factor with the least rounding error Σ (ŵ − w)².
    case squaredError = "squared-error"
    /// From −m to m, where m is the mean of |w|: BitNet b1.58's rule for ternary points (Ma and others 2024, arXiv
    /// 2402.17764, equations 1 to 3).
    case absMean = "abs-mean"
    /// That range shrunk by the factor with the least output error, in a metric that the rounding
    /// determines: AWQ's clip search.
    case outputError = "output-error"
    /// The range with which nearest plane leaves the least error in the group, given the feedback from
    /// all groups before it; squared error for roundings without feedback.
    case solve

    /// Whether several ranges are tried.
    var isSearched: Bool { self != .minMax && self != .absMean }
  }

  /// How wide the range is.
  public let range: Range
  /// The candidates, where the range is searched.
  public let search: RangeSearch
  /// What can be stored of the grid.
  public let encoding: any GridEncoding

  /// A rule.
  public init(range: Range, search: RangeSearch = .fine, encoding: any GridEncoding) {
    self.range = range
    self.search = search
    self.encoding = encoding
  }

  /// A rule for formats in which each group has a scale and offset of its own.
  ///
  /// - Parameters:
  ///   - range: how wide the range is.
  ///   - search: the candidates, where the range is searched.
  ///   - scaleFormat: the format of the scales.
  ///   - smallestZeroPoint: the smallest zero point that can be stored.
  public init(
    range: Range, search: RangeSearch = .fine, scaleFormat: FloatFormat, smallestZeroPoint: Int = 0
  ) {
    self.init(
      range: range, search: search,
      encoding: SeparateEntries(scaleFormat: scaleFormat, smallestZeroPoint: smallestZeroPoint))
  }

  /// The format of the scales.
  public var scaleFormat: FloatFormat { encoding.scaleFormat }

  /// A cheaper rule of the same kind, for choices that need many grids: it does not use the Hessian
  /// and tries few candidates.
  public var coarse: GridRule {
    GridRule(
      range: range.isSearched ? .squaredError : range, search: .coarse, encoding: encoding)
  }

  /// Chooses a grid for a matrix `[rows, columns]`.
  ///
  /// - Parameters:
  ///   - weights: the weights to be rounded.
  ///   - scheme: what may be stored.
  ///   - metric: the cost of an error, which matters only for a range by output error.
  /// - Returns: scales and offsets that the encoding can store.
  /// - Throws: ``GridError`` when groups do not fill the rows, a weight is not finite, or a scale is
  ///   beyond the range of its format.
  /// - Complexity: O(rows · columns) for each candidate of the range, times the group size where
  ///   the metric has blocks.
  public func grid(
    for weights: Matrix, scheme: Scheme, metric: ErrorMetric = .plain
  ) throws(GridError) -> Grid {
    let groupSize = try checkedGroupSize(for: weights, scheme)
    let ranges = ranges(for: weights, scheme, groupSize, metric)
    return try grid(
      of: ranges.map { encoding.entry(covering: $0, scheme) }, for: weights, groupSize, scheme)
  }

  /// The grid of given entries, row by row, as it can be stored for a matrix.
  ///
  /// - Throws: ``GridError/scaleOverflow(row:group:format:)`` for a scale beyond the range of its format.
  package func grid(
    of entries: [GridEntry], for weights: Matrix, _ groupSize: Int, _ scheme: Scheme
  ) throws(GridError) -> Grid {
    let (rows, groups) = (weights.rows, (weights.columns + groupSize - 1) / groupSize)
    return try encoding.checked(
      Grid(
        scheme: scheme, groupSize: groupSize,
        scales: Matrix(rows: rows, columns: groups, elements: entries.map(\.scale)),
        offsets: Matrix(rows: rows, columns: groups, elements: entries.map(\.offset))))
  }

  /// The number of columns that share a scale, after a check of the weights.
  ///
  /// - Throws: ``GridError`` when groups do not fill the rows, or a weight is not finite.
  package func checkedGroupSize(
    for weights: Matrix, _ scheme: Scheme
  ) throws(GridError) -> Int {
    try weights.checkFinite()
    do throws(SchemeError) {
      return try scheme.groupSize(columns: weights.columns)
    } catch {
      throw .scheme(error)
    }
  }

  /// The range of each row and group, in row order.
  private func ranges(
    for weights: Matrix, _ scheme: Scheme, _ groupSize: Int, _ metric: ErrorMetric
  ) -> [ClosedRange<Float>] {
    let last = scheme.largestCode
    return switch scheme.points {
    case .symmetric, .zeroPoint:
      ranges(for: weights, scheme, groupSize, metric, ZeroPointKernel(largestCode: last))
    case .offset: ranges(for: weights, scheme, groupSize, metric, OffsetKernel(largestCode: last))
    case .table(let table): ranges(for: weights, scheme, groupSize, metric, TableKernel(table))
    }
  }

  private func ranges(
    for weights: Matrix, _ scheme: Scheme, _ groupSize: Int, _ metric: ErrorMetric,
    _ kernel: some RoundingKernel
  ) -> [ClosedRange<Float>] {
    let search = GroupRangeSearch(kernel, self, scheme)
    switch scheme.granularity {
    case .tensor:
      let range =
        range == .outputError
        ? rangeOfTensor(weights, scheme, groupSize, metric)
        : search.range(for: weights.elements.span, importance: nil)
      return [ClosedRange<Float>](repeating: range, count: weights.rows)
    case .block(let height, let width):
      return rangesOfBlocks(weights, height, width, metric, search)
    case .channel, .group: break
    }
    var importance: [Float]?
    if range == .outputError {
      switch metric {
      case .plain: break
      case .columns(let columns): importance = columns
      case .blocks(let block):
        return BlockRangeSearch(kernel, self, scheme, groupSize: groupSize, block)
          .ranges(for: weights)
      }
    }
    let groups = weights.columns / groupSize
    return Threads.map(weights.rows) { [importance] row in
      (0..<groups).map { group in
        let columns = group * groupSize..<(group + 1) * groupSize
        return search.range(
          for: weights.row(row).extracting(columns),
          importance: importance?.span.extracting(columns))
      }
    }.flatMap(\.self)
  }
}

extension Matrix {
  /// - Throws: ``GridError/notFinite(row:column:)`` for the first element that is infinite or NaN.
  package func checkFinite() throws(GridError) {
    guard let row = (0..<rows).first(where: { !VectorMath.isFinite(self.row($0)) }) else { return }
    throw .notFinite(row: row, column: (0..<columns).first { !self[row, $0].isFinite } ?? 0)
  }
}
