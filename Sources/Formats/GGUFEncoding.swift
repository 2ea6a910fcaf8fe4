internal import Checkpoint
internal import LinearAlgebra
internal import Quantizer

// What blocks can hold of a grid. Types without super-blocks have an fp16 scale for each group, of any sign where
// the points are symmetric or a table, and an fp16 offset where there is one; MXFP4 has a power of two. In super-blocks scales and offsets
// are multiples of shared factors (`SharedFactor`), and offsets are not above 0.

/// The encoding of all types.
struct GGUFEncoding: GridEncoding {
  let scaleFormat = FloatFormat.float16

  /// That of types without super-blocks.
  private func separate(_ scheme: Scheme) -> any GridEncoding {
    scheme.points == .table(.e2m1)
      ? SmallFloatScales.powersOfTwo : SeparateEntries(scaleFormat: scaleFormat)
  }

  /// All that a type has beside its codes, for each group.
  func bitsPerGroup(_ scheme: Scheme) -> Double {
    guard let type = GGUFType(scheme) else { return separate(scheme).bitsPerGroup(scheme) }
    let groups = type.blockLength / scheme.storedGroupSize(columns: 0)
    return Double(8 * type.blockByteCount - scheme.bits * type.blockLength) / Double(groups)
  }

  /// Blocks of few bits have one level more on one side of 0, so it matters which.
  func storesNegativeScales(_ scheme: Scheme) -> Bool {
    guard scheme.points != .offset, let type = GGUFType(scheme) else { return false }
    return scheme.bits <= 5 || type == .iq4NL || type == .iq4XS
  }

  /// Powers of two are too coarse for it.
  func absorbsRowFactors(_ scheme: Scheme) -> Bool {
    scheme.superBlock != nil || separate(scheme).absorbsRowFactors(scheme)
  }

  func entry(covering range: ClosedRange<Float>, _ scheme: Scheme) -> GridEntry {
    guard scheme.superBlock == nil else { return scheme.freeEntry(covering: range) }
    if case .table(let table) = scheme.points, table != .e2m1, range.lowerBound == 0,
      range.upperBound == 0
    {
      // No level of the table is 0.
      return GridEntry(scale: scaleFormat.leastPositive, offset: 0)
    }
    return separate(scheme).entry(covering: range, scheme)
  }

  func entry(nearestTo ideal: GridEntry, _ scheme: Scheme) -> GridEntry {
    guard scheme.superBlock != nil else { return separate(scheme).entry(nearestTo: ideal, scheme) }
    // What all groups of a super-block become together is decided later.
    return GridEntry(
      scale: ideal.scale, offset: scheme.points == .offset ? min(0, ideal.offset) : ideal.offset)
  }

  func nearest(to ideal: Grid) -> Grid {
    guard let block = ideal.scheme.superBlock else {
      return separate(ideal.scheme).nearest(to: ideal)
    }
    let count = block / ideal.groupSize
    let rows = Threads.map(ideal.scales.rows) { row in
      let entries = (0..<ideal.groups).map {
        GridEntry(scale: ideal.scales[row, $0], offset: ideal.offsets[row, $0])
      }
      return stride(from: 0, to: ideal.groups, by: count).flatMap { start in
        SuperBlockEntries(nearestTo: Array(entries[start..<start + count]), ideal.scheme).entries
      }
    }
    func matrix(_ part: (GridEntry) -> Float) -> Matrix {
      Matrix(rows: rows.count, columns: ideal.groups, elements: rows.joined().map(part))
    }
    return Grid(
      scheme: ideal.scheme, groupSize: ideal.groupSize, scales: matrix(\.scale),
      offsets: matrix(\.offset))
  }

  func sharing(_ ideal: [GridEntry], _ scheme: Scheme) -> (any GridEncoding)? {
    guard scheme.superBlock != nil else { return nil }
    return SuperBlockEncoding(SuperBlockEntries(nearestTo: ideal, scheme))
  }
}

/// The entries of a super-block.
struct SuperBlockEntries {
  let scales: SharedFactor
  /// The offsets with their sign changed; nil where the points have none.
  let offsets: SharedFactor?
  /// The offset of the scheme where it is not stored.
  private let fixedOffset: Float

