package import Checkpoint
internal import Formats
internal import JSON

extension LanguageModel {
  /// The modules with matrices that are never quantized, except `lm_head`, which every reader leaves out:
  /// routers, and whatever stands beside the decoder blocks, such as the head of a classifier.
  package var denseModules: [String] { declaration.denseModules + others.filter { !isForeign($0) } }

  /// The parts of the folder that do not belong to the language model, such as a vision tower.
  package var foreignParts: [String] {
    let parts = others.filter(isForeign).compactMap { name in
      name.split(separator: ".").first { $0 != "model" }.map(String.init)
    }
    return Set(parts).sorted()
  }

  /// The modules with a matrix that the declaration does not name.
  private var others: [String] {
    var known = Set(declaration.blocks.flatMap { $0.stages.flatMap(\.slots).map(\.name) })
    known.formUnion(declaration.blocks.flatMap { $0.norms.map(\.name) })
    known.formUnion([declaration.embedding, declaration.headModule])
    if let positions = declaration.positions { known.insert(positions.name) }
    return folder.tensors.compactMap { tensor in
      guard tensor.shape.dimensions.count == 2, tensor.shape.type.floatFormat != nil,
        tensor.name.hasSuffix(".weight")
      else { return nil }
      let module = String(tensor.name.dropLast(".weight".count))
      return known.contains(module) ? nil : module
    }
  }

  /// What reads or writes the residual stream outside of the language model, so that a rotation would have to
  /// change it as well: the parts of a composite model, the head of a classifier, and whoever embeds texts.
  var residualReaders: [String] {
    foreignParts + others.filter { !isForeign($0) }
      + (makesTokens ? [] : [folder.architecture ?? ""])
  }

  /// Whether the architecture ends in logits of tokens, as far as it and the folder say.
  ///
  /// Models that embed texts name the class with a head although they were saved without one: the names of
  /// their tensors are those of the decoder alone.
  var makesTokens: Bool {
    guard hasHead || !declaration.isBare else { return false }
    guard let architecture = folder.architecture else { return true }
    return ["CausalLM", "LMHead", "ConditionalGeneration"].contains { architecture.contains($0) }
  }

  /// Whether a head is stored, or is the embedding.
  private var hasHead: Bool {
    declaration.head == declaration.embedding
      || folder.tensors.contains { $0.name.hasPrefix("\(declaration.head).") }
  }

  /// Checks that there is a head to predict tokens with, before anything is computed for it.
  ///
  /// - Throws: ``CheckpointError/unsupported(path:reason:)``.
  package func checkPredicts() throws(CheckpointError) {
    guard !hasHead, !makesTokens else { return }
    throw .unsupported(
      path: folder.path,
      reason:
        "has no \(declaration.head).weight, as models that embed or classify texts have none, so "
        + "there are no predictions to evaluate; it can be quantized")
  }

  /// What the names of the decoder's tensors begin with, if that is not what a folder of this `config.json`
  /// has; nil where it is.
  package var foreignPrefix: String? {
    let isComposite = folder.configuration["text_config"] != nil
    return ["base_model.model.", "model.language_model.", "language_model."].first { prefix in
      declaration.embedding.hasPrefix(prefix) && (!isComposite || prefix.hasPrefix("base_model."))
    }
  }

  /// Whether a module belongs to another part of a composite model.
  private func isForeign(_ module: String) -> Bool {
    guard folder.configuration["text_config"] != nil, module.contains(".") else { return false }
    var root = declaration.embedding.split(separator: ".").dropLast()
    if root.count > 1, root.last == "model" { root.removeLast() }
    return !module.hasPrefix(root.joined(separator: ".") + ".")
  }
}

extension ModelFolder {
  /// The first of `architectures` in `config.json`, if there is one.
  fileprivate var architecture: String? {
    guard let list = try? configuration.field.optionalMember("architectures")?.array else {
      return nil
    }
    return try? list.first?.string
  }
}
