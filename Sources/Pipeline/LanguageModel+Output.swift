internal import Checkpoint
internal import JSON
package import Solvers
package import Transformer

// The model as a run stores it.

extension LanguageModel {
  /// The model that a method quantizes.
  ///
  /// - Throws: `RotationError` where the method rotates and that would not be exact.
  package func rotated(for method: Method) throws -> LanguageModel {
    method.rotates ? try rotated() : self
  }

  /// `config.json` of the output, without what says that it is quantized.
  func outputConfiguration(untying: Bool) throws -> JSONValue {
    var result = folder.configuration
    if untiesHead || untying {
      do throws(JSONError) {
        try result.setMember("tie_word_embeddings", to: false)
        // Readers of composite models differ in which of the two counts.
        if var text = result["text_config"] {
          try text.setMember("tie_word_embeddings", to: false)
          try result.setMember("text_config", to: text)
        }
      } catch {
        throw CheckpointError.json(path: "\(folder.path)/config.json", cause: error)
      }
    }
    return result
  }
}
