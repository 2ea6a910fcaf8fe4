public import LinearAlgebra

/// The scale and offset of one group.
public struct GridEntry: Sendable, Equatable {
  /// The scale s.
  public var scale: Float
  /// The offset: z of `s·(q − z)`, o of `s·q + o`, or 0 for a table.
  public var offset: Float

  /// An entry of given values.
  public init(scale: Float, offset: Float) {
    self.scale = scale
    self.offset = offset
  }
}

/// What a format can store of a grid.
///
/// Range searches compare the entries of one group at a time. Formats whose scales are quantized
/// themselves cannot store each of them as it is, so the entries that a search has chosen are then
/// replaced, the whole table at once, by the nearest that can be stored together.
public protocol GridEncoding: Sendable {
  /// The floating-point format of the scales; where scales are quantized, of what multiplies them.
  var scaleFormat: FloatFormat { get }

  /// The number of bits that the scale and offset of a group take, with a group's share of whatever
  /// several groups have in common.
  func bitsPerGroup(_ scheme: Scheme) -> Double

  /// The entry that a group would have if it stood alone.
  ///
  /// - Parameters:
  ///   - range: what the points from the first to the last code should cover. It contains 0, unless
  ///     the points have a floating-point offset.
  ///   - scheme: the scheme of the grid.
  /// - Returns: an entry whose scale is not zero, but may be infinite where the format's range ends.
  func entry(covering range: ClosedRange<Float>, _ scheme: Scheme) -> GridEntry

  /// The entry nearest to an ideal one that a group could have if it stood alone.
  func entry(nearestTo ideal: GridEntry, _ scheme: Scheme) -> GridEntry

  /// How far the points of an entry may reach beyond the range that it was asked to cover, at most, where that lies
  /// within a given magnitude; nil if it is not known.
  func overreach(within magnitude: Float, _ scheme: Scheme) -> Float?

  /// The grid nearest to an ideal one that can be stored.
  ///
  /// A grid that can be stored is returned as it is. A scale beyond the range of its format becomes
  /// infinite or zero; the caller reports it.
  func nearest(to ideal: Grid) -> Grid

  /// Whether every row of a grid can be divided by a factor of its own.
  func absorbsRowFactors(_ scheme: Scheme) -> Bool

  /// Whether scales below 0 can be stored, which turn a range around that is longer on one side.
  func storesNegativeScales(_ scheme: Scheme) -> Bool

  /// The encoding of the groups of a super-block once the factors that they share are chosen for ideal
  /// entries; nil where groups share nothing.
  func sharing(_ ideal: [GridEntry], _ scheme: Scheme) -> (any GridEncoding)?
}

extension GridEncoding {
  /// That of a grid with a single group.
  public func entry(nearestTo ideal: GridEntry, _ scheme: Scheme) -> GridEntry {
    func one(_ value: Float) -> Matrix { Matrix(rows: 1, columns: 1, elements: [value]) }
    let grid = nearest(
      to: Grid(scheme: scheme, groupSize: 1, scales: one(ideal.scale), offsets: one(ideal.offset)))
    return GridEntry(scale: grid.scales[0, 0], offset: grid.offsets[0, 0])
  }

  /// It is not known.
  public func overreach(within magnitude: Float, _ scheme: Scheme) -> Float? { nil }

  /// They cannot.
  public func storesNegativeScales(_ scheme: Scheme) -> Bool { false }

  /// Nothing.
  public func sharing(_ ideal: [GridEntry], _ scheme: Scheme) -> (any GridEncoding)? { nil }

  /// It can where no scale belongs to more than one row.
  public func absorbsRowFactors(_ scheme: Scheme) -> Bool { !scheme.sharesScalesAmongRows }
}

/// The encoding of formats in which each group has a scale and offset of its own.
public struct SeparateEntries: GridEncoding {
  /// The format of the scales, and of offsets in floating point.
  public let scaleFormat: FloatFormat
  /// The smallest zero point that can be stored: 1 for GPTQ, which stores `z − 1`.
  public let smallestZeroPoint: Int

  /// An encoding with scales of a given format.
  public init(scaleFormat: FloatFormat, smallestZeroPoint: Int = 0) {
    self.scaleFormat = scaleFormat
    self.smallestZeroPoint = smallestZeroPoint
  }

