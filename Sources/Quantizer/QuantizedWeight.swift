public import LinearAlgebra

/// A quantized matrix: codes with their grid.
public struct QuantizedWeight: Sendable, Equatable {
  /// The number of rows (output channels).
  public let rows: Int
  /// The number of columns (input channels).
  public let columns: Int
  /// Where the codes stand on the real line.
  public let grid: Grid
  /// One code for each weight, row by row.
  public let codes: [UInt8]

  /// Codes with their grid.
  ///
  /// - Precondition: `codes` has `rows * columns` elements and `grid` fits that shape.
  public init(rows: Int, columns: Int, grid: Grid, codes: [UInt8]) {
    precondition(codes.count == rows * columns, "\(codes.count) codes for \(rows) x \(columns)")
    precondition(
      grid.scales.rows == rows && grid.groups * grid.groupSize == columns,
      "a grid of \(grid.scales.rows) rows and \(grid.groups) groups of \(grid.groupSize)")
    self.rows = rows
    self.columns = columns
    self.grid = grid
    self.codes = codes
  }

  /// Rounds every weight to the nearest point of its grid.
  public init(nearest weights: Matrix, on grid: Grid) {
    let columns = weights.columns
    let rows = Threads.map(weights.rows) { row in
      Self.nearestCodes(weights.row(row), grid, row: row)
    }
    self.init(
      rows: weights.rows, columns: columns, grid: grid, codes: rows.flatMap(\.self))
  }

  /// The weights that the codes stand for, as every reader computes them: `s · (q − z)`.
  public func dequantized() -> Matrix {
    var result = Matrix(rows: rows, columns: columns)
    result.parallelRowBlocks(of: 16) { range, block in
      for (i, row) in range.enumerated() {
        var output = block.mutableRow(i)
        for group in 0..<grid.groups {
          let scale = grid.scales[row, group]
          let zero = Float(grid.zeroPoint(row: row, group: group))
          for j in group * grid.groupSize..<(group + 1) * grid.groupSize {
            output[j] = scale * (Float(codes[row * columns + j]) - zero)
          }
        }
      }
    }
    return result
  }

  /// The matrix with each row divided by a factor: the same codes on other scales.
  ///
  /// Exact but for the rounding of the scales to their format.
  ///
  /// - Throws: ``GridError`` when a scale leaves the range of its format.
  public func dividingRows(
    by factors: [Float], scales format: FloatFormat
  ) throws(GridError) -> QuantizedWeight {
    precondition(factors.count == rows, "\(factors.count) factors for \(rows) rows")
    let scales = Matrix(rows: rows, columns: grid.groups) { row, group in
      format.rounded(grid.scales[row, group] / factors[row])
    }
    if let bad = scales.elements.firstIndex(where: { !($0 > 0 && $0.isFinite) }) {
      throw .scaleOverflow(row: bad / grid.groups, group: bad % grid.groups, format: format)
    }
    return QuantizedWeight(
      rows: rows, columns: columns,
      grid: Grid(
        scheme: grid.scheme, groupSize: grid.groupSize, scales: scales,
        zeroPoints: grid.zeroPoints),
      codes: codes)
  }

  /// The share of given weights that lie beyond the ends of the grid.
  ///
  /// That is by more than half a step and what rounding a scale to its format may lose, 2⁻⁸ of the
  /// width; so a grid that was made to cover all weights clips none.
  public func clippedShare(of weights: Matrix) -> Double {
    let last = Float(grid.scheme.largestCode)
    let slack = 0.5 + last / 256
    let counts = Threads.map(rows) { row in
      var count = 0
      for group in 0..<grid.groups {
        let (scale, zero) = (
          grid.scales[row, group], Float(grid.zeroPoint(row: row, group: group))
        )
        let (low, high) = (-scale * (zero + slack), scale * (last + slack - zero))
        let values = weights.row(row)
        for j in group * grid.groupSize..<(group + 1) * grid.groupSize
        where values[j] < low || values[j] > high { count += 1 }
      }
      return count
    }
    return codes.isEmpty ? 0 : Double(counts.reduce(0, +)) / Double(codes.count)
  }

  private static func nearestCodes(_ weights: Span<Float>, _ grid: Grid, row: Int) -> [UInt8] {
    var codes = [UInt8]()
    codes.reserveCapacity(weights.count)
    for group in 0..<grid.groups {
      let kernel = RoundingKernel(
        scale: grid.scales[row, group], zeroPoint: grid.zeroPoint(row: row, group: group),
        largest: grid.scheme.largestCode)
      var j = group * grid.groupSize
      let end = j + grid.groupSize
      while j + 16 <= end {
        let lanes = kernel.code(of: weights.lanes(at: j))
        for lane in 0..<16 { codes.append(UInt8(lanes[lane])) }
        j += 16
      }
      while j < end {
        codes.append(UInt8(kernel.code(of: Lanes(repeating: weights[j]))[0]))
        j += 1
      }
    }
    return codes
  }
}
