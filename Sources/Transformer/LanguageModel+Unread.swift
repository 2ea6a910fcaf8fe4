internal import Checkpoint
internal import Formats

extension LanguageModel {
  /// Checks that every tensor of a decoder block, and every bias of the final norm and the head, is part of
  /// the declaration: one that nobody reads is a part of the model that would be left out.
  func checkNothingIsUnread() throws(CheckpointError) {
    var known: Set<String> = []
    var quantized: Set<String> = []
    var blocks: Set<String> = []
    for block in declaration.blocks {
      let slots = block.stages.flatMap(\.slots)
      for slot in slots {
        if isQuantized(slot.shape) { quantized.insert(slot.name) }
        known.insert("\(slot.name).weight")
        if slot.hasBias { known.insert("\(slot.name).bias") }
      }
      known.formUnion(block.norms.flatMap(\.tensorNames))
      known.formUnion(block.vectors.map(\.name))
      if let module = block.cacheModule, cacheScheme != nil {
        known.formUnion(CacheScales.tensors(of: module).map(\.name))
      }
      blocks.insert(commonModule(slots.map(\.name)))
    }
    var ends = Set(declaration.finalNorm.tensorNames)
    if declaration.hasHeadBias { ends.insert("\(declaration.headModule).bias") }
    for name in [declaration.finalNorm.name, declaration.headModule].map({ "\($0).bias" }) {
      guard let tensor = folder.tensor(name), !ends.contains(name) else { continue }
      throw Self.unread(tensor)
    }
    for tensor in folder.tensors where !known.contains(tensor.name) {
      let modules = Modules(of: tensor.name)
      // Formats may store what they like below a quantized Linear.
      guard modules.contains(where: blocks.contains), !modules.contains(where: quantized.contains),
        !Self.constants.contains(where: tensor.name.hasSuffix)
      else { continue }
      throw Self.unread(tensor)
    }
  }

  private static func unread(_ tensor: ModelFolder.TensorReference) -> CheckpointError {
    .tensor(
      name: tensor.name, path: tensor.path,
      reason:
        "belongs to the decoder, but nothing in this architecture reads it, so the model would be "
        + "computed without it")
  }

  /// What old checkpoints hold although it follows from the configuration.
  private static let constants = [
    ".rotary_emb.inv_freq", ".attn.bias", ".attention.bias", ".attn.attention.bias", ".masked_bias",
  ]

  /// The longest key of which all these are parts.
  private func commonModule(_ names: [String]) -> String {
    let all = names.map { $0.split(separator: ".") }
    guard var common = all.first else { return "" }
    for parts in all { common = Array(zip(common, parts).prefix { $0 == $1 }.map(\.0)) }
    return common.joined(separator: ".")
  }
}

/// The keys of which a tensor is a part: a.b.c is one of a.b and of a.
private struct Modules: Sequence, IteratorProtocol {
  private var rest: Substring

  init(of name: String) { rest = name[...] }

  mutating func next() -> String? {
    guard let dot = rest.lastIndex(of: ".") else { return nil }
    rest = rest[..<dot]
    return String(rest)
  }
}
