internal import JSON

/// A family of models that share the decoder block: what to read from its `config.json`.
///
/// A new family is one file with a `static let`, named in ``all``.
public struct Family: Sendable {
  /// `model_type` in `config.json`.
  public let modelType: String
  /// Members that this family's own library would fill with defaults that differ by family.
  ///
  /// A file without them is refused rather than guessed at.
  let requiredMembers: [String]
  /// What the family adds, for so many layers.
  let traits: @Sendable (JSONField, Int) throws(JSONError) -> FamilyTraits

  /// Every family there is.
  public static let all = [llama, mistral, qwen2, qwen3]
}

/// What a family adds to the common decoder block.
public struct FamilyTraits: Sendable {
  /// Whether q, k and v have biases.
  public var queryKeyValueBias = false
  /// Whether o has a bias.
  public var outputBias = false
  /// Whether gate, up and down have biases.
  public var mlpBias = false
  /// Whether each head of q and k is normalized before its rotation.
  public var queryKeyNorm = false
  /// The migration strength α of SmoothQuant that suits the family, 0 to 1; the paper's own
  /// configurations have 0.85 for Llama and 0.8 for Mistral.
  public var migrationStrength: Float = 0.8
  /// For each layer, how many positions back attention sees, itself included; nil for all.
  public var windows: [Int?]

  /// Which Linears of a block have biases, in the order of the computation.
  var linearBiases: [Bool] {
    let (qkv, o, mlp) = (queryKeyValueBias, outputBias, mlpBias)
    return [qkv, qkv, qkv, o, mlp, mlp, mlp]
  }
}
