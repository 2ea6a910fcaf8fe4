internal import Checkpoint
internal import JSON

// What GGUF files call the parts of a model, by the architecture. Files of "llama" have the rows of q and k in
// another order: where transformers turns channel i of a head together with channel i + d/2, llama.cpp turns
// neighbours, so row 2i + j of a head is row i + j·d/2 of the original.

/// A model's architecture as GGUF files have it.
struct GGUFArchitecture {
  /// Its name, with which the keys of its metadata begin.
  let name: String
  /// The number of decoder blocks.
  let blocks: Int
  /// The number of heads of q.
  let heads: Int
  /// The number of heads of k and v.
  let keyValueHeads: Int
  /// Whether the head is the embedding.
  let isTied: Bool

  /// What Gemma's files have besides; nil for other models.
  var gemma: GemmaStatement? { name.hasPrefix("gemma") ? GemmaStatement(name: name) : nil }

  /// What is added to an element of a tensor, given by its name in the file: Gemma's gains are 1 + w.
  func offset(of tensor: String) -> Float {
    gemma != nil && tensor.hasSuffix("norm.weight") ? 1 : 0
  }

  /// Whether the rows of q and k are in the order of neighbouring channels.
  var permutesHeads: Bool { name == "llama" }

  /// The architecture for a `model_type`; nil where none is known.
  static func name(ofModelType type: String) -> String? {
    switch type {
    case "llama", "mistral": "llama"
    case "qwen2": "qwen2"
    case "qwen3": "qwen3"
    case "gemma", "gemma2", "gemma3": type
    case "gemma3_text": "gemma3"
    default: nil
    }
  }

  /// Names of modules that are not in a block.
  private static let ends = [
    ("model.embed_tokens", "token_embd"), ("model.norm", "output_norm"), ("lm_head", "output"),
  ]

  /// Names of modules in a block.
  private var parts: [(String, String)] {
    let norms =
      gemma?.period == nil
      ? [("post_attention_layernorm", "ffn_norm")]
      : [
        ("post_attention_layernorm", "post_attention_norm"),
        ("pre_feedforward_layernorm", "ffn_norm"), ("post_feedforward_layernorm", "post_ffw_norm"),
      ]
    return Self.commonParts + norms
  }

  private static let commonParts = [
    ("input_layernorm", "attn_norm"), ("self_attn.q_proj", "attn_q"),
    ("self_attn.k_proj", "attn_k"),
    ("self_attn.v_proj", "attn_v"), ("self_attn.o_proj", "attn_output"),
    ("self_attn.q_norm", "attn_q_norm"), ("self_attn.k_norm", "attn_k_norm"),
    ("mlp.gate_proj", "ffn_gate"), ("mlp.up_proj", "ffn_up"), ("mlp.down_proj", "ffn_down"),
  ]

  /// The name of a tensor in a GGUF file; nil where the architecture has no such.
  func name(of tensor: String) -> String? {
    Self.renamed(tensor, Self.ends, parts, from: "model.layers.", to: "blk.")
  }

  /// The Hugging Face key of a tensor in a GGUF file; nil where the architecture has no such.
  func key(of tensor: String) -> String? {
    Self.renamed(
      tensor, Self.ends.map { ($1, $0) }, parts.map { ($1, $0) }, from: "blk.",
      to: "model.layers.")
  }

  /// Whether a tensor has no place in a file since it follows from others: a head that is the embedding, and old
  /// tables of frequencies.
  func leavesOut(_ tensor: String) -> Bool {
    isTied && tensor == "lm_head.weight" || tensor.hasSuffix(".rotary_emb.inv_freq")
  }

  /// Where a tensor stands in a file: the embedding, the blocks, and what is behind them.
  func place(of tensor: String) -> Int {
    guard tensor.hasPrefix("blk."), let place = Place(tensor.dropFirst("blk.".count)) else {
      return tensor.hasPrefix("token_embd") ? -1 : blocks
    }
    return place.block
  }

  private static func renamed(
    _ tensor: String, _ ends: [(String, String)], _ parts: [(String, String)], from prefix: String,
    to newPrefix: String
  ) -> String? {
    guard let suffix = [".weight", ".bias"].first(where: tensor.hasSuffix) else { return nil }
    let module = String(tensor.dropLast(suffix.count))
    if let end = ends.first(where: { $0.0 == module }) { return end.1 + suffix }
    guard module.hasPrefix(prefix), let place = Place(module.dropFirst(prefix.count)),
      let part = parts.first(where: { $0.0 == place.part })
    else { return nil }
    return "\(newPrefix)\(place.block).\(part.1)\(suffix)"
  }

  /// The role of a matrix and the number of its block, such as `attn_v` of block 3; nil outside of blocks.
  func role(of linear: String) -> (part: String, block: Int)? {
    guard let name = name(of: "\(linear).weight"), name.hasPrefix("blk."),
      let place = Place(name.dropFirst("blk.".count).dropLast(".weight".count))
    else { return nil }
    return (place.part, place.block)
  }

  /// Where each row of a tensor is in the original, if the rows are in another order; nil if they are not.
  ///
  /// - Parameters:
  ///   - tensor: its name in the GGUF file.
  ///   - rows: the number of its rows.
  /// - Returns: the order.
  func rowOrder(of tensor: String, rows: Int) -> [Int]? {
    guard permutesHeads, tensor.hasPrefix("blk.") else { return nil }
    let part = tensor.split(separator: ".").dropFirst(2).first
    guard part == "attn_q" || part == "attn_k" else { return nil }
    let heads = part == "attn_q" ? heads : keyValueHeads
    guard heads > 0, rows % (2 * heads) == 0 else { return nil }
    let (width, half) = (rows / heads, rows / heads / 2)
    return (0..<rows).map { row in
      let channel = row % width
      return row - channel + channel / 2 + channel % 2 * half
    }
  }
}

/// The number of a block and what follows it in the name of a module.
private struct Place {
  let block: Int
  let part: String

  init?(_ name: Substring) {
    guard let dot = name.firstIndex(of: "."), let block = Int(name[..<dot]), block >= 0,
      String(block) == name[..<dot]
    else { return nil }
    self.block = block
    part = String(name[name.index(after: dot)...])
  }
}
