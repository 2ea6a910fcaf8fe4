public import LinearAlgebra

/// How the inputs of a Linear are rounded while the model runs; always to 8 bits.
public struct ActivationScheme: Sendable, Hashable {
  /// Which inputs share one scale, and when it is chosen.
  public enum Granularity: Sendable, Hashable {
    /// Each token has its own scale, chosen while the model runs ("dynamic").
    case token
    /// All inputs share one scale, chosen by calibration ("static").
    case tensor
  }

  /// Which inputs share one scale.
  public let granularity: Granularity
  /// Whether the zero point is fixed at 0.
  public let isSymmetric: Bool

  /// The number of bits of a rounded input.
  public static let bits = 8

  /// A scheme of given choices.
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

  /// The grid that covers a range, chosen as engines choose it for a token.
  ///
  ///     symmetric   s = max|x| / 127                z = 0
  ///     asymmetric  s = (high − low) / 255          z = round(−128 − low / s)
  ///
  /// The range is extended to contain 0. If it contains nothing else, the scale is 1.
  public init(covering range: ClosedRange<Float>, symmetric: Bool) {
    let (low, high) = (min(0, range.lowerBound), max(0, range.upperBound))
    let width = symmetric ? max(-low, high) / 127 : (high - low) / 255
    let scale = width.isNormal ? width : 1
    let zero = symmetric ? 0 : (-128 - low / scale).rounded(.toNearestOrEven)
    self.init(scale: scale, zeroPoint: Int(max(-128, min(127, zero))))
  }
}

/// How the inputs of one Linear are rounded: a scheme, and the grid if calibration chose one.
public enum ActivationQuantizer: Sendable, Hashable {
  /// Each token is rounded on the grid that covers its own inputs.
  case token(symmetric: Bool)
  /// All inputs are rounded on one grid.
  case tensor(ActivationGrid, symmetric: Bool)

  /// The scheme of this quantizer.
  public var scheme: ActivationScheme {
    switch self {
    case .token(let symmetric): ActivationScheme(granularity: .token, symmetric: symmetric)
    case .tensor(_, let symmetric): ActivationScheme(granularity: .tensor, symmetric: symmetric)
    }
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
    let grid: ActivationGrid
    switch self {
    case .tensor(let fixed, _): grid = fixed
    case .token(let symmetric):
      let extent = VectorMath.extent(row.span)
      // No grid covers an infinite value. The run reports it elsewhere.
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

/// Rounding on one activation grid, sixteen inputs at a time.
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
