internal import Glibc
public import LinearAlgebra

/// The encodings of formats whose scales are floats of 8 bits, which are too coarse to take up a factor of a row.
public enum SmallFloatScales: GridEncoding {
  /// Powers of two (E8M0), as in MXFP4: 2^-126 to 2^127.
  case powersOfTwo
  /// E4M3 floats divided by a number that the whole model shares, as in NVFP4: up to 448 / `divisor`.
  case e4m3(divisor: Float)

  /// That of the numbers that they stand for.
  public var scaleFormat: FloatFormat { .float32 }

  /// A byte.
  public func bitsPerGroup(_ scheme: Scheme) -> Double { 8 }

  /// The entry whose points reach as far as the range, or nearly.
  ///
  /// A power of two is the least that leaves no weight beyond 7/6 of the last level: clipping a little costs less
  /// than twice the steps (OCP Microscaling Formats, version 1.0, leave the choice open).
  public func entry(covering range: ClosedRange<Float>, _ scheme: Scheme) -> GridEntry {
    guard case .table(let table) = scheme.points else {
      return SeparateEntries(scaleFormat: .float32).entry(covering: range, scheme)
    }
    let scale = max(
      range.lowerBound / table.values[0], range.upperBound / table.values[scheme.largestCode])
    return GridEntry(scale: storable(scale), offset: 0)
  }

  /// The nearest scale.
  public func entry(nearestTo ideal: GridEntry, _ scheme: Scheme) -> GridEntry {
    switch self {
    // By ratio: √2 is between 1 and 2.
    case .powersOfTwo:
      GridEntry(scale: Self.power(log2f(ideal.scale).rounded()), offset: ideal.offset)
    case .e4m3: GridEntry(scale: storable(ideal.scale), offset: ideal.offset)
    }
  }

  /// Every scale replaced by the nearest.
  public func nearest(to ideal: Grid) -> Grid {
    Grid(
      scheme: ideal.scheme, groupSize: ideal.groupSize,
      scales: Matrix(
        rows: ideal.scales.rows, columns: ideal.groups,
        elements: ideal.scales.elements.map {
          entry(nearestTo: GridEntry(scale: $0, offset: 0), ideal.scheme).scale
        }),
      offsets: ideal.offsets)
  }

  /// They are too coarse for it.
  public func absorbsRowFactors(_ scheme: Scheme) -> Bool { false }

  /// A scale that can be stored; the smallest for a group of zeros, infinity beyond the largest.
  private func storable(_ scale: Float) -> Float {
    switch self {
    case .powersOfTwo:
      guard scale > 0 else { return Self.power(Self.exponents.lowerBound) }
      return Self.power(log2f(scale * 6 / 7).rounded(.up))
    case .e4m3(let divisor):
      let table = LevelTable.e4m3
      // Half a step beyond the last level.
      guard scale * divisor < 464 else { return .infinity }
      let level = table.values[table.nearestCode(to: scale * divisor)]
      return max(level, Self.leastE4M3) / divisor
    }
  }

  private static let exponents: ClosedRange<Float> = -126...127
  private static let leastE4M3: Float = 0x1p-9

  /// 2 to the power of an integer; infinity above the largest.
  private static func power(_ exponent: Float) -> Float {
    guard exponent <= exponents.upperBound else { return .infinity }
    return exp2f(max(exponents.lowerBound, exponent))
  }
}
