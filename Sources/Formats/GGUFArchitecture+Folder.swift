internal import Checkpoint
package import JSON

extension GGUFArchitecture {
  /// The architecture of the model in a folder; of a Gemma 3 with a vision tower, that of its language model.
  ///
  /// - Throws: ``CheckpointError`` for one of which no GGUF files are written.
  init(of folder: ModelFolder) throws(CheckpointError) {
    do throws(JSONError) {
      try self.init(Self.configuration(of: folder))
    } catch {
      throw .json(path: "\(folder.path)/config.json", cause: error)
    }
    guard folder.configuration["text_config"] != nil else { return }
    let roots = ["language_model.model.", "model.language_model."]
    root =
      roots.first { root in folder.tensors.contains { $0.name.hasPrefix("\(root)layers.0.") } }
      ?? root
  }

  /// What `config.json` says of the language model.
  ///
  /// - Throws: `JSONError` if it contradicts itself.
  static func configuration(of folder: ModelFolder) throws(JSONError) -> JSONField {
    let field = folder.configuration.field
    return try field.optionalMember("model_type")?.value == "gemma3" ? field.textModel : field
  }
}

extension JSONField {
  /// The object of the language model: `text_config` in a model of text and images, in which the whole decides whether
  /// the head is tied.
  package var textModel: JSONField {
    get throws(JSONError) {
      guard let text = try optionalMember("text_config") else { return self }
      var value = text.value
      if let tie = try optionalMember("tie_word_embeddings") {
        try value.setMember("tie_word_embeddings", to: tie.value)
      }
      return JSONField(value: value, path: text.path)
    }
  }
}
