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
  private let smallestZeroPoint: UInt8
  private let isCentred: Bool
  /// For each format, a scale that it cannot hold.
  private let lostScales: [FloatFormat: Float]

  init(_ shape: LinearShape, _ linear: QuantizedLinear, in model: LanguageModel) {
    let grid = linear.weight.grid
    self.shape = shape
    scheme = linear.scheme
    smallestZeroPoint = grid.zeroPoints.min() ?? 0
    isCentred = grid.zeroPoints.allSatisfy { Int($0) == grid.scheme.middleCode }
    let scales = model.format.flatMap { model.folder.tensor($0.scaleTensor(of: shape.name)) }
    scaleFormat = scales?.shape.type.floatFormat ?? .float32
    var lost: [FloatFormat: Float] = [:]
    for format in FloatFormat.allCases {
      lost[format] = grid.scales.elements.first { format.rounded($0) != $0 }
    }
    lostScales = lost
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
      if weights.isSymmetric && !linear.isCentred {
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
    return try blocks.map { block in
      try block.map { linear in
        let weights = linear.scheme.weights
        var stored = linear
        stored.scheme = LinearScheme(
          try Scheme(
            bits: weights.bits, symmetric: isSymmetric, granularity: weights.granularity),
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
    if smallestZeroPoint < format.smallestZeroPoint, !scheme.weights.isSymmetric {
      throw .zeroPoint(linear: shape.name, Int(smallestZeroPoint), format: format.name)
    }
    let stored = format.scaleFormat(for: scaleFormat)
    if let value = lostScales[stored] {
      throw .scale(
        tensor: source.scaleTensor(of: shape.name), value, stored, format: format.name)
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
