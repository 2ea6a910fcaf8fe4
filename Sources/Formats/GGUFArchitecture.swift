internal import Checkpoint
internal import JSON

// What GGUF files call the architecture of a model, and what they change in its tensors. Files of "llama" have the rows
// of q and k in another order: where transformers turns channel i of a head together with channel i + d/2, llama.cpp
// turns neighbours, so row 2i + j of a head is row i + j·d/2 of the original.

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
  /// The number of experts of a block; 0 without a mixture.
  let experts: Int
  /// Whether the head is the embedding.
  let isTied: Bool
  /// What the keys of the model begin with, apart from that of the head.
  var root = "model."

  /// What Gemma's files have besides; nil for other models.
  var gemma: GemmaStatement? { name.hasPrefix("gemma") ? GemmaStatement(name: name) : nil }

  /// What files of mixtures have besides; nil for other models.
  var mixture: ExpertStatement? { experts > 0 ? ExpertStatement(name: name) : nil }

  /// What is added to an element of a tensor, given by its name in the file: Gemma's gains are 1 + w.
  func offset(of tensor: String) -> Float {
    gemma != nil && tensor.hasSuffix("norm.weight") ? 1 : 0
  }

  /// Whether the rows of q and k are in the order of neighbouring channels.
  var permutesHeads: Bool { name == "llama" }

  /// The architecture for each `model_type`.
  static let names: KeyValuePairs = [
    "llama": "llama", "mistral": "llama", "mixtral": "llama", "qwen2": "qwen2", "qwen3": "qwen3",
    "qwen2_moe": "qwen2moe", "qwen3_moe": "qwen3moe", "olmoe": "olmoe", "gemma": "gemma",
    "gemma2": "gemma2", "gemma3_text": "gemma3", "phi3": "phi3",
  ]

  /// The `model_type`.
  var modelType: String {
    if name == "llama" { return mixture == nil ? "llama" : "mixtral" }
    return Self.names.first { $0.value == name }?.key ?? name
  }

  /// Whether a tensor has no place in a file: a head that is the embedding, old tables of frequencies, and what
  /// belongs to another part of a composite model.
  func leavesOut(_ tensor: String) -> Bool {
    if tensor.hasSuffix(".rotary_emb.inv_freq") { return true }
    if tensor.hasSuffix("lm_head.weight") { return isTied }
    return root != "model." && !tensor.hasPrefix(root)
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
