public import Checkpoint
public import Formats
internal import JSON

/// The shape of a decoder-only model: what `config.json` says, with nothing left to guess.
public struct ModelConfiguration: Sendable {
  /// `hidden_size`: the width of the residual stream.
  public let hiddenSize: Int
  /// `num_hidden_layers`.
  public let layerCount: Int
  /// `num_attention_heads`.
  public let headCount: Int
  /// `num_key_value_heads`: query heads share these in equal parts.
  public let keyValueHeadCount: Int
  /// `head_dim`.
  public let headDimension: Int
  /// `intermediate_size`: the width inside the MLP.
  public let intermediateSize: Int
  /// `vocab_size`.
  public let vocabularySize: Int
  /// `max_position_embeddings`: the context that the model was made for, if it says so.
  public let contextLength: Int?
  /// `rms_norm_eps`.
  public let normEpsilon: Float
  /// `tie_word_embeddings`: whether the head is the embedding.
  public let hasTiedEmbeddings: Bool
  /// How positions enter attention.
  public let rotary: RotaryConfiguration
  /// What the family adds to the common decoder block.
  public let traits: FamilyTraits

  /// Reads the configuration of a folder.
  ///
  /// - Throws: ``CheckpointError`` for a family or a feature that is not supported.
  public init(of folder: ModelFolder) throws(CheckpointError) {
    let path = "\(folder.path)/config.json"
    let config = folder.configuration.field
    do throws(JSONError) {
      let modelType = try config.member("model_type").string
      guard let family = Family.all.first(where: { $0.modelType == modelType }) else {
        throw .wrongKind(
          path: "model_type", expected: Family.all.map(\.modelType).joined(separator: ", "),
          found: "\"\(modelType)\", whose architecture is not supported")
      }
      try self.init(config, family)
    } catch {
      throw .json(path: path, cause: error)
    }
  }

  private init(_ config: JSONField, _ family: Family) throws(JSONError) {
    for name in family.requiredMembers { _ = try config.member(name) }
    hiddenSize = try config.positive("hidden_size")
    layerCount = try config.positive("num_hidden_layers", atMost: 1 << 16)
    headCount = try config.positive("num_attention_heads")
    keyValueHeadCount = try config.positive("num_key_value_heads", default: headCount)
    headDimension = try config.positive(
      "head_dim", default: hiddenSize / headCount, atMost: 1 << 16)
    intermediateSize = try config.positive("intermediate_size")
    vocabularySize = try config.positive("vocab_size")
    contextLength = try config.optionalMember("max_position_embeddings").map {
      field throws(JSONError) in try field.positive()
    }
    normEpsilon = Float(try config.optionalMember("rms_norm_eps")?.double ?? 1e-6)
    hasTiedEmbeddings = try config.flag("tie_word_embeddings")
    guard headCount % keyValueHeadCount == 0, headDimension > 0, headDimension % 2 == 0 else {
      throw .wrongKind(
        path: "num_attention_heads", expected: "heads of even width, shared in equal parts",
        found: "\(headCount) heads of \(headDimension) over \(keyValueHeadCount)")
    }
    let activation = try config.optionalMember("hidden_act")?.string ?? "silu"
    guard activation == "silu" else {
      throw .wrongKind(path: "hidden_act", expected: "silu", found: activation)
    }
    rotary = try RotaryConfiguration(config, headDimension: headDimension)
    traits = try family.traits(config, layerCount)
  }

  /// The Linears of a decoder block that can be quantized, in the order of the computation.
  public func linears(layer: Int) -> [LinearShape] {
    let (query, keyValue) = (headCount * headDimension, keyValueHeadCount * headDimension)
    let shapes = [
      ("self_attn.q_proj", query, hiddenSize), ("self_attn.k_proj", keyValue, hiddenSize),
      ("self_attn.v_proj", keyValue, hiddenSize), ("self_attn.o_proj", hiddenSize, query),
      ("mlp.gate_proj", intermediateSize, hiddenSize),
      ("mlp.up_proj", intermediateSize, hiddenSize),
      ("mlp.down_proj", hiddenSize, intermediateSize),
    ]
    return shapes.map {
      LinearShape(name: "model.layers.\(layer).\($0.0)", rows: $0.1, columns: $0.2)
    }
  }
}

extension JSONField {
  /// The positive integer of a member, or a value where it is absent.
  func positive(
    _ name: String, default value: Int? = nil, atMost limit: Int = Int(Int32.max)
  ) throws(JSONError) -> Int {
    if let value, try optionalMember(name) == nil { return value }
    return try member(name).positive(atMost: limit)
  }

  /// The positive integer here: of at most 2³¹ − 1, which products of two of cannot overflow.
  func positive(atMost limit: Int = Int(Int32.max)) throws(JSONError) -> Int {
    let int = try int
    guard int > 0, int <= limit else {
      throw .wrongKind(
        path: path, expected: "a positive integer of at most \(limit)", found: "\(int)")
    }
    return int
  }

  /// A boolean that is false where it is absent.
  func flag(_ name: String) throws(JSONError) -> Bool {
    try optionalMember(name)?.bool ?? false
  }
}
