public import LinearAlgebra

/// How the scales and zero points of a grid are chosen from the weights.
public struct GridRule: Sendable, Equatable {
  /// How wide the range of a group is.
  public enum Range: String, Sendable, CaseIterable {
    /// From the smallest weight (or 0) to the largest (or 0).
    case minMax = "min-max"
    /// That range shrunk by the factor whose rounding error Σ (ŵ − w)² is least.
    case squaredError = "squared-error"
  }

  /// How wide the range is.
  public let range: Range
  /// The format that scales are stored in.
  public let scaleFormat: FloatFormat
  /// The smallest zero point that the checkpoint format can hold (1 for GPTQ's `z − 1`).
  public let smallestZeroPoint: Int

  /// A rule.
  public init(range: Range, scaleFormat: FloatFormat, smallestZeroPoint: Int = 0) {
    self.range = range
    self.scaleFormat = scaleFormat
    self.smallestZeroPoint = smallestZeroPoint
  }

  /// Chooses a grid for a matrix `[rows, columns]`.
  ///
  /// - Throws: ``GridError`` when the scheme does not fit the width, a weight is not finite, or a
  ///   scale would be infinite in its format.
  /// - Complexity: O(rows · columns) for each candidate of the range (1 or 81).
  public func grid(for weights: Matrix, scheme: Scheme) throws(GridError) -> Grid {
    let groupSize: Int
    do throws(SchemeError) {
      groupSize = try scheme.groupSize(columns: weights.columns)
    } catch {
      throw .scheme(error)
    }
    if let row = (0..<weights.rows).first(where: { !VectorMath.isFinite(weights.row($0)) }) {
      throw .notFinite(row: row)
    }
    let entries = fitted(weights, scheme, groupSize)
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
  private func fitted(_ weights: Matrix, _ scheme: Scheme, _ groupSize: Int) -> [GridEntry] {
    let groups = weights.columns / groupSize
    if scheme.granularity == .tensor {
      let entry = GridEntry(for: weights.elements.span, scheme, self)
      return [GridEntry](repeating: entry, count: weights.rows)
    }
    return Threads.map(weights.rows) { row in
      (0..<groups).map { group in
        let columns = group * groupSize..<(group + 1) * groupSize
        return GridEntry(for: weights.row(row).extracting(columns), scheme, self)
      }
    }.flatMap(\.self)
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
