public import JSON

/// The sizes that every configuration has, under any of the keys that families use.
public struct DecoderSizes: Sendable {
  /// `hidden_size`.
  public let hidden: Int
  /// `num_hidden_layers`.
  public let layers: Int
  /// `num_attention_heads`, `num_key_value_heads` and `head_dim`.
  public var heads: HeadShape
  /// `intermediate_size`: the width inside the MLP.
  public var intermediate: Int
  /// `vocab_size`.
  public let vocabulary: Int
  /// `max_position_embeddings`.
  public let context: Int?
  /// ε of the norms.
  public let normEpsilon: Float
  /// `tie_word_embeddings`: whether the head is the embedding.
  public let isTied: Bool

  /// Sizes that a family has where the configuration is silent.
  public struct Defaults: Sendable {
    let vocabulary: Int
    let heads: Int
    let keyValueHeads: Int
    let headDimension: Int
    let context: Int

    /// Sizes under the names of ``DecoderSizes``.
    public init(
      vocabulary: Int, heads: Int, keyValueHeads: Int, headDimension: Int, context: Int
    ) {
      self.vocabulary = vocabulary
      self.heads = heads
      self.keyValueHeads = keyValueHeads
      self.headDimension = headDimension
      self.context = context
    }
  }

  /// Reads the sizes.
  ///
  /// - Parameters:
  ///   - config: the configuration.
  ///   - requiring: members whose defaults differ between families; a file without them is refused.
  ///   - epsilon: the key of ε.
  ///   - defaultEpsilon: ε where the key is absent.
  ///   - tiesByDefault: whether the head is the embedding if the configuration does not say.
  ///   - innerFactor: how many times wider than the residual stream an MLP is if the configuration does
  ///     not say; nil where it must.
  ///   - defaults: what the family has where the configuration is silent.
  /// - Throws: ``JSONError`` for what is missing or impossible.
  public init(
    _ config: ModelConfiguration, requiring: [String] = [], epsilon: String = "rms_norm_eps",
    defaultEpsilon: Double = 1e-6, tiesByDefault: Bool = false, innerFactor: Int? = nil,
    defaults: Defaults? = nil
  ) throws(JSONError) {
    for name in requiring { _ = try config.member(name) }
    hidden = try config.positive(
      any: ["hidden_size", "n_embd", "n_embed", "d_model"], atMost: Self.largestWidth)
    layers = try config.positive(
      any: ["num_hidden_layers", "n_layer", "n_layers", "num_layers"], atMost: 1 << 16)
    let count = try config.positive(
      any: ["num_attention_heads", "n_head", "n_heads", "num_heads"], default: defaults?.heads,
      atMost: 1 << 16)
    let keyValueCount = try config.positive(
      "num_key_value_heads", default: defaults?.keyValueHeads ?? count)
    let dimension = try config.positive(
      "head_dim", default: defaults?.headDimension ?? hidden / count, atMost: 1 << 16)
    let inner = ["intermediate_size", "ffn_dim", "ffn_hidden_size", "n_inner"]
    if let innerFactor, try config.firstMember(inner) == nil {
      intermediate = innerFactor * hidden
    } else {
      intermediate = try config.positive(any: inner, atMost: Self.largestWidth)
    }
    vocabulary = try config.positive("vocab_size", default: defaults?.vocabulary)
    context = try config.context() ?? defaults?.context
    normEpsilon = Float(
      try config.optionalMember(epsilon)?.double(in: 0...1) ?? defaultEpsilon)
    isTied = try config.flag("tie_word_embeddings", default: tiesByDefault)
    guard count % keyValueCount == 0, dimension > 0, dimension % 2 == 0,
      count * dimension <= Self.largestWidth
    else {
      throw .wrongKind(
        path: "num_attention_heads", expected: "heads of even width, shared in equal parts",
        found: "\(count) heads of \(dimension) over \(keyValueCount)")
    }
    heads = HeadShape(count: count, keyValueCount: keyValueCount, dimension: dimension)
  }

  /// The widest Linear that is taken for one, far beyond all models that there are: a list of its channels
  /// still fits in memory.
  static let largestWidth = 1 << 24
}

extension ModelConfiguration {
  /// The number of tokens that the model can see: `max_position_embeddings`, or what a stretched rotation
  /// makes of it.
  ///
  /// Engines multiply by the factor as well; LongRoPE and Llama 3 state the stretched number. A `dynamic`
  /// rotation depends on the length of each sequence beyond the number stated, so windows end there.
  fileprivate func context() throws(JSONError) -> Int? {
    let names = ["max_position_embeddings", "n_positions", "max_seq_len"]
    guard let stated = try firstMember(names)?.positive() else { return nil }
    guard let scaling = try firstMember(["rope_scaling", "rope_parameters"]) else { return stated }
    let (new, old) = (try scaling.optionalMember("rope_type"), try scaling.optionalMember("type"))
    let kind = try (new ?? old)?.string ?? "default"
    guard ["linear", "yarn"].contains(kind),
      let factor = try scaling.optionalMember("factor")?.double, factor >= 1
    else { return stated }
    let original = try scaling.optionalMember("original_max_position_embeddings")?.positive()
    let stretched = Double(kind == "yarn" ? original ?? stated : stated) * factor
    return max(stated, Int(min(stretched, Double(Int32.max))))
  }
}
