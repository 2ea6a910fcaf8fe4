public import JSON

/// A family of decoders in options, whose defaults are Llama's.
///
/// A family reads them from the configuration, changes what differs, and is done:
///
/// ```swift
/// static let seedOss = Family("seed_oss") { config throws(JSONError) in
///   var traits = try DecoderTraits(config)
///   traits.queryKeyValueBias = try config.flag("attention_bias", default: true)
///   traits.outputBias = try config.flag("attention_out_bias")
///   return try .decoder(config, traits)
/// }
/// ```
public struct DecoderTraits: Sendable {
  /// The sizes.
  public var sizes: DecoderSizes
  /// The names of the tensors.
  public var names = TensorNames()
  /// The formula of all norms.
  public var norm = NormDeclaration.Kind.rootMeanSquare
  /// What normalized channels are multiplied by.
  public var normGain = NormDeclaration.Gain.stored
  /// Whether norms have biases.
  public var normBias = false
  /// What is normalized in queries and keys.
  public var queryKeyNorm = QueryKeyNorm.none
  /// Whether all sublayers of a block read the hidden states that entered it.
  public var isParallel = false
  /// How positions are told, apart from the rotation.
  public var positions = Positions.rotary
  /// What embeddings are multiplied by.
  public var embeddingScale: Float = 1
  /// What the output of a sublayer is multiplied by before it is added.
  public var residualMultiplier: Float = 1
  /// What happens to the logits.
  public var logits = LogitRule()
  /// Whether the head has a bias.
  public var hasHeadBias = false
  /// How q, k and v are stored.
  public var projections = ProjectionLayout.separate
  /// Whether q, k and v have biases.
  public var queryKeyValueBias = false
  /// Whether o has a bias.
  public var outputBias = false
  /// Whether the Linears of the MLP have biases.
  public var mlpBias = false
  /// How scores are computed, apart from the windows.
  public var scores = Attention.Scores()
  /// The angles of each block, nil for a block without; or nil for the same in all blocks.
  public var rotary: [RotaryConfiguration?]?
  /// How the angles are read where `rotary` is nil.
  public var rotaryDefaults = RotaryDefaults()
  /// The number of positions that a query sees in each block, nil for all; or nil for no limit.
  public var windows: [Int?]?
  /// Whether the Linears are stored as `[in, out]`.
  public var isTransposed = false
  /// Whether the context of attention is multiplied by the sigmoid of a Linear of its input.
  public var hasOutputGate = false
  /// Whether the MLP has a gate.
  public var isGated = true
  /// The function inside the MLP.
  public var activation: Activation
  /// Whether that function is xIELU with stored parameters, in an MLP without a gate.
  public var hasLearnedActivation = false
  /// Makes what replaces the MLP of a block, from the block's index and the MLP's key; nil for the MLP.
  public var mixture: (@Sendable (Int, String) -> (any Mixer)?)?
  /// SmoothQuant's α.
  public var migrationStrength: Float = 0.8

  /// What is normalized in queries and keys.
  public enum QueryKeyNorm: Sendable, Equatable {
    /// Nothing.
    case none
    /// Each head, by weights that all heads share.
    case heads(afterRotation: Bool)
    /// Each head, by weights of its own.
    case ownHeads
    /// All heads together.
    case whole
  }

  /// How a model tells positions.
  public enum Positions: Sendable {
    /// By the rotation of heads, or not at all where a block has none.
    case rotary
    /// By a table of learned vectors, whose first rows may stand for nothing.
    case learned(String, skipping: Int)
    /// By a slope in the scores of each head.
    case slopes(Slopes)
  }

  /// How q, k and v are stored.
  public enum ProjectionLayout: Sendable {
    /// In a tensor each.
    case separate
    /// In one tensor: the rows of q, then of k, then of v.
    case concatenated
    /// In one tensor: for each key-value head in turn, the rows of its queries, of k and of v.
    case interleaved
  }

  /// Reads the sizes and the activation function, `hidden_act`.
  ///
  /// - Parameters:
  ///   - config: the configuration.
  ///   - requiring: members whose defaults differ between families; a file without them is refused.
  ///   - epsilon: the key of ε.
  ///   - defaultEpsilon: ε where the key is absent.
  ///   - activation: the key of the activation function; nil where there is no choice.
  ///   - defaultActivation: the activation function where the key is absent.
  ///   - tiesByDefault: whether the head is the embedding if the configuration does not say.
  ///   - innerFactor: how many times wider than the residual stream an MLP is if the configuration does
  ///     not say; nil where it must.
  ///   - defaults: the family's sizes where the configuration is silent.
  /// - Throws: ``JSONError`` for what the configuration lacks, or asks for and is not supported.
  public init(
    _ config: ModelConfiguration, requiring: [String] = [], epsilon: String = "rms_norm_eps",
    defaultEpsilon: Double = 1e-6, activation: String? = "hidden_act",
    defaultActivation: Activation = .silu, tiesByDefault: Bool = false, innerFactor: Int? = nil,
    defaults: DecoderSizes.Defaults? = nil
  ) throws(JSONError) {
    sizes = try DecoderSizes(
      config, requiring: requiring, epsilon: epsilon, defaultEpsilon: defaultEpsilon,
      tiesByDefault: tiesByDefault, innerFactor: innerFactor, defaults: defaults)
    var name: JSONField?
    if let activation { name = try config.optionalMember(activation) }
    hasLearnedActivation = name?.value == "xielu"
    self.activation = defaultActivation
    if let name, !hasLearnedActivation { self.activation = try Activation(named: name) }
  }

  /// The angles of one kind of block, read with the family's defaults.
  ///
  /// - Throws: ``JSONError`` for what is impossible or not supported.
  public func rotary(
    _ config: ModelConfiguration, kind: String? = nil
  ) throws(JSONError) -> RotaryConfiguration {
    try RotaryConfiguration(
      config, headDimension: sizes.heads.dimension, kind: kind, defaults: rotaryDefaults)
  }

  /// A norm of the family.
  func norm(_ name: String, _ width: Int? = nil, vectors: Int = 1) -> NormDeclaration {
    NormDeclaration(
      name, width: width ?? sizes.hidden, kind: norm, gain: normGain, hasBias: normBias,
      epsilon: sizes.normEpsilon, vectors: vectors)
  }
}
