public import Checkpoint
public import Formats
internal import JSON
public import LinearAlgebra
public import Quantizer

/// A model folder as something to compute with: embeddings, blocks one at a time, and the head.
///
/// Nothing large is kept: a block's weights live as long as the block, embeddings are looked up
/// in the mapped file, and the head is decoded in slabs.
public struct LanguageModel: Sendable {
  /// The folder that the weights come from.
  public let folder: ModelFolder
  /// The shape of the model.
  public let configuration: ModelConfiguration
  /// The format of the folder's quantized Linears, or nil when it is not quantized.
  public let format: (any CheckpointFormat)?

  /// Opens the model of a folder and checks that it can be computed.
  ///
  /// - Throws: ``CheckpointError`` for what is missing or not supported.
  public init(_ folder: ModelFolder) throws(CheckpointError) {
    self.folder = folder
    configuration = try ModelConfiguration(of: folder)
    format = try CheckpointFormats.format(of: folder)
    try checkTensors()
  }

  /// The embeddings of tokens: `[tokens, hidden]`.
  ///
  /// - Throws: ``CheckpointError`` when the embedding is missing or not as the configuration says,
  ///   or a token is not in the vocabulary.
  public func embeddings(of tokens: [Int32]) throws(CheckpointError) -> Matrix {
    let table = try SlabMatrix(
      folder, "model.embed_tokens.weight", rows: configuration.vocabularySize,
      columns: configuration.hiddenSize)
    return try table.rows(tokens.map(Int.init))
  }

  /// Reads a decoder block; quantized Linears are dequantized.
  ///
  /// - Throws: ``CheckpointError`` when a tensor is missing, of another shape, or not finite.
  public func block(_ layer: Int) throws(CheckpointError) -> DecoderBlock {
    let shapes = configuration.linears(layer: layer)
    let traits = configuration.traits
    var linears: [Linear] = []
    for (shape, hasBias) in zip(shapes, traits.linearBiases) {
      linears.append(try linear(shape, hasBias))
    }
    let prefix = "model.layers.\(layer)"
    let head = configuration.headDimension
    let attention = Attention(
      inputLinears: Array(linears[0..<3]), outputLinear: linears[3],
      norm: try norm("\(prefix).input_layernorm"),
      queryNorm: traits.queryKeyNorm ? try norm("\(prefix).self_attn.q_norm", head) : nil,
      keyNorm: traits.queryKeyNorm ? try norm("\(prefix).self_attn.k_norm", head) : nil,
      rotary: configuration.rotary, headCount: configuration.headCount,
      keyValueHeadCount: configuration.keyValueHeadCount, headDimension: head,
      window: traits.windows[layer])
    let feedForward = GatedMLP(
      inputLinears: Array(linears[4..<6]), outputLinear: linears[6],
      norm: try norm("\(prefix).post_attention_layernorm"))
    return DecoderBlock(sublayers: [attention, feedForward])
  }

  /// The names of the tensors of a block that may take up the factors of scaled activations; see
  /// ``Sublayer/foldingTensors``.
  public func foldingTensorNames(_ layer: Int) -> [String] {
    let prefix = "model.layers.\(layer)"
    let traits = configuration.traits
    return ["\(prefix).input_layernorm.weight", "\(prefix).post_attention_layernorm.weight"]
      + (traits.queryKeyValueBias ? ["\(prefix).self_attn.v_proj.bias"] : [])
      + (traits.mlpBias ? ["\(prefix).mlp.up_proj.bias"] : [])
  }

  /// Whether a Linear is quantized: a format may have integers under the name of the weights.
  public func isQuantized(_ shape: LinearShape) -> Bool {
    format != nil && folder.tensor("\(shape.name).weight")?.shape.type.floatFormat == nil
  }

  /// What is stored of a quantized Linear, or nil when the folder stores it in floating point.
  ///
  /// - Throws: ``CheckpointError`` when its tensors are not as they must be.
  public func quantizedLinear(_ shape: LinearShape) throws(CheckpointError) -> QuantizedLinear? {
    guard let format, isQuantized(shape) else { return nil }
    return try format.decode(shape, in: folder, folder.configuration["quantization_config"] ?? nil)
  }

  private func linear(_ shape: LinearShape, _ hasBias: Bool) throws(CheckpointError) -> Linear {
    let bias = hasBias ? try bias("\(shape.name).bias", shape.rows) : nil
    if let quantized = try quantizedLinear(shape) {
      return Linear(
        name: shape.name, weight: quantized.weight.dequantized(), bias: bias,
        activations: quantized.activations)
    }
    let weight = try folder.matrix(
      "\(shape.name).weight", rows: shape.rows, columns: shape.columns)
    return Linear(name: shape.name, weight: weight, bias: bias)
  }

  private func bias(_ name: String, _ count: Int) throws(CheckpointError) -> Bias {
    Bias(
      values: try folder.floats(name, dimensions: [count]),
      format: try folder.floatTensor(name, dimensions: [count]).format)
  }

  func norm(_ name: String, _ width: Int? = nil) throws(CheckpointError) -> RMSNorm {
    let dimensions = [width ?? configuration.hiddenSize]
    return RMSNorm(
      name: "\(name).weight", gain: try folder.floats("\(name).weight", dimensions: dimensions),
      format: try folder.floatTensor("\(name).weight", dimensions: dimensions).format,
      epsilon: configuration.normEpsilon)
  }
}
