public import JSON

extension ModelDeclaration {
  /// The model of a family in options.
  ///
  /// - Throws: ``JSONError`` for what the configuration asks for and is not supported.
  public static func decoder(
    _ config: ModelConfiguration, _ traits: DecoderTraits
  ) throws(JSONError) -> ModelDeclaration {
    try config.requireCausal()
    let names = traits.names
    let root = config.prefix(names.root, layers: names.layers)
    let rotary = try traits.rotaryOfBlocks(config)
    var declaration = try ModelDeclaration(
      traits.sizes, embedding: root + names.embedding, embeddingScale: traits.embeddingScale,
      embeddingNorm: names.embeddingNorm.map { traits.norm(root + $0) },
      positions: traits.learnedPositions(root),
      finalNorm: traits.norm(root + names.finalNorm), head: config.head(names.head),
      hasHeadBias: traits.hasHeadBias, logits: traits.logits,
      migrationStrength: traits.migrationStrength
    ) { layer throws(JSONError) in
      traits.block(layer, "\(root)\(names.layers).\(layer)", rotary[layer])
    }
    declaration.isBare = root != names.root && names.root.hasSuffix(root)
    return declaration
  }
}

extension DecoderTraits {
  /// The angles of each block; nil where nothing turns.
  fileprivate func rotaryOfBlocks(
    _ config: ModelConfiguration
  ) throws(JSONError) -> [RotaryConfiguration?] {
    if let rotary { return rotary }
    guard case .rotary = positions else { return Array(repeating: nil, count: sizes.layers) }
    return Array(repeating: try rotary(config), count: sizes.layers)
  }

  fileprivate func learnedPositions(_ root: String) -> LearnedPositions? {
    guard case .learned(let name, let skipped) = positions else { return nil }
    return LearnedPositions(name: root + name, skipped: skipped, count: sizes.context ?? 0)
  }

  fileprivate func block(
    _ layer: Int, _ block: String, _ rotary: RotaryConfiguration?
  ) -> ResidualBlock {
    func norm(_ name: String?) -> NormDeclaration? { name.map { self.norm("\(block).\($0)") } }
    let mlp = names.mlp.isEmpty ? block : "\(block).\(names.mlp)"
    return ResidualBlock(
      [
        Sublayer(
          norm: norm(names.attentionNorm),
          attention("\(block).\(names.attention)", rotary, window: windows?[layer]),
          postNorm: norm(names.attentionPostNorm), multiplier: residualMultiplier),
        Sublayer(
          norm: norm(names.mlpNorm),
          mixture?(layer, mlp) ?? plainMLP(mlp),
          postNorm: norm(names.mlpPostNorm), multiplier: residualMultiplier),
      ], isParallel: isParallel)
  }

  private func attention(
    _ module: String, _ rotary: RotaryConfiguration?, window: Int?
  ) -> Attention {
    var scores = scores
    scores.window = window
    if case .slopes(let slopes) = positions { scores.slopes = slopes }
    return Attention(
      projections(module), output: "\(module).\(names.output)", hidden: sizes.hidden,
      heads: sizes.heads, hasOutputBias: outputBias, rotary: rotary,
      queryNorm: headNorm("\(module).\(names.queryNorm)", sizes.heads.count),
      keyNorm: headNorm("\(module).\(names.keyNorm)", sizes.heads.keyValueCount),
      normalizesRotated: queryKeyNorm == .heads(afterRotation: true),
      gate: hasOutputGate ? "\(module).\(names.outputGate)" : nil, isTransposed: isTransposed,
      scores: scores)
  }

  private func projections(_ module: String) -> Projections {
    let (hidden, heads, fused) = (sizes.hidden, sizes.heads, "\(module).\(names.fused)")
    switch projections {
    case .separate:
      return .separate(
        query: "\(module).\(names.query)", key: "\(module).\(names.key)",
        value: "\(module).\(names.value)", hidden: hidden, heads: heads, hasBias: queryKeyValueBias)
    case .concatenated:
      return .concatenated(
        fused, hidden: hidden, heads: heads, hasBias: queryKeyValueBias, isTransposed: isTransposed)
    case .interleaved:
      return .interleaved(fused, hidden: hidden, heads: heads, hasBias: queryKeyValueBias)
    }
  }

  private func headNorm(_ name: String, _ count: Int) -> NormDeclaration? {
    let width = sizes.heads.dimension
    switch queryKeyNorm {
    case .none: return nil
    case .heads: return norm(name, width)
    case .ownHeads: return norm(name, width, vectors: count)
    case .whole: return norm(name, count * width)
    }
  }

  private func plainMLP(_ module: String) -> any Mixer {
    guard !isGated else {
      return GatedMLP(
        module, names: names.parts, hidden: sizes.hidden, inner: sizes.intermediate,
        activation: activation, hasBias: mlpBias)
    }
    return PlainMLP(
      up: "\(module).\(names.parts.up)", down: "\(module).\(names.parts.down)",
      hidden: sizes.hidden, inner: sizes.intermediate, activation: activation,
      learned: hasLearnedActivation ? XIELU("\(module).act_fn") : nil, hasBias: mlpBias,
      isTransposed: isTransposed)
  }
}
