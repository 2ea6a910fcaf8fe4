public import LinearAlgebra

/// A quantized matrix: codes with their grid.
public struct QuantizedWeight: Sendable, Equatable {
  /// The number of rows (output channels).
  public let rows: Int
  /// The number of columns (input channels).
  public let columns: Int
  /// What value each code stands for.
  public let grid: Grid
  /// One code for each weight, row by row.
  public let codes: [UInt8]

  /// Codes with their grid.
  ///
  /// - Precondition: `codes` has `rows * columns` elements and `grid` fits that shape.
  public init(rows: Int, columns: Int, grid: Grid, codes: [UInt8]) {
    precondition(codes.count == rows * columns, "\(codes.count) codes for \(rows) x \(columns)")
    precondition(
      grid.fits(rows: rows, columns: columns),
      "a grid of \(grid.scales.rows) rows and \(grid.groups) groups of \(grid.groupSize)")
    self.rows = rows
    self.columns = columns
    self.grid = grid
    self.codes = codes
  }

  /// Rounds every weight to the nearest point of its grid.
  public init(nearest weights: Matrix, on grid: Grid) {
    self.init(
      rows: weights.rows, columns: weights.columns, grid: grid,
      codes: grid.nearestCodes(of: weights))
  }

  /// The weights that the codes stand for, computed as every reader computes them.
  public func dequantized() -> Matrix { dequantized(rows: 0..<rows) }

  /// Those of some rows.
  ///
  /// - Precondition: there are such rows.
  package func dequantized(rows range: Range<Int>) -> Matrix {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(rows)")
    var result = Matrix(rows: range.count, columns: columns)
    result.parallelRowBlocks(of: 16) { part, block in
      for i in 0..<part.count {
        let row = range.lowerBound + part.lowerBound + i
        var output = block.mutableRow(i)
        guard grid.columnGroups == nil else {
          for j in 0..<columns {
            output[j] = grid.value(of: codes[row * columns + j], row: row, column: j)
          }
          continue
        }
        for group in 0..<grid.groups { dequantize(row: row, group: group, into: &output) }
      }
    }
    return result
  }

  private func dequantize(row: Int, group: Int, into output: inout MutableSpan<Float>) {
    let (scale, offset) = (grid.scales[row, group], grid.offsets[row, group])
    let columns = grid.columns(ofGroup: group, width: self.columns)
    let first = row * self.columns
    switch grid.scheme.points {
    case .symmetric, .zeroPoint:
      for j in columns { output[j] = scale * (Float(codes[first + j]) - offset) }
    case .offset:
      for j in columns { output[j] = scale * Float(codes[first + j]) + offset }
    case .table(let table):
      for j in columns { output[j] = scale * table.values[Int(codes[first + j])] }
    }
  }

  /// The matrix with each row divided by a factor: the same codes with other scales.
  ///
  /// Exact but for the rounding of scales and offsets to what can be stored.
  ///
  /// - Throws: ``GridError`` when a scale leaves the range of its format.
  /// - Precondition: the encoding absorbs row factors, and there is one for each row.
  package func dividingRows(
    by factors: [Float], encoding: any GridEncoding
  ) throws(GridError) -> QuantizedWeight {
    precondition(factors.count == rows, "\(factors.count) factors for \(rows) rows")
    precondition(encoding.absorbsRowFactors(grid.scheme), "\(grid.scheme) with row factors")
    func divided(_ values: Matrix) -> Matrix {
      Matrix(rows: rows, columns: grid.groups) { values[$0, $1] / factors[$0] }
    }
    let stored = try encoding.checked(
      Grid(
        scheme: grid.scheme, groupSize: grid.groupSize, scales: divided(grid.scales),
        // A zero point and a table do not depend on the scale.
        offsets: grid.scheme.points == .offset ? divided(grid.offsets) : grid.offsets,
        columnGroups: grid.columnGroups))
    return QuantizedWeight(rows: rows, columns: columns, grid: stored, codes: codes)
  }

  /// The same weights in the scheme as files have it.
  ///
  /// Codes of a narrow range begin at its own lowest point, so each becomes one more.
  var widened: QuantizedWeight {
    let scheme = grid.scheme.widened
    guard scheme != grid.scheme else { return self }
    let middle = Float(scheme.middleCode)
    return QuantizedWeight(
      rows: rows, columns: columns,
      grid: Grid(
        scheme: scheme, groupSize: grid.groupSize, scales: grid.scales,
        offsets: Matrix(rows: grid.offsets.rows, columns: grid.offsets.columns) { _, _ in middle },
        columnGroups: grid.columnGroups),
      codes: codes.map { $0 + 1 })
  }

  /// The share of given weights that lie beyond the ends of the grid.
  ///
  /// Weights count from half a step and 2⁻⁸ of the grid's width beyond an end, because rounding a
  /// scale to its format may move an end that far. So a grid that was made to cover all weights
  /// clips none.
  ///
  /// - Precondition: groups are consecutive columns.
  public func clippedShare(of weights: Matrix) -> Double {
    precondition(grid.columnGroups == nil, "the clipping of scattered groups")
    let counts = Threads.map(rows) { row in
      var count = 0
      for group in 0..<grid.groups {
        let (low, high) = grid.reach(row: row, group: group)
        let values = weights.row(row)
        for j in grid.columns(ofGroup: group, width: columns)
        where values[j] < low || values[j] > high { count += 1 }
      }
      return count
    }
    return codes.isEmpty ? 0 : Double(counts.reduce(0, +)) / Double(codes.count)
  }
}

extension Grid {
  /// The ends of a group beyond which a weight counts as clipped.
  fileprivate func reach(row: Int, group: Int) -> (low: Float, high: Float) {
    let (a, b) = ends(row: row, group: group)
    // A negative scale turns the points around.
    return (min(a, b), max(a, b))
  }

  private func ends(row: Int, group: Int) -> (Float, Float) {
    let (scale, offset) = (scales[row, group], offsets[row, group])
    let last = Float(scheme.largestCode)
    let slack = 0.5 + last / 256
    switch scheme.points {
    case .symmetric, .zeroPoint:
      return (-scale * (offset + slack), scale * (last + slack - offset))
    case .offset: return (offset - scale * slack, offset + scale * (last + slack))
    case .table(let table):
      let levels = table.values
      let (first, end) = (levels[0], levels[levels.count - 1])
      let drift = (end - first) / 256
      return (
        scale * (first - (levels[1] - first) / 2 - drift),
        scale * (end + (end - levels[levels.count - 2]) / 2 + drift)
      )
    }
  }
}
