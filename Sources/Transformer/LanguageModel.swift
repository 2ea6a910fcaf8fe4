public import Checkpoint
public import Formats
internal import JSON
public import LinearAlgebra
public import Quantizer

/// A model folder ready to compute with: embeddings, blocks one at a time, and the head.
///
/// Nothing large is kept: a block's weights live as long as the block, embeddings are looked up
/// in the mapped file, and the head is decoded in slabs.
public struct LanguageModel: Sendable {
  /// The folder that the weights come from.
  public let folder: ModelFolder
  /// What the folder's family declares about the model.
  public internal(set) var declaration: ModelDeclaration
  /// The format of the folder's quantized Linears, or nil when it is not quantized.
  public let format: (any CheckpointFormat)?
  /// How keys and values are rounded in memory; nil where they stay as they are.
  package let cacheScheme: ActivationScheme?
  /// What computes the large products; float32 unless set.
  public var engine = ProductEngine.float32
  /// The embedding where it is quantized; kept, since every window looks tokens up in it.
  let quantizedEmbedding: QuantizedLinear?
  /// The family whose `model_type` the folder does not have, but which it is read as; nil where both
  /// agree.
  public private(set) var assumedFamily: String?
  /// How many upper bits of the Linears' codes are read; nil for all.
  package private(set) var upperBits: Int?
  /// What the weights are rotated by as they are read; nil for nothing.
  package private(set) var rotation: Rotation?

  /// Opens the model of a folder and checks that it can be computed.
  ///
  /// - Parameters:
  ///   - folder: the folder.
  ///   - families: the known families.
  ///   - formats: the known formats of quantized folders.
  ///   - assumed: the `model_type` of the family that an unknown architecture is read as; nil for none.
  /// - Throws: ``CheckpointError`` for anything missing or not supported.
  public init(
    _ folder: ModelFolder, families: [Family] = Family.all,
    formats: [any CheckpointFormat] = CheckpointFormats.all, as assumed: String? = nil
  ) throws(CheckpointError) {
    let family = try families.family(of: folder, as: assumed, formats)
    try self.init(
      folder, family.declaration(of: folder, isAssumed: assumed != nil), formats)
    assumedFamily = assumed
  }

  /// Opens the model of a folder with a given declaration.
  init(
    _ folder: ModelFolder, _ declaration: ModelDeclaration, _ formats: [any CheckpointFormat]
  ) throws(CheckpointError) {
    self.folder = folder
    self.declaration = declaration
    format = try formats.format(of: folder)
    cacheScheme = try Self.cacheScheme(in: folder, format)
    quantizedEmbedding = try Self.quantizedEmbedding(declaration, in: folder, format)
    try checkTensors()
    try checkTie()
    try checkNothingIsUnread()
  }

  /// The embeddings of tokens: `[tokens, hidden]`.
  ///
  /// - Throws: ``CheckpointError`` when the embedding is missing or contradicts the configuration,
  ///   or a token is outside the vocabulary, or a position outside the table of positions.
  public func embeddings(of tokens: [Int32]) throws(CheckpointError) -> Matrix {
    var rows = try embedding().rows(tokens.map(Int.init))
    if declaration.embeddingScale != 1 {
      rows = Matrix(
        rows: rows.rows, columns: rows.columns,
        elements: rows.elements.map { $0 * declaration.embeddingScale })
    }
    if let positions = try positions(count: tokens.count) { rows.add(positions) }
    if let norm = declaration.embeddingNorm { rows = try folder.norm(norm)(rows) }
    return rows
  }

  /// Reads a decoder block; quantized Linears are dequantized.
  ///
  /// - Throws: ``CheckpointError`` when a tensor is missing, has another shape, or is not finite.
  public func block(_ index: Int) throws(CheckpointError) -> DecoderBlock {
    let program = declaration.blocks[index]
    var weights = BlockWeights(linears: [:], norms: [:], engine: engine)
    let slots = program.stages.flatMap(\.slots)
    let linears = Threads.map(slots.count) { i in
      Result { () throws(CheckpointError) in try linear(slots[i]) }
    }
    for (slot, linear) in zip(slots, linears) { weights.linears[slot.name] = try linear.get() }
    for norm in program.norms { weights.norms[norm.name] = try folder.norm(norm) }
    for vector in program.vectors {
      weights.vectors[vector.name] = try folder.floats(vector.name, dimensions: vector.dimensions)
    }
    weights.cache = try cache(of: program)
    var block = DecoderBlock(program, weights)
    if let rotation { block.rotate(by: rotation) }
    return block
  }

