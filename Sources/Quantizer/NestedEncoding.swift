public import LinearAlgebra

/// The encoding of formats that quantize the scales of a whole matrix once more.
///
/// Groups are solved as if each could have any scale. Then all scales are quantized together, and the codes are
/// found again on the grid that there will be.
public struct NestedEncoding: GridEncoding {
  /// That of the factors.
  public let scaleFormat = FloatFormat.float32

  /// The encoding; it has no options.
  public init() {}

  private var separate: SeparateEntries { SeparateEntries(scaleFormat: scaleFormat) }

  /// A byte, and a group's share of the factor of a block.
  public func bitsPerGroup(_ scheme: Scheme) -> Double {
    8 + 32 / Double(NestedScales.blockLength)
  }

  /// The entry that covers a range, with any scale; a tiny one for a group of zeros, since any other than 0 will do,
  /// and a large one would coarsen those of all others.
  public func entry(covering range: ClosedRange<Float>, _ scheme: Scheme) -> GridEntry {
    guard range.lowerBound < 0 || range.upperBound > 0 else {
      return GridEntry(scale: .leastNormalMagnitude, offset: 0)
    }
    return separate.entry(covering: range, scheme)
  }

  /// The entry itself.
  public func entry(nearestTo ideal: GridEntry, _ scheme: Scheme) -> GridEntry { ideal }

  /// The grid with all scales quantized.
  public func nearest(to ideal: Grid) -> Grid {
    guard ideal.nestedScales == nil, ideal.scales.elements.allSatisfy({ $0 > 0 && $0.isFinite })
    else { return ideal }
    return Grid(
      scheme: ideal.scheme, groupSize: ideal.groupSize,
      nestedScales: NestedScales(nearestTo: ideal.scales.elements), offsets: ideal.offsets)
  }

  /// It cannot: a factor belongs to parts of several rows.
  public func absorbsRowFactors(_ scheme: Scheme) -> Bool { false }
}
