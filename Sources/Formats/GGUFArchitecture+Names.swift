// What GGUF files call the parts of a model. All experts of a block are one tensor there, of three axes.

extension GGUFArchitecture {
  /// Where a tensor of a model is in a file.
  struct Location: Equatable {
    /// The name of the tensor in the file.
    let name: String
    /// The expert of which it has the matrix; nil where it is the whole tensor.
    let expert: Int?
  }

  /// Names of modules that are not in a block.
  private var ends: [(String, String)] {
    [("\(root)embed_tokens", "token_embd"), ("\(root)norm", "output_norm"), ("lm_head", "output")]
  }

  /// Names of modules in a block; `#` stands for the number of an expert.
  private var parts: [(String, String)] {
    let norms =
      gemma?.period == nil
      ? [("post_attention_layernorm", "ffn_norm")]
      : [
        ("post_attention_layernorm", "post_attention_norm"),
        ("pre_feedforward_layernorm", "ffn_norm"), ("post_feedforward_layernorm", "post_ffw_norm"),
      ]
    let common = [("input_layernorm", "attn_norm"), ("self_attn.o_proj", "attn_output")] + norms
    if name == "phi3" { return common + PhiStatement.parts }
    return common + Self.attentionParts + (mixture?.parts ?? Self.denseParts)
  }

  private static let attentionParts = [
    ("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"), ("self_attn.v_proj", "attn_v"),
    ("self_attn.q_norm", "attn_q_norm"), ("self_attn.k_norm", "attn_k_norm"),
  ]

  private static let denseParts = [
    ("mlp.gate_proj", "ffn_gate"), ("mlp.up_proj", "ffn_up"), ("mlp.down_proj", "ffn_down"),
  ]

  /// Where a tensor of a model is in a file; nil where the architecture has no such.
  func location(of tensor: String) -> Location? {
    guard let (module, suffix) = Self.parted(tensor) else { return nil }
    if let end = ends.first(where: { $0.0 == module }) {
      return Location(name: end.1 + suffix, expert: nil)
    }
    guard let place = Place(module, behind: "\(root)layers.") else { return nil }
    let (pattern, expert) = numbered(place.part)
    guard let part = parts.first(where: { $0.0 == pattern }),
      pattern.contains("#") == (expert != nil),
      suffix == ".weight" || loadsBias(of: part.1)
    else { return nil }
    return Location(name: "blk.\(place.block).\(part.1)\(suffix)", expert: expert)
  }

  /// The Hugging Face keys of a tensor in a file: one for each expert where it has all of them; none where the
  /// architecture has no such tensor.
  func keys(of tensor: String) -> [String] {
    guard let (module, suffix) = Self.parted(tensor) else { return [] }
    if let end = ends.first(where: { $0.1 == module }) { return [end.0 + suffix] }
    guard let place = Place(module, behind: "blk."),
      let part = parts.first(where: { $0.1 == place.part })
    else { return [] }
    let key = "\(root)layers.\(place.block).\(part.0)\(suffix)"
    guard let mark = key.firstIndex(of: "#") else { return [key] }
    return (0..<experts).map { key[..<mark] + "\($0)" + key[key.index(after: mark)...] }
  }

  /// Whether llama.cpp loads a bias of a part, which it does for q, k and v alone in newer architectures.
  private func loadsBias(of part: String) -> Bool {
    guard mixture != nil || name == "phi3" else { return true }
    return ["attn_q", "attn_k", "attn_v", "attn_qkv"].contains(part)
  }

  /// A part of a block with `#` in the place of the number of its expert, and that number.
  private func numbered(_ part: String) -> (pattern: String, expert: Int?) {
    guard let mixture, let place = Place(part, behind: "\(mixture.module).experts."),
      place.block < experts
    else { return (part, nil) }
    return ("\(mixture.module).experts.#.\(place.part)", place.block)
  }

  private static func parted(_ tensor: String) -> (module: String, suffix: String)? {
    guard let suffix = [".weight", ".bias"].first(where: tensor.hasSuffix) else { return nil }
    return (String(tensor.dropLast(suffix.count)), suffix)
  }

  /// The role of a matrix and the number of its block, such as `attn_v` of block 3; nil outside of blocks.
  func role(of linear: String) -> (part: String, block: Int)? {
    guard let name = location(of: "\(linear).weight")?.name,
      let place = Place(String(name.dropLast(".weight".count)), behind: "blk.")
    else { return nil }
    return (place.part, place.block)
  }

  /// Where a tensor stands in a file: the embedding, the blocks, and what is behind them.
  func place(of tensor: String) -> Int {
    Place(tensor, behind: "blk.")?.block ?? (tensor.hasPrefix("token_embd") ? -1 : blocks)
  }
}

/// The number of a block or expert, and what follows it in the name of a module.
private struct Place {
  let block: Int
  let part: String

  /// What stands in a name behind a prefix; nil where that is no number with more behind it.
  init?(_ name: String, behind prefix: String) {
    guard name.hasPrefix(prefix) else { return nil }
    let rest = name.dropFirst(prefix.count)
    guard let dot = rest.firstIndex(of: "."), let block = Int(rest[..<dot]), block >= 0,
      String(block) == rest[..<dot]
    else { return nil }
    self.block = block
    part = String(rest[rest.index(after: dot)...])
  }
}
