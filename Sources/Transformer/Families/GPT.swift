internal import JSON

extension Family {
  /// GPT-2: learned positions, and Linears that are stored as `[in, out]`.
  static let gpt2 = Family("gpt2") { config throws(JSONError) in
    var traits = try DecoderTraits(classic: config, .geluTanh)
    traits.names.useGPT2Names()
    traits.isTransposed = true
    traits.projections = .concatenated
    (traits.queryKeyValueBias, traits.outputBias, traits.mlpBias) = (true, true, true)
    traits.positions = .learned("wpe", skipping: 0)
    for (name, value) in [
      ("scale_attn_weights", true), ("scale_attn_by_inverse_layer_idx", false),
      ("add_cross_attention", false),
    ] { try config.require(name, value) }
    return try .decoder(config, traits)
  }

  /// StarCoder and SantaCoder: GPT-2's names with Linears, and usually one key-value head.
  static let gptBigCode = Family("gpt_bigcode") { config throws(JSONError) in
    var traits = try DecoderTraits(classic: config, .geluTanh)
    traits.names.useGPT2Names()
    (traits.queryKeyValueBias, traits.outputBias, traits.mlpBias) = (true, true, true)
    traits.positions = .learned("wpe", skipping: 0)
    let heads = traits.sizes.heads
    let isShared = try config.flag("multi_query", default: true)
    traits.sizes.heads = HeadShape(
      count: heads.count, keyValueCount: isShared ? 1 : heads.count, dimension: heads.dimension)
    traits.projections = .interleaved
    try config.require("scale_attn_weights", true)
    config.ignore("scale_attention_softmax_in_fp32")
    return try .decoder(config, traits)
  }

  /// GPT-J: attention and the MLP in parallel behind one norm; neighbouring channels turn together.
  static let gptJ = Family("gptj") { config throws(JSONError) in
    var traits = try DecoderTraits(classic: config, .geluTanh, ties: false)
    traits.names.useTransformerRoot(embedding: "wte")
    traits.names.attention = "attn"
    traits.names.output = "out_proj"
    traits.names.attentionNorm = "ln_1"
    traits.names.mlpNorm = "ln_1"
    traits.names.parts = MLPNames(gate: nil, up: "fc_in", down: "fc_out")
    traits.mlpBias = true
    traits.hasHeadBias = true
    traits.isParallel = true
    // Older files say what every GPT-J does.
    try config.require("rotary", true)
    try config.require("scale_attn_weights", true)
    let dimension = traits.sizes.heads.dimension
    let width = try config.positive("rotary_dim", default: min(64, dimension), atMost: dimension)
    // There is no other base, and no scaling.
    let rotary = try RotaryConfiguration(
      scaling: nil, config, theta: 10_000, width: width, pairs: .neighbours)
    traits.rotary = Array(repeating: rotary, count: traits.sizes.layers)
    return try .decoder(config, traits)
  }

  /// GPT-Neo: learned positions, scores that are not scaled, and a window in every other block.
  static let gptNeo = Family("gpt_neo") { config throws(JSONError) in
    var traits = try DecoderTraits(classic: config, .geluTanh)
    traits.names.useTransformerRoot(embedding: "wte")
    traits.names.attention = "attn.attention"
    traits.names.output = "out_proj"
    traits.names.useNumberedNorms()
    traits.names.parts = MLPNames(gate: nil, up: "c_fc", down: "c_proj")
    (traits.outputBias, traits.mlpBias) = (true, true)
    traits.positions = .learned("wpe", skipping: 0)
    traits.scores.scale = 1
    let window = try config.positive("window_size", default: 256)
    let layers = traits.sizes.layers
    let kinds = try gptNeoLayers(config, count: layers)
    guard kinds.count == layers, kinds.allSatisfy({ ["global", "local"].contains($0) }) else {
      throw .wrongKind(
        path: "attention_layers", expected: "global or local for each of \(layers) layers",
        found: "\(kinds.count) entries of \(Set(kinds).sorted())")
    }
    traits.windows = kinds.map { $0 == "local" ? window : nil }
    return try .decoder(config, traits)
  }

  /// `attention_layers`, or `attention_types`, whose entries are patterns with a number of repetitions.
  private static func gptNeoLayers(
    _ config: ModelConfiguration, count: Int
  ) throws(JSONError) -> [String] {
    config.ignore("attention_types")
    if let layers = try config.optionalMember("attention_layers") { return try layers.strings }
    var result: [String] = []
    for entry in try config.member("attention_types").array {
      let parts = try entry.array
      guard parts.count == 2 else {
        throw .wrongKind(
          path: entry.path, expected: "a pattern and a number", found: "\(parts.count) values")
      }
      let pattern = try parts[0].strings
      let repetitions = try parts[1].positive(atMost: count)
      // Before anything grows: a small file can ask for a great many repetitions.
      guard pattern.count * repetitions <= count - result.count else {
        throw .wrongKind(
          path: entry.path, expected: "at most \(count) layers in all",
          found: "\(pattern.count) x \(repetitions) more")
      }
      for _ in 0..<repetitions { result += pattern }
    }
    return result
  }
}

extension TensorNames {
  fileprivate mutating func useGPT2Names() {
    useTransformerRoot(embedding: "wte")
    attention = "attn"
    fused = "c_attn"
    output = "c_proj"
    useNumberedNorms()
    parts = MLPNames(gate: nil, up: "c_fc", down: "c_proj")
  }

  fileprivate mutating func useNumberedNorms() {
    (attentionNorm, mlpNorm) = ("ln_1", "ln_2")
  }
}
