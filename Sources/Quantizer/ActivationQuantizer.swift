public import LinearAlgebra

/// How the inputs of one Linear are rounded: a scheme, and the grid if calibration chose one.
public struct ActivationQuantizer: Sendable, Hashable {
  /// What inputs are rounded to, and which of them share a scale.
  public let scheme: ActivationScheme
  /// The grid of all inputs; nil where each token, or each group of a token, is rounded on the grid that covers it.
  public let grid: ActivationGrid?
  /// What the scales of NVFP4's groups are divided by; nil for all else.
  public let divisor: Float?

  /// A quantizer of a given scheme.
  ///
  /// - Precondition: there is a grid where the scheme has one for all inputs, a divisor where it is that of NVFP4, and
  ///   neither elsewhere.
  public init(_ scheme: ActivationScheme, grid: ActivationGrid? = nil, divisor: Float? = nil) {
    precondition((grid == nil) == (scheme.granularity != .tensor), "\(scheme) on \(grid as Any)")
    precondition((divisor == nil) == (scheme.number != .nvfp4), "\(scheme), \(divisor as Any)")
    self.scheme = scheme
    self.grid = grid
    self.divisor = divisor
  }

  /// Each token is rounded to integers, on the grid that covers its own inputs.
  public static func token(symmetric: Bool) -> ActivationQuantizer {
    ActivationQuantizer(ActivationScheme(granularity: .token, symmetric: symmetric))
  }

  /// All inputs are rounded to integers, on one grid.
  public static func tensor(_ grid: ActivationGrid, symmetric: Bool) -> ActivationQuantizer {
    ActivationQuantizer(ActivationScheme(granularity: .tensor, symmetric: symmetric), grid: grid)
  }

  /// The inputs of NVFP4, with the divisor for inputs in a range.
  ///
  ///     d = 448 · 6 / max|x|
  ///
  /// So the group with the largest input has the largest scale. The divisor is 1 where that is no number.
  public static func nvfp4(covering range: ClosedRange<Float>) -> ActivationQuantizer {
    let largest = max(abs(range.lowerBound), abs(range.upperBound), .leastNormalMagnitude)
    let divisor = LevelTable.largestE4M3 * LevelTable.largestE2M1 / largest
    return ActivationQuantizer(.nvfp4, divisor: divisor.isFinite ? divisor : 1)
  }

  /// The values of the inputs after rounding, as an engine computes with them.
  ///
  /// - Parameters:
  ///   - x: the inputs, `[tokens, in]`.
  ///   - kept: channels that are not rounded and do not count towards a token's range.
  /// - Returns: the rounded inputs, `[tokens, in]`.
  public func rounded(_ x: Matrix, keeping kept: [Int] = []) -> Matrix {
    var result = x
    result.parallelRowBlocks(of: 64) { range, block in
      for i in range {
        var row = block.mutableRow(i - range.lowerBound)
        for channel in kept { row[channel] = 0 }
        round(&row)
        for channel in kept { row[channel] = x[i, channel] }
      }
    }
    return result
  }

  private func round(_ row: inout MutableSpan<Float>) {
    guard case .group(let size) = scheme.granularity else { return round(&row, 0..<row.count) }
    for start in stride(from: 0, to: row.count, by: size) {
      round(&row, start..<min(row.count, start + size))
    }
  }

  /// Rounds inputs that share a scale.
  private func round(_ row: inout MutableSpan<Float>, _ columns: Range<Int>) {
    if let grid { return round(&row, columns, grid) }
    let extent = VectorMath.extent(row.span.extracting(columns))
    // No grid covers an infinite value. The run reports it elsewhere.
    guard extent.upperBound - extent.lowerBound < .infinity else { return }
    switch scheme.number {
    case .integer, .float: round(&row, columns, ActivationGrid(covering: extent, scheme))
    case .nvfp4:
      let scale = GroupScale.nvfp4(covering: extent, divisor: divisor ?? 1)
      SmallFloatActivationKernel(scale).round(&row, columns)
    case .mxfp4:
      SmallFloatActivationKernel(GroupScale.mxfp4(covering: extent)).round(&row, columns)
    }
  }

  private func round(
    _ row: inout MutableSpan<Float>, _ columns: Range<Int>, _ grid: ActivationGrid
  ) {
    switch scheme.number {
    case .integer: IntegerActivationKernel(grid).round(&row, columns)
    case .float, .nvfp4, .mxfp4: FloatActivationKernel(grid).round(&row, columns)
    }
  }
}
