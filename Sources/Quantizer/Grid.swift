public import LinearAlgebra

/// The scales and offsets chosen for one matrix, which say what value each code stands for.
///
///     ŵ = s · (q − z)      points .symmetric and .zeroPoint
///     ŵ = s · q + o        points .offset
///     ŵ = s · ℓ(q)         points .table
///
/// Each row and group has its own s and z or o; those of a block, or of a whole tensor, are repeated in all of its
/// rows. They are values that the checkpoint can store, so
/// solvers work, bit for bit, with what an engine will read.
public struct Grid: Sendable, Equatable {
  /// What may be stored.
  public let scheme: Scheme
  /// The number of columns that share a scale and offset; the last block may have fewer.
  public let groupSize: Int
  /// The group of each column (`g_idx`); nil where groups are consecutive columns of one size.
  ///
  /// A ``GridRule`` makes no other; files may have groups that are scattered, or a short last one.
  public let columnGroups: [Int]?
  /// The scales s, `[rows, groups]`.
  public let scales: Matrix
  /// The offsets, `[rows, groups]`: z or o; 0 for a table.
  public let offsets: Matrix
  /// What is stored in place of the scales where they are quantized once more; nil elsewhere.
  public let nestedScales: NestedScales?

  /// A grid of given scales and offsets.
  ///
  /// - Precondition: scales and offsets have the same shape, and column groups are columns of it.
  public init(
    scheme: Scheme, groupSize: Int, scales: Matrix, offsets: Matrix, columnGroups: [Int]? = nil
  ) {
    precondition(
      offsets.rows == scales.rows && offsets.columns == scales.columns,
      "\(offsets.rows) x \(offsets.columns) offsets for \(scales.rows) x \(scales.columns) scales")
    precondition(
      columnGroups?.allSatisfy { (0..<scales.columns).contains($0) } != false,
      "columns of groups that are not among \(scales.columns)")
    self.scheme = scheme
    self.groupSize = groupSize
    self.columnGroups = columnGroups
    self.scales = scales
    self.offsets = offsets
    nestedScales = nil
  }

  /// A grid with scales that are quantized once more.
  ///
  /// - Precondition: there are as many scales as offsets.
  public init(scheme: Scheme, groupSize: Int, nestedScales: NestedScales, offsets: Matrix) {
    self.scheme = scheme
    self.groupSize = groupSize
    columnGroups = nil
    scales = Matrix(
      rows: offsets.rows, columns: offsets.columns, elements: nestedScales.values)
    self.offsets = offsets
    self.nestedScales = nestedScales
  }

  /// A grid with integer zero points, row by row.
  ///
  /// - Precondition: one zero point for each scale.
  public init(
    scheme: Scheme, groupSize: Int, scales: Matrix, zeroPoints: [UInt8], columnGroups: [Int]? = nil
  ) {
    precondition(
      zeroPoints.count == scales.rows * scales.columns,
      "\(zeroPoints.count) zero points for \(scales.rows) x \(scales.columns) scales")
    self.init(
      scheme: scheme, groupSize: groupSize, scales: scales,
      offsets: Matrix(
        rows: scales.rows, columns: scales.columns, elements: zeroPoints.map(Float.init)),
      columnGroups: columnGroups)
  }

  /// The number of groups in a row.
  public var groups: Int { scales.columns }

  /// The group of a column.
  public func group(of column: Int) -> Int { columnGroups?[column] ?? column / groupSize }

  /// Whether the columns of some group are not next to each other.
  public var scattersGroups: Bool {
    columnGroups.map { groups in groups.indices.dropFirst().contains { groups[$0] < groups[$0 - 1] }
    }
      ?? false
  }

  /// Whether the grid is one of so many rows and columns.
  func fits(rows: Int, columns: Int) -> Bool {
    scales.rows == rows
      && (columnGroups.map { $0.count == columns } ?? holdsConsecutive(columns))
  }

  /// Whether groups of consecutive columns are those of a row of a given width.
  func holdsConsecutive(_ columns: Int) -> Bool {
    guard case .block = scheme.granularity else { return groups * groupSize == columns }
    return groups == (columns + groupSize - 1) / groupSize
  }

  /// The columns of a group.
  ///
  /// - Precondition: groups are consecutive columns of a row of this width.
  package func columns(ofGroup group: Int, width: Int) -> Range<Int> {
    group * groupSize..<min(width, (group + 1) * groupSize)
  }

  /// The zero points z, row by row.
  ///
  /// - Precondition: the scheme has integer zero points.
  public var zeroPoints: [UInt8] {
    precondition(scheme.points == .symmetric || scheme.points == .zeroPoint, "\(scheme.points)")
    return offsets.elements.map { UInt8($0) }
  }

  /// The weight that a code stands for in a row and column.
  public func value(of code: UInt8, row: Int, column: Int) -> Float {
    let group = group(of: column)
    let (scale, offset) = (scales[row, group], offsets[row, group])
    return switch scheme.points {
    case .symmetric, .zeroPoint: scale * (Float(code) - offset)
    case .offset: scale * Float(code) + offset
    case .table(let table): scale * table.values[Int(code)]
    }
  }

  /// The code whose value in a row and column is nearest to a weight; 0 for a NaN.
  ///
  /// For one weight at a time. A `RoundingKernel` gives the same codes, sixteen at once.
  public func nearestCode(to weight: Float, row: Int, column: Int) -> UInt8 {
    let group = group(of: column)
    let (scale, offset) = (scales[row, group], offsets[row, group])
    let steps: Float
    let zero: Float
    switch scheme.points {
    case .symmetric, .zeroPoint: (steps, zero) = (weight / scale, offset)
    case .offset: (steps, zero) = ((weight - offset) / scale, 0)
    case .table(let table): return UInt8(table.nearestCode(to: weight / scale))
    }
    // A comparison with a NaN is false, so a NaN gets the lowest code instead of a trap.
    let limited = steps > -zero ? min(steps, Float(scheme.largestCode) - zero) : -zero
    return UInt8(limited.rounded(.toNearestOrEven) + zero)
  }
}
