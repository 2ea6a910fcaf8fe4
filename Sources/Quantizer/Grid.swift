public import LinearAlgebra

/// The scales and zero points chosen for one matrix: where its codes stand on the real line.
///
///     ŵ = s · (q − z)           q in 0 … 2^bits − 1,  one (s, z) for each row and group
///
/// Scales are already rounded to the format that the checkpoint stores, so that what a solver
/// works with is, bit for bit, what an engine will read.
public struct Grid: Sendable, Equatable {
  /// The scheme that the grid obeys.
  public let scheme: Scheme
  /// The number of consecutive columns that share an entry.
  public let groupSize: Int
  /// The scales s, `[rows, groups]`; that of a whole tensor is repeated in every row.
  public let scales: Matrix
  /// The zero points z, `[rows, groups]` row by row.
  public let zeroPoints: [UInt8]

  /// A grid of given entries.
  ///
  /// - Precondition: one zero point for each scale.
  public init(scheme: Scheme, groupSize: Int, scales: Matrix, zeroPoints: [UInt8]) {
    precondition(
      zeroPoints.count == scales.rows * scales.columns,
      "\(zeroPoints.count) zero points for \(scales.rows) x \(scales.columns) scales")
    self.scheme = scheme
    self.groupSize = groupSize
    self.scales = scales
    self.zeroPoints = zeroPoints
  }

  /// The number of groups in a row.
  public var groups: Int { scales.columns }

  /// The zero point of a row and group.
  public func zeroPoint(row: Int, group: Int) -> UInt8 { zeroPoints[row * groups + group] }

  /// The weight that a code stands for in a row and column: `s · (q − z)`.
  public func value(of code: UInt8, row: Int, column: Int) -> Float {
    let group = column / groupSize
    return scales[row, group] * (Float(code) - Float(zeroPoint(row: row, group: group)))
  }

  /// The code whose value in a row and column is nearest to a weight.
  ///
  /// One weight at a time; loops over many use a ``RoundingKernel``, which gives the same codes.
  public func nearestCode(to weight: Float, row: Int, column: Int) -> UInt8 {
    let group = column / groupSize
    let zero = Float(zeroPoint(row: row, group: group))
    let steps = weight / scales[row, group]
    // A NaN is no greater than anything, so it gets the lowest code instead of a trap.
    let limited = steps > -zero ? min(steps, Float(scheme.largestCode) - zero) : -zero
    return UInt8(limited.rounded(.toNearestOrEven) + zero)
  }

  /// The grid of some of the rows.
  public func copy(rows: Range<Int>) -> Grid {
    Grid(
      scheme: scheme, groupSize: groupSize, scales: scales.copy(rows: rows),
      zeroPoints: Array(zeroPoints[rows.lowerBound * groups..<rows.upperBound * groups]))
  }
}
