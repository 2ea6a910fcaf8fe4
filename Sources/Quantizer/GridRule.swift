public import LinearAlgebra

/// How the scales and zero points of a grid are chosen from the weights.
public struct GridRule: Sendable {
  /// How wide the range of a group is.
  public enum Range: String, Sendable, CaseIterable {
    /// From the smallest weight (or 0) to the largest (or 0).
    case minMax = "min-max"
    /// That range shrunk by the factor whose rounding error Σ (ŵ − w)² is least.
    case squaredError = "squared-error"
    /// That range shrunk by the factor whose output error is least, in the metric that the rounding
    /// names: AWQ's clip search.
    case outputError = "output-error"
  }

  /// How wide the range is.
  public let range: Range
  /// The candidates, where the range is searched.
  public let search: RangeSearch
  /// The format that scales are stored in.
  public let scaleFormat: FloatFormat
  /// The smallest zero point that the checkpoint format can hold (1 for GPTQ's `z − 1`).
  public let smallestZeroPoint: Int

  /// A rule.
  public init(
    range: Range, search: RangeSearch = .fine, scaleFormat: FloatFormat, smallestZeroPoint: Int = 0
  ) {
    self.range = range
    self.search = search
    self.scaleFormat = scaleFormat
    self.smallestZeroPoint = smallestZeroPoint
  }

  /// A cheaper rule of the same kind, for choices that need many grids: nothing of the Hessian, and
  /// few candidates.
  public var coarse: GridRule {
    GridRule(
      range: range == .minMax ? .minMax : .squaredError, search: .coarse, scaleFormat: scaleFormat,
      smallestZeroPoint: smallestZeroPoint)
  }

  /// Chooses a grid for a matrix `[rows, columns]`.
  ///
  /// - Parameters:
  ///   - weights: what the grid is for.
  ///   - scheme: what may be stored.
  ///   - metric: what an error costs; only a range by output error asks for it.
  /// - Returns: a grid for each row and group, whose scales are rounded to their format.
  /// - Throws: ``GridError`` when the scheme does not fit the width, a weight is not finite, or a
  ///   scale would be infinite in its format.
  /// - Complexity: O(rows · columns) for each candidate of the range, times the group size where
  ///   the metric has blocks.
  public func grid(
    for weights: Matrix, scheme: Scheme, metric: ErrorMetric = .plain
  ) throws(GridError) -> Grid {
    let groupSize: Int
    do throws(SchemeError) {
      groupSize = try scheme.groupSize(columns: weights.columns)
    } catch {
      throw .scheme(error)
    }
    if let row = (0..<weights.rows).first(where: { !VectorMath.isFinite(weights.row($0)) }) {
      throw .notFinite(row: row)
    }
    let entries = fitted(weights, scheme, groupSize, metric)
    let scales = Matrix(
      rows: weights.rows, columns: weights.columns / groupSize, elements: entries.map(\.scale))
    if let bad = scales.elements.firstIndex(where: { !$0.isFinite }) {
      throw .scaleOverflow(
        row: bad / scales.columns, group: bad % scales.columns, format: scaleFormat)
    }
    return Grid(
      scheme: scheme, groupSize: groupSize, scales: scales, zeroPoints: entries.map(\.zeroPoint))
  }

  /// One entry for each row and group, in row order.
  private func fitted(
    _ weights: Matrix, _ scheme: Scheme, _ groupSize: Int, _ metric: ErrorMetric
  ) -> [GridEntry] {
    if scheme.granularity == .tensor {
      return [GridEntry](
        repeating: tensorEntry(for: weights, scheme, groupSize, metric), count: weights.rows)
    }
    var importance: [Float]?
    if range == .outputError {
      switch metric {
      case .plain: break
      case .columns(let columns): importance = columns
      case .blocks(let block):
        return BlockRangeSearch(self, scheme, groupSize: groupSize, block).entries(for: weights)
      }
    }
    let groups = weights.columns / groupSize
    return Threads.map(weights.rows) { [importance] row in
      (0..<groups).map { group in
        let columns = group * groupSize..<(group + 1) * groupSize
        return GridEntry(
          for: weights.row(row).extracting(columns),
          importance: importance?.span.extracting(columns), scheme, self)
      }
    }.flatMap(\.self)
  }
}

extension GridRule {
  /// The one entry of a whole matrix.
  private func tensorEntry(
    for weights: Matrix, _ scheme: Scheme, _ groupSize: Int, _ metric: ErrorMetric
  ) -> GridEntry {
    guard range == .outputError else {
      return GridEntry(for: weights.elements.span, importance: nil, scheme, self)
    }
    let cover = GridEntry.cover(of: weights.elements.span)
    var best = GridEntry(covering: cover, scheme, self)
    var least = Double.infinity
    for factor in search.factors where best.scale.isFinite {
      let entry = GridEntry(covering: search.range(factor, of: cover), scheme, self)
      let grid = Grid(
        scheme: scheme, groupSize: groupSize,
        scales: Matrix(rows: weights.rows, columns: 1) { _, _ in entry.scale },
        zeroPoints: [UInt8](repeating: entry.zeroPoint, count: weights.rows))
      let loss = metric.loss(of: grid.roundingErrors(of: weights))
      if loss < least { (best, least) = (entry, loss) }
    }
    return best
  }
}

/// Why no grid could be chosen.
public enum GridError: Error, Equatable, CustomStringConvertible {
  /// The scheme does not fit the matrix.
  case scheme(SchemeError)
  /// A weight of this row is infinite or NaN.
  case notFinite(row: Int)
  /// The scale of this group is beyond the largest finite value of its format.
  case scaleOverflow(row: Int, group: Int, format: FloatFormat)

  /// What was found, and what to try.
  public var description: String {
    switch self {
    case .scheme(let error): error.description
    case .notFinite(let row): "row \(row) of the weights holds an infinite value or a NaN"
    case .scaleOverflow(let row, let group, let format):
      "the scale of row \(row), group \(group) is too large for \(format.rawValue)"
    }
  }
}
