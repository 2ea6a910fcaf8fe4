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
  /// The disk is too small for what checkpoints take besides the result.
  static func noRoomForCheckpoints(_ bytes: Int) -> Warning {
    Warning(
      "checkpoints take up to \((bytes + 999_999) / 1_000_000) MB more on the disk of the result, which are not free; the "
        + "run would end at one for which there is no room, and go on from the one before when there is"
    )
  }

  /// Types that a plan names and whose blocks do not fill the rows, with what takes their place.
  static func replacing(_ types: [(asked: String, stored: String)]) -> [Warning] {
    let pairs = Set(types.map { "\($0.asked) as \($0.stored)" }).sorted()
    guard !pairs.isEmpty else { return [] }
    return [
      Warning(
        "where the blocks of a planned type do not fill the rows, another takes its place: "
          + pairs.joined(separator: ", "))
    ]
  }

  /// What a file of the language model alone lacks; none where that is all there is.
  package static func leavingOut(_ parts: [String]) -> [Warning] {
    guard !parts.isEmpty else { return [] }
    return [
      Warning(
        "\(parts.joined(separator: ", ")): not in the file, which is of the language model alone")
    ]
  }
}
