internal import Checkpoint
internal import Transformer

extension LanguageModel {
  /// What its user should know about the output.
  var warnings: [Warning] {
    let adapter = Warning(
      "adapter_config.json: the adapter beside the weights is not part of the result; merge it into the "
        + "model first, or apply it to the result")
    return rotationWarnings + (folder.hasAdapter ? [adapter] : [])
  }

  /// What a rotation costs: a head of its own, where it was the embedding's; and rounding of dense
  /// Linears, which are stored again in their format.
  private var rotationWarnings: [Warning] {
    var warnings: [Warning] = []
    if untiesHead, let table = folder.tensor("\(declaration.embedding).weight") {
      let megabytes = (Double(table.shape.byteCount ?? 0) / 1e6).rounded()
      warnings.append(
        Warning(
          "rotation: the head no longer shares its weights with the embedding, which takes "
            + "\(Int(megabytes)) MB more"))
    }
    let hasExperts = declaration.blocks.contains { block in
      block.stages.flatMap(\.slots).contains { $0.expert != nil }
    }
    if !rotatedTensors.isEmpty, hasExperts {
      warnings.append(
        Warning(
          "rotation: routers are rounded to their format once more, so a few tokens may go to other "
            + "experts"))
    }
    return warnings
  }
}

extension Warning {
  /// What a file of the language model alone lacks; none where that is all there is.
  package static func leavingOut(_ parts: [String]) -> [Warning] {
    guard !parts.isEmpty else { return [] }
    return [
      Warning(
        "\(parts.joined(separator: ", ")): not in the file, which is of the language model alone")
    ]
  }
}
