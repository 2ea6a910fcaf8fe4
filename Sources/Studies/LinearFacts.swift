internal import Checkpoint
internal import Formats
internal import LinearAlgebra
internal import Pipeline
internal import Quantizer
internal import Transformer

/// What decides whether a format can hold a quantized Linear as it is.
struct LinearFacts: Sendable {
  let shape: LinearShape
  /// The format in which its scales are stored.
  let scaleFormat: FloatFormat
  /// What will be stored.
  private(set) var scheme: LinearScheme
  private let smallestZeroPoint: Int
  /// For each kind of points, a group that has no such values.
  private let unknownEntries: [Scheme.Points: GridEntry]
  /// For each format, a scale that it cannot hold.
  private let lostScales: [FloatFormat: Float]
  /// For each format, an offset of the same values that it cannot hold.
  private let lostOffsets: [FloatFormat: Float]

  init(_ shape: LinearShape, _ linear: QuantizedLinear, in model: LanguageModel) throws {
    let grid = linear.weight.grid
    self.shape = shape
    scheme = linear.scheme
    var unknown: [Scheme.Points: GridEntry] = [:]
    var stated: [Scheme.Points: Grid] = [:]
    for points in [Scheme.Points.symmetric, .zeroPoint, .offset] {
      let other = try grid.scheme.storing(points: points)
      stated[points] = grid.stated(as: other)
      unknown[points] = grid.entry(unknownTo: other)
    }
    unknownEntries = unknown
    smallestZeroPoint = stated[.zeroPoint]?.zeroPoints.min().map(Int.init) ?? 0
    let scales = model.format.flatMap { model.folder.tensor($0.scaleTensor(of: shape.name)) }
    lostScales = Self.lost(grid.scales)
    lostOffsets = stated[.offset].map { Self.lost($0.offsets) } ?? [:]
    // Blocks have scales inside, which may be products.
    let isHalf = lostScales[.float16] == nil && lostOffsets[.float16] == nil
    scaleFormat =
      scales?.shape.type.floatFormat
      ?? (model.format?.isFile == true && isHalf ? .float16 : .float32)
  }

  /// For each format, the first of some values that it cannot hold.
  private static func lost(_ values: Matrix) -> [FloatFormat: Float] {
    var lost: [FloatFormat: Float] = [:]
    for format in FloatFormat.allCases {
      lost[format] = values.elements.first { format.rounded($0) != $0 }
    }
    return lost
  }

  /// The Linears of each block with schemes that one folder can hold: if one has zero points, or scattered
  /// groups, all get them.
  ///
  /// - Throws: ``ConversionError`` when schemes differ in more than the format can hold, or
  ///   contradict the zero points.
  static func storable(
    _ blocks: [[LinearFacts]], in folder: ModelFolder, as format: any CheckpointFormat
  ) throws -> [[LinearFacts]] {
    var first: LinearFacts?
    var isSymmetric = true
    let scattersGroups = blocks.joined().contains(where: \.scheme.scattersGroups)
    for linear in blocks.joined() {
      let weights = linear.scheme.weights
      if case .table(let table) = weights.points, weights != format.standardScheme {
        throw ConversionError.levels(linear: linear.shape.name, table)
      }
      if weights.isSymmetric && linear.unknownEntries[.symmetric] != nil {
        throw ConversionError.notSymmetric(linear: linear.shape.name, middle: weights.middleCode)
      }
      isSymmetric = isSymmetric && weights.isSymmetric
      let other = first ?? linear
      guard other.scheme.isAlike(linear.scheme, exceptBits: format.holdsSeveralSchemes) else {
        throw ConversionError.schemes(
          (other.shape.name, other.scheme), (linear.shape.name, linear.scheme),
          format: format.name)
      }
      first = other
    }
    guard first != nil else { throw ConversionError.notQuantized(folder.path) }
    let points: Scheme.Points =
      isSymmetric ? .symmetric : format.storesOffsets ? .offset : .zeroPoint
    return try blocks.map { block in
      try block.map { linear in
        var stored = linear
        if case .table = linear.scheme.weights.points { return linear }
        stored.scheme = LinearScheme(
          try linear.scheme.weights.storing(points: points),
          activations: linear.scheme.activations, scattersGroups: scattersGroups)
        return stored
      }
    }
  }

  /// Checks that a format can hold the groups, zero points and scales.
  ///
  /// - Throws: ``ConversionError`` for the first value that it cannot hold.
  func check(
    against format: any CheckpointFormat, in source: any CheckpointFormat
  ) throws(ConversionError) {
    if case .group(let size) = scheme.weights.granularity, shape.columns % size != 0 {
      throw .shortGroup(linear: shape.name, columns: shape.columns, size: size)
    }
    if scheme.scattersGroups, !format.holdsScatteredGroups {
      throw .scatteredGroups(linear: shape.name, format: format.name)
    }
    if let entry = unknownEntries[scheme.weights.points] {
      throw .points(linear: shape.name, entry, format: format.name)
    }
    if smallestZeroPoint < format.smallestZeroPoint, scheme.weights.points == .zeroPoint {
      throw .zeroPoint(linear: shape.name, smallestZeroPoint, format: format.name)
    }
    // The scales of levels are those of the type.
    if case .table = scheme.weights.points { return }
    let stored = format.scaleFormat(for: scaleFormat)
    if let value = lostScales[stored] {
      throw .scale(
        tensor: source.scaleTensor(of: shape.name), value, stored, format: format.name)
    }
    if format.storesOffsets, let value = lostOffsets[stored] {
      throw .offset(linear: shape.name, value, stored, format: format.name)
    }
  }
}

extension LinearScheme {
  /// Whether both schemes are the same except for zero points and, on demand, the number of bits.
  fileprivate func isAlike(_ other: LinearScheme, exceptBits: Bool) -> Bool {
    (exceptBits || weights.bits == other.weights.bits)
      && weights.granularity == other.weights.granularity
      && activations == other.activations
  }
}
