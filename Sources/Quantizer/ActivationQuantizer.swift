public import LinearAlgebra

/// How the inputs of a Linear are rounded while the model runs: always to 8 bits.
public struct ActivationScheme: Sendable, Hashable {
  /// How many inputs share one scale, and when it is chosen.
  public enum Granularity: Sendable, Hashable {
    /// One scale for each token, found as the model runs ("dynamic").
    case token
    /// One scale for all inputs, found by calibration ("static").
    case tensor
  }

  /// How many inputs share one scale.
  public let granularity: Granularity
  /// Whether the scale has no zero point.
  public let isSymmetric: Bool

  /// The bits of an activation.
  public static let bits = 8

  /// A scheme.
  public init(granularity: Granularity, symmetric: Bool) {
    self.granularity = granularity
    isSymmetric = symmetric
  }
}

/// The scale and zero point of 8-bit activations: `x̂ = s · (clamp(round(x / s) + z, −128, 127) − z)`.
public struct ActivationGrid: Sendable, Hashable {
  /// The scale s.
  public let scale: Float
  /// The zero point z, in −128…127; 0 for a symmetric grid.
  public let zeroPoint: Int

  /// A grid of given values.
  public init(scale: Float, zeroPoint: Int = 0) {
    self.scale = scale
    self.zeroPoint = zeroPoint
  }

  /// The grid that covers a range, as engines choose it for a token.
  ///
  ///     symmetric   s = max|x| / 127                z = 0
  ///     asymmetric  s = (high − low) / 255          z = round(−128 − low / s)
  ///
  /// The range always contains 0; a range of nothing but zeros has the scale 1.
  public init(covering range: ClosedRange<Float>, symmetric: Bool) {
    let (low, high) = (min(0, range.lowerBound), max(0, range.upperBound))
    let width = symmetric ? max(-low, high) / 127 : (high - low) / 255
    let scale = width.isNormal ? width : 1
    let zero = symmetric ? 0 : (-128 - low / scale).rounded(.toNearestOrEven)
    self.init(scale: scale, zeroPoint: Int(max(-128, min(127, zero))))
  }
}

/// What rounds the inputs of a Linear: its scheme, with the grid where calibration chose one.
public enum ActivationQuantizer: Sendable, Hashable {
  /// A grid for each token that covers its inputs.
  case token(symmetric: Bool)
  /// The same grid for all inputs.
  case tensor(ActivationGrid, symmetric: Bool)

  /// The scheme that it obeys.
  public var scheme: ActivationScheme {
    switch self {
    case .token(let symmetric): ActivationScheme(granularity: .token, symmetric: symmetric)
    case .tensor(_, let symmetric): ActivationScheme(granularity: .tensor, symmetric: symmetric)
    }
  }

  /// The inputs `[tokens, in]` as the engine sees them: rounded, and multiplied with their scale.
  ///
  /// - Parameters:
  ///   - x: the inputs.
  ///   - kept: channels that stay as they are, and have no part in a token's range.
  /// - Returns: values of the quantizer's grid, `[tokens, in]`.
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
    let grid: ActivationGrid
    switch self {
    case .tensor(let fixed, _): grid = fixed
    case .token(let symmetric):
      let extent = VectorMath.extent(row.span)
      // No grid covers an infinite value; the run reports it elsewhere.
      guard extent.upperBound - extent.lowerBound < .infinity else { return }
      grid = ActivationGrid(covering: extent, symmetric: symmetric)
    }
    let kernel = ActivationKernel(grid)
    var i = 0
    while i + 16 <= row.count {
      row.setLanes(at: i, kernel.rounded(row.lanes(at: i)))
      i += 16
    }
    while i < row.count {
      row[i] = kernel.rounded(Lanes(repeating: row[i]))[0]
      i += 1
    }
  }
}

/// Rounding on one grid, sixteen inputs at a time.
private struct ActivationKernel {
  private let scale: Lanes
  private let low: Lanes
  private let high: Lanes

  init(_ grid: ActivationGrid) {
    scale = Lanes(repeating: grid.scale)
    low = Lanes(repeating: Float(-128 - grid.zeroPoint))
    high = Lanes(repeating: Float(127 - grid.zeroPoint))
  }

  @inline(__always)
  func rounded(_ x: Lanes) -> Lanes { (x / scale).limited(low, high).roundedToInteger * scale }
}