  /// The entries nearest to ideal ones; those themselves if they can be stored.
  init(nearestTo ideal: [GridEntry], _ scheme: Scheme) {
    let integers = SharedFactor.Integers.scales(scheme)
    let found = ideal.map(\.scale)
    scales =
      SharedFactor(exactly: found, integers.withZero) ?? SharedFactor(nearestTo: found, integers)
    fixedOffset = ideal.first?.offset ?? 0
    guard scheme.points == .offset else {
      offsets = nil
      return
    }
    let depths = ideal.map { max(0, -$0.offset) }
    let depthIntegers = SharedFactor.Integers.offsets(scheme)
    offsets =
      SharedFactor(exactly: depths, depthIntegers)
      ?? SharedFactor(nearestTo: depths, depthIntegers)
  }

  /// The entries, as readers compute them.
  var entries: [GridEntry] {
    let depths = offsets?.values
    return scales.values.enumerated().map { i, scale in
      GridEntry(scale: scale, offset: depths.map { -$0[i] } ?? fixedOffset)
    }
  }
}

/// The encoding of the groups of a super-block whose factors are chosen.
private struct SuperBlockEncoding: GridEncoding {
  let scaleFormat = FloatFormat.float16
  private let shared: SuperBlockEntries

  init(_ shared: SuperBlockEntries) { self.shared = shared }

  func bitsPerGroup(_ scheme: Scheme) -> Double { GGUFEncoding().bitsPerGroup(scheme) }

  func storesNegativeScales(_ scheme: Scheme) -> Bool {
    GGUFEncoding().storesNegativeScales(scheme)
  }

  func entry(covering range: ClosedRange<Float>, _ scheme: Scheme) -> GridEntry {
    let free = scheme.freeEntry(covering: range)
    guard scheme.points == .offset else { return entry(nearestTo: free, scheme) }
    // The scale makes up for what the offset is off.
    let offset = entry(nearestTo: free, scheme).offset
    return entry(
      nearestTo: GridEntry(
        scale: (range.upperBound - offset) / Float(scheme.largestCode), offset: offset), scheme)
  }

  func entry(nearestTo ideal: GridEntry, _ scheme: Scheme) -> GridEntry {
    let scale = Self.nearest(ideal.scale, to: shared.scales.factor, .scales(scheme))
    guard let offsets = shared.offsets else { return GridEntry(scale: scale, offset: ideal.offset) }
    let depth = Self.nearest(-ideal.offset, to: offsets.factor, .offsets(scheme))
    return GridEntry(scale: scale, offset: -depth)
  }

  func nearest(to ideal: Grid) -> Grid { GGUFEncoding().nearest(to: ideal) }

  private static func nearest(
    _ value: Float, to factor: Float, _ integers: SharedFactor.Integers
  ) -> Float {
    factor == 0 ? 0 : factor * Float(integers.nearest(value / factor))
  }
}

extension SharedFactor.Integers {
  /// The integers of the scales of a type in super-blocks, without 0, which would be no grid.
  static func scales(_ scheme: Scheme) -> Self {
    switch scheme.points {
    case .offset: Self(range: 1...(scheme.bits == 2 ? 15 : 63), hasZero: false)
    default: Self(range: scheme.bits == 6 ? -128...127 : -32...31, hasZero: false)
    }
  }

  /// The integers of the offsets.
  static func offsets(_ scheme: Scheme) -> Self {
    Self(range: 0...(scheme.bits == 2 ? 15 : 63), hasZero: true)
  }
}

extension Scheme {
  /// The entry that covers a range if any number can be stored, with an offset that is not above 0.
  fileprivate func freeEntry(covering range: ClosedRange<Float>) -> GridEntry {
    let (low, high) = (min(0, range.lowerBound), range.upperBound)
    let steps = Float(largestCode)
    let entry: GridEntry
    switch points {
    case .symmetric, .zeroPoint:
      entry = GridEntry(scale: 2 * max(-low, high) / steps, offset: Float(middleCode))
    case .offset: entry = GridEntry(scale: (high - low) / steps, offset: low)
    case .table(let table):
      entry = GridEntry(
        scale: max(low / table.values[0], high / table.values[largestCode]), offset: 0)
    }
    // A group of zeros has a grid all the same.
    return entry.scale > 0 ? entry : GridEntry(scale: .leastNormalMagnitude, offset: entry.offset)
  }
}