  /// The same model with its residual stream and its attention heads rotated: the same function, by
  /// other weights.
  ///
  /// - Throws: ``RotationError`` where a rotation would not be exact.
  public func rotated() throws(RotationError) -> LanguageModel {
    if let reader = residualReaders.first { throw .readElsewhere(reader) }
    var result = self
    result.rotation = try Rotation(for: declaration)
    return result
  }

  /// Whether all Linears of the decoder blocks are stored in bfloat16.
  package var storesBFloat16: Bool {
    declaration.blocks.flatMap(\.stages).flatMap(\.slots).allSatisfy {
      folder.tensor("\($0.name).weight")?.shape.type.floatFormat == .bfloat16
    }
  }

  /// Whether a Linear is quantized.
  ///
  /// The name of its weights does not decide, since a format may store integers under it.
  public func isQuantized(_ shape: LinearShape) -> Bool {
    format != nil && folder.tensor("\(shape.name).weight")?.shape.type.floatFormat == nil
  }

  /// What is stored for a quantized Linear, or nil when the folder stores it in floating point.
  ///
  /// - Throws: ``CheckpointError`` when its tensors are missing or invalid.
  public func quantizedLinear(_ shape: LinearShape) throws(CheckpointError) -> QuantizedLinear? {
    guard let format, isQuantized(shape) else { return nil }
    let linear = try format.decode(shape, in: folder, folder.quantization ?? nil)
    guard let upperBits, upperBits != linear.weight.grid.scheme.bits else { return linear }
    do throws(CodeSliceError) {
      let slice = try linear.weight.sliced(to: upperBits, storing: scaleFormat(of: shape))
      return QuantizedLinear(slice, activations: linear.activations)
    } catch {
      throw .tensor(name: shape.name, path: folder.path, reason: "\(error)")
    }
  }

  /// The type in which the scales of a Linear are stored.
  private func scaleFormat(of shape: LinearShape) -> FloatFormat {
    let scales = format.flatMap { folder.tensor($0.scaleTensor(of: shape.name)) }
    return scales?.shape.type.floatFormat ?? .float32
  }

  /// The same model, of whose Linears only the upper bits of the codes are read (Matryoshka quantization).
  package func keepingUpperBits(_ bits: Int) -> LanguageModel {
    var model = self
    model.upperBits = bits
    return model
  }

  private func linear(_ slot: Slot) throws(CheckpointError) -> Linear {
    let (name, shape) = ("\(slot.name).weight", slot.shape)
    let bias = slot.hasBias ? try folder.bias("\(slot.name).bias", [shape.rows]) : nil
    if let quantized = try quantizedLinear(shape) {
      return Linear(
        name: slot.name, weight: quantized.weight.dequantized(), format: nil, bias: bias,
        activations: quantized.activations)
    }
    let stored = slot.storedDimensions
    let format = try folder.floatTensor(name, dimensions: stored).format
    let weight = try folder.matrix(name, rows: stored[0], columns: stored[1])
    return Linear(
      name: slot.name, weight: slot.isTransposed ? weight.transposed : weight, format: format,
      bias: bias)
  }
}

extension ModelFolder {
  /// Reads a norm that a program declares.
  func norm(_ norm: NormDeclaration) throws(CheckpointError) -> Norm {
    let (name, dimensions) = ("\(norm.name).weight", norm.dimensions)
    let bias = norm.hasBias ? try bias("\(norm.name).bias", dimensions) : nil
    guard norm.gain != .one else {
      let weights = [Float](repeating: 1, count: norm.width)
      return Norm(norm, weights: weights, bias: bias, format: .float32)
    }
    return Norm(
      norm, weights: try floats(name, dimensions: dimensions), bias: bias,
      format: try floatTensor(name, dimensions: dimensions).format)
  }

  fileprivate func bias(_ name: String, _ dimensions: [Int]) throws(CheckpointError) -> Bias {
    Bias(
      values: try floats(name, dimensions: dimensions),
      format: try floatTensor(name, dimensions: dimensions).format)
  }
}