  /// A scale, and the zero point or offset where there is one; the rows of a block share them.
  public func bitsPerGroup(_ scheme: Scheme) -> Double {
    let float = Double(8 * scaleFormat.byteCount)
    let entry =
      switch scheme.points {
      case .symmetric, .table: float
      case .zeroPoint: float + Double(scheme.bits)
      case .offset: 2 * float
      }
    guard case .block(let rows, _) = scheme.granularity else { return entry }
    return entry / Double(rows)
  }

  /// The entry that covers a range from low to high, with scales and offsets rounded to their format.
  ///
  ///     .symmetric   s = 2·max(−low, high) / (2^b − 1)          z = 2^(b−1)
  ///     .zeroPoint   s = (high − low) / (2^b − 1)               z = round(−low / s)
  ///     .offset      s = (high − low) / (2^b − 1)               o = low
  ///     .table       s = max(low / first ℓ, high / last ℓ)
  public func entry(covering range: ClosedRange<Float>, _ scheme: Scheme) -> GridEntry {
    let (low, high) = (range.lowerBound, range.upperBound)
    let steps = Float(scheme.largestCode)
    switch scheme.points {
    case .symmetric:
      return GridEntry(
        scale: storable(2 * max(-low, high) / steps), offset: Float(scheme.middleCode))
    case .zeroPoint: return zeroPointEntry(low, high, steps)
    case .offset:
      return GridEntry(scale: storable((high - low) / steps), offset: scaleFormat.rounded(low))
    case .table(let table):
      let scale = max(low / table.values[0], high / table.values[scheme.largestCode])
      return GridEntry(scale: storable(scale), offset: 0)
    }
  }

  /// Half a step, since zero points are integers and symmetric codes are not, and what scales and offsets lose in 16 bits;
  /// not known for tables, whose ends may differ.
  public func overreach(within magnitude: Float, _ scheme: Scheme) -> Float? {
    if case .table = scheme.points { return nil }
    let steps = Float(scheme.largestCode)
    // A relative error of 2⁻⁹ at most, of a step, of all steps or of an offset, and an absolute one of tiny scales.
    return magnitude / steps + magnitude / 64 + steps * scaleFormat.leastPositive
  }

  /// Scale and floating-point offset, each rounded to the format.
  public func entry(nearestTo ideal: GridEntry, _ scheme: Scheme) -> GridEntry {
    GridEntry(
      scale: scaleFormat.rounded(ideal.scale),
      offset: scheme.points == .offset ? scaleFormat.rounded(ideal.offset) : ideal.offset)
  }

  private func zeroPointEntry(_ low: Float, _ high: Float, _ steps: Float) -> GridEntry {
    let floor = Float(smallestZeroPoint)
    let scale = storable((high - low) / steps)
    // The caller reports an infinite scale; no other may take its place.
    guard scale.isFinite else { return GridEntry(scale: scale, offset: floor) }
    let zero = (0 - low / scale).rounded(.toNearestOrEven)
    guard zero < floor else { return GridEntry(scale: scale, offset: min(zero, steps)) }
    // This group cannot use the codes below the zero point, so the others must span its range.
    return GridEntry(scale: storable(high / (steps - floor)), offset: floor)
  }

  /// Every scale, and every floating-point offset, rounded to the format.
  public func nearest(to ideal: Grid) -> Grid {
    func rounded(_ values: Matrix) -> Matrix {
      Matrix(
        rows: values.rows, columns: values.columns,
        elements: values.elements.map(scaleFormat.rounded))
    }
    return Grid(
      scheme: ideal.scheme, groupSize: ideal.groupSize, scales: rounded(ideal.scales),
      offsets: ideal.scheme.points == .offset ? rounded(ideal.offsets) : ideal.offsets)
  }

  /// The nearest scale that the format holds, never zero; 1 for a group of zeros.
  private func storable(_ scale: Float) -> Float {
    if scale == 0 { return 1 }
    let rounded = scaleFormat.rounded(scale)
    return rounded == 0 ? scaleFormat.rounded(scaleFormat.leastPositive) : rounded
  }
}
