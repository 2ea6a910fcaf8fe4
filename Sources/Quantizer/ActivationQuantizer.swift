public import LinearAlgebra

/// The scale and zero point of 8-bit activations.
///
///     integers   x̂ = s · (clamp(round(x / s) + z, −128, 127) − z)
///     floats     x̂ = s · E4M3(clamp(x / s, −448, 448))
public struct ActivationGrid: Sendable, Hashable {
  /// The scale s.
  public let scale: Float
  /// The zero point z, in −128…127; 0 for a symmetric grid, and for floats.
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
  ///     floats      s = max|x| / 448                z = 0
  ///
  /// The range is extended to contain 0. If it contains nothing else, the scale is 1.
  public init(covering range: ClosedRange<Float>, _ scheme: ActivationScheme) {
    let (low, high) = (min(0, range.lowerBound), max(0, range.upperBound))
    let width =
      switch (scheme.number, scheme.isSymmetric) {
      case (.float, _): max(-low, high) / LevelTable.largestE4M3
      case (.integer, true): max(-low, high) / 127
      case (.integer, false): (high - low) / 255
      }
    let scale = width.isNormal ? width : 1
    let zero = scheme.isSymmetric ? 0 : (-128 - low / scale).rounded(.toNearestOrEven)
    self.init(scale: scale, zeroPoint: Int(max(-128, min(127, zero))))
  }
}

/// How the inputs of one Linear are rounded: a scheme, and the grid if calibration chose one.
public struct ActivationQuantizer: Sendable, Hashable {
  /// What inputs are rounded to, and which of them share a scale.
  public let scheme: ActivationScheme
  /// The grid of all inputs; nil where each token is rounded on the grid that covers its own.
  public let grid: ActivationGrid?

  /// A quantizer of a given scheme.
  ///
  /// - Precondition: there is a grid where the scheme has one for all inputs, and nowhere else.
  public init(_ scheme: ActivationScheme, grid: ActivationGrid? = nil) {
    precondition((grid == nil) == (scheme.granularity == .token), "\(scheme) on \(grid as Any)")
    self.scheme = scheme
    self.grid = grid
  }

  /// Each token is rounded to integers, on the grid that covers its own inputs.
  public static func token(symmetric: Bool) -> ActivationQuantizer {
    ActivationQuantizer(ActivationScheme(granularity: .token, symmetric: symmetric))
  }

  /// All inputs are rounded to integers, on one grid.
  public static func tensor(_ grid: ActivationGrid, symmetric: Bool) -> ActivationQuantizer {
    ActivationQuantizer(ActivationScheme(granularity: .tensor, symmetric: symmetric), grid: grid)
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
    let chosen: ActivationGrid
    if let grid {
      chosen = grid
    } else {
      let extent = VectorMath.extent(row.span)
      // No grid covers an infinite value. The run reports it elsewhere.
      guard extent.upperBound - extent.lowerBound < .infinity else { return }
      chosen = ActivationGrid(covering: extent, scheme)
    }
    switch scheme.number {
    case .integer: IntegerActivationKernel(chosen).round(&row)
    case .float: FloatActivationKernel(chosen).round(&row)
    }
  }
}

/// Rounding on one activation grid, sixteen inputs at a time.
private protocol ActivationKernel {
  func rounded(_ x: Lanes) -> Lanes
}

extension ActivationKernel {
  @inline(__always)
  func round(_ row: inout MutableSpan<Float>) {
    var i = 0
    while i + 16 <= row.count {
      row.setLanes(at: i, rounded(row.lanes(at: i)))
      i += 16
    }
    while i < row.count {
      row[i] = rounded(Lanes(repeating: row[i]))[0]
      i += 1
    }
  }
}

private struct IntegerActivationKernel: ActivationKernel {
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

private struct FloatActivationKernel: ActivationKernel {
  private let scale: Lanes
  private let end = Lanes(repeating: LevelTable.largestE4M3)

  init(_ grid: ActivationGrid) { scale = Lanes(repeating: grid.scale) }

  @inline(__always)
  func rounded(_ x: Lanes) -> Lanes { (x / scale).limited(-end, end).roundedToE4M3 * scale }
}
