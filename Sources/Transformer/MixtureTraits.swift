internal import JSON

/// The mixtures of a family in options, whose defaults are Qwen3-MoE's.
struct MixtureTraits: Sendable {
  /// The number of experts.
  let count: Int
  /// The number of experts for each token.
  let picked: Int
  /// The inner width of an expert.
  let inner: Int
  /// Whether the weights of the chosen experts are divided by their sum.
  let normalizes: Bool
  /// What the router's logits become.
  var score = Router.Score.softmax
  /// The router's correction, below the mixture's key; nil for none.
  var correction: String?
  /// The number of rows with which the correction is stored; nil for a plain vector.
  var correctionRows: Int?
  /// Groups of experts.
  var groups: Router.Groups?
  /// What the weights are multiplied by.
  var multiplier: Float = 1
  /// The names of the parts.
  var names = Mixture.Names()
  /// The inner width of the shared expert; 0 for none.
  var shared = 0
  /// Whether the Linears of the shared expert have biases.
  var hasSharedBias = false
  /// Whether a block has a mixture in place of an MLP.
  var layers: @Sendable (Int) -> Bool = { _ in true }

  /// Reads the numbers.
  ///
  /// - Parameters:
  ///   - config: the configuration.
  ///   - countKey: the key of the number of experts.
  ///   - pickedKey: the key of the number of experts for each token.
  ///   - innerKey: the key of the inner width of an expert.
  ///   - normalizes: whether the weights of the chosen experts are divided by their sum.
  /// - Throws: ``JSONError`` for what is missing or impossible.
  init(
    _ config: ModelConfiguration, count countKey: String,
    picked pickedKey: String = "num_experts_per_tok",
    inner innerKey: String, normalizes: Bool
  ) throws(JSONError) {
    count = try config.positive(countKey, atMost: 1 << 16)
    picked = try config.uniform(pickedKey, atMost: count)
    inner = try config.uniform(innerKey, atMost: DecoderSizes.largestWidth)
    self.normalizes = normalizes
  }

  /// Adds a shared expert as wide as several, of which a member gives the number; none without it.
  mutating func share(_ name: String, _ number: JSONField?) throws(JSONError) {
    guard let number, case let experts = try number.int, experts != 0 else { return }
    guard (1...1 << 16).contains(experts) else {
      throw .wrongKind(
        path: number.path, expected: "a number of experts of at most \(1 << 16)",
        found: "\(experts)")
    }
    names.shared = name
    shared = experts * inner
  }

  fileprivate func mixture(_ module: String, _ hidden: Int, _ activation: Activation) -> Mixture {
    let vector = correction.map {
      StoredVector("\(module).\($0)", dimensions: (correctionRows.map { [$0] } ?? []) + [count])
    }
    let router = Router(
      count: count, picked: picked, score: score, correction: vector, groups: groups,
      normalizes: normalizes, multiplier: multiplier)
    return Mixture(
      module, names: names, router: router, hidden: hidden, inner: inner, shared: shared,
      activation: activation, hasSharedBias: hasSharedBias)
  }
}

extension ModelDeclaration {
  /// A model of a family in options whose blocks, or some of them, have mixtures.
  ///
  /// - Throws: ``JSONError`` for what the configuration asks for and is not supported.
  static func decoder(
    _ config: ModelConfiguration, _ traits: DecoderTraits, _ mixture: MixtureTraits
  ) throws(JSONError) -> ModelDeclaration {
    var traits = traits
    let (hidden, activation) = (traits.sizes.hidden, traits.activation)
    traits.mixture = { layer, module in
      mixture.layers(layer) ? mixture.mixture(module, hidden, activation) : nil
    }
    return try .decoder(config, traits)
  }
}

extension ModelConfiguration {
  /// A positive integer, which may be stated once for each block.
  ///
  /// - Throws: ``JSONError`` if the blocks differ.
  fileprivate func uniform(_ name: String, atMost limit: Int) throws(JSONError) -> Int {
    let field = try member(name)
    guard case .array = field.value else { return try field.positive(atMost: limit) }
    let values = Set(try field.ints)
    guard values.count == 1, let value = values.first, (1...limit).contains(value) else {
      throw .wrongKind(
        path: field.path, expected: "the same positive integer for all blocks",
        found: "\(values.sorted())")
    }
    return value
  }
}
