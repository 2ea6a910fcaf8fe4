internal import Checkpoint
internal import JSON
internal import LinearAlgebra

// Phi-3 in GGUF files: q, k and v stay one matrix, and so do gate and up. LongRoPE's divisors are two tensors, of which
// llama.cpp takes one by the length of its context.

/// What Phi-3's files say besides sizes.
struct PhiStatement {
  private static let name = "phi3"
  /// The divisors of sequences within the original context, and of longer ones.
  static let divisors = (short: "rope_factors_short.weight", long: "rope_factors_long.weight")

  /// Names of modules in a block, as ``GGUFArchitecture`` has them for others.
  static let parts = [
    ("self_attn.qkv_proj", "attn_qkv"), ("mlp.gate_up_proj", "ffn_up"),
    ("mlp.down_proj", "ffn_down"),
  ]

  /// The metadata that only this architecture has.
  ///
  /// - Throws: `JSONError` for what llama.cpp would compute otherwise, or not load.
  func metadata(
    _ config: JSONField, _ rope: RotaryStatement, heads: Int
  ) throws(JSONError) -> [(key: String, value: GGUFValue)] {
    let width = try config.member("hidden_size").int / max(1, heads)
    if let stated = try config.optionalMember("head_dim"), try stated.int != width {
      throw .wrongKind(
        path: stated.path,
        expected: "\(width), since llama.cpp divides the hidden size by the heads",
        found: stated.value.text(.compact))
    }
    var result: [(key: String, value: GGUFValue)] = [
      // Zero is for models without a window.
      ("\(Self.name).attention.sliding_window", .uint32(0)),
      ("\(Self.name).rope.dimension_count", .uint32(UInt32(rope.turning(of: width)))),
    ]
    guard let long = rope.long else { return result }
    guard let original = UInt32(exactly: long.original) else {
      throw .wrongKind(
        path: "original_max_position_embeddings", expected: "a size of 32 bits",
        found: "\(long.original)")
    }
    result.append(("\(Self.name).rope.scaling.original_context_length", .uint32(original)))
    result.append(
      ("\(Self.name).rope.scaling.attn_factor", .float32(Float(long.attentionFactor))))
    return result
  }

  /// The members of `config.json` that a file's metadata stand for.
  ///
  /// - Parameters:
  ///   - file: the file.
  ///   - width: the width of a head.
  ///   - context: the longest sequence.
  /// - Returns: the members.
  /// - Throws: ``CheckpointError`` for sizes or divisors that are missing or impossible.
  func configuration(
    _ file: GGUFFile, width: Int, context: JSONValue
  ) throws(CheckpointError) -> JSONObject {
    var config = JSONObject()
    config["sliding_window"] = .null
    let turning = try file.size("\(Self.name).rope.dimension_count")
    var share = Double(turning) / Double(max(1, width))
    // The share is multiplied by the width again, and what is behind the point left out.
    if Int(Double(width) * share) < turning { share = share.nextUp }
    config["partial_rotary_factor"] = .number(JSONNumber(share))
    guard let short = try file.divisors(Self.divisors.short),
      let long = try file.divisors(Self.divisors.long)
    else { return config }
    let factor = file["\(Self.name).rope.scaling.attn_factor"]?.number ?? 1
    let original = file["\(Self.name).rope.scaling.original_context_length"]?.int
    config["original_max_position_embeddings"] =
      original.map { .number(JSONNumber($0)) } ?? context
    config["rope_scaling"] = [
      "rope_type": "longrope", "short_factor": short, "long_factor": long,
      "attention_factor": .number(JSONNumber(factor)),
    ]
    return config
  }
}

extension GGUFFile {
  /// What each frequency of the rotation is divided by, as a list; nil where there is no such tensor.
  ///
  /// - Throws: ``CheckpointError`` for divisors that are none.
  func divisors(_ name: String) throws(CheckpointError) -> JSONValue? {
    guard let entry = entries.first(where: { $0.name == name }) else { return nil }
    let values = file.withBytes(entry.range) { FloatFormat.float32.decode($0) }
    guard entry.type == .float32, values.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      throw .tensor(
        name: name, path: file.path, reason: "must have positive numbers of 32 bits")
    }
    return .array(values.map { JSONValue.number(JSONNumber(Double($0))) })
  }
}
