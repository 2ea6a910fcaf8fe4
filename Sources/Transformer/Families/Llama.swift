public import JSON

extension Family {
  /// Llama 2 and 3, SmolLM, and all models that share their code.
  ///
  /// Biases are rare but configurable.
  static let llama = Family("llama") { config throws(JSONError) in
    let bias = try config.flag("attention_bias")
    let traits = LlamaTraits(
      queryKeyValueBias: bias, outputBias: bias, mlpBias: try config.flag("mlp_bias"),
      migrationStrength: 0.85)
    return try .llamaLike(config, traits)
  }
}

/// How relatives of Llama differ from it.
public struct LlamaTraits: Sendable {
  /// The activation function that `hidden_act` must name.
  public var hiddenAct = "silu"
  /// Whether q, k and v have biases.
  public var queryKeyValueBias = false
  /// Whether o has a bias.
  public var outputBias = false
  /// Whether gate, up and down have biases.
  public var mlpBias = false
  /// Whether each head of q and k is normalized before its rotation.
  public var queryKeyNorm = false
  /// SmoothQuant's α.
  public var migrationStrength: Float = 0.8
  /// The number of positions that a query sees in each block; nil, for one block or for all, means
  /// no limit.
  public var windows: [Int?]?
  /// Makes what replaces the MLP of a block, from the block's index and the MLP's key; nil for the
  /// MLP.
  public var mixture: (@Sendable (Int, String) -> (any Mixer)?)?

  /// The traits of Llama, some of them changed.
  public init(
    hiddenAct: String = "silu", queryKeyValueBias: Bool = false, outputBias: Bool = false,
    mlpBias: Bool = false,
    queryKeyNorm: Bool = false, migrationStrength: Float = 0.8, windows: [Int?]? = nil,
    mixture: (@Sendable (Int, String) -> (any Mixer)?)? = nil
  ) {
    self.hiddenAct = hiddenAct
    self.queryKeyValueBias = queryKeyValueBias
    self.outputBias = outputBias
    self.mlpBias = mlpBias
    self.queryKeyNorm = queryKeyNorm
    self.migrationStrength = migrationStrength
    self.windows = windows
    self.mixture = mixture
  }
}

extension ModelDeclaration {
  /// A model of Llama-like blocks under Llama's names: attention, then a gated MLP, each behind an
  /// RMSNorm.
  ///
  /// - Throws: ``JSONError`` for what the configuration lacks, or asks for and is not supported.
  public static func llamaLike(
    _ config: JSONField, requiring: [String] = [], _ traits: LlamaTraits
  ) throws(JSONError) -> ModelDeclaration {
    let sizes = try DecoderSizes(config, requiring: requiring)
    let activation = try config.optionalMember("hidden_act")
    if let activation, try activation.string != traits.hiddenAct {
      throw .wrongKind(
        path: activation.path, expected: traits.hiddenAct, found: try activation.string)
    }
    let rotary = try RotaryConfiguration(config, headDimension: sizes.heads.dimension)
    func norm(_ name: String, _ width: Int) -> NormDeclaration {
      NormDeclaration(name, width: width, epsilon: sizes.normEpsilon)
    }
    return try ModelDeclaration(
      sizes, finalNorm: norm("model.norm", sizes.hidden),
      migrationStrength: traits.migrationStrength
    ) { layer throws(JSONError) in
      let block = "model.layers.\(layer)"
      let (attention, mlp) = ("\(block).self_attn", "\(block).mlp")
      func headNorm(_ name: String) -> NormDeclaration? {
        traits.queryKeyNorm ? norm("\(attention).\(name)", sizes.heads.dimension) : nil
      }
      let projections = Projections.separate(
        query: "\(attention).q_proj", key: "\(attention).k_proj", value: "\(attention).v_proj",
        hidden: sizes.hidden, heads: sizes.heads, hasBias: traits.queryKeyValueBias)
      return ResidualBlock([
        Sublayer(
          norm: norm("\(block).input_layernorm", sizes.hidden),
          Attention(
            projections, output: "\(attention).o_proj", hidden: sizes.hidden, heads: sizes.heads,
            hasOutputBias: traits.outputBias, rotary: rotary, queryNorm: headNorm("q_norm"),
            keyNorm: headNorm("k_norm"), window: traits.windows?[layer])),
        Sublayer(
          norm: norm("\(block).post_attention_layernorm", sizes.hidden),
          traits.mixture?(layer, mlp)
            ?? GatedMLP(
              mlp, hidden: sizes.hidden, inner: sizes.intermediate, hasBias: traits.mlpBias)),
      ])
    }
  }
}
