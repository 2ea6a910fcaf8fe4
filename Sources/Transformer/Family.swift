package import Checkpoint
public import JSON

/// A family of models: how to read its `config.json`.
///
/// A new family is one file with a `static let`, and a line in ``all``.
public struct Family: Sendable {
  /// `model_type` in `config.json`.
  public let modelType: String
  /// Declares a model from its configuration.
  let declare: @Sendable (JSONField) throws(JSONError) -> ModelDeclaration

  /// A family with its `model_type`.
  ///
  /// - Parameters:
  ///   - modelType: `model_type` in `config.json`.
  ///   - declare: declares a model from its configuration.
  public init(
    _ modelType: String,
    declare: @escaping @Sendable (JSONField) throws(JSONError) -> ModelDeclaration
  ) {
    self.modelType = modelType
    self.declare = declare
  }

  /// Every family in this library.
  public static let all = [llama, mistral, qwen2, qwen3, qwen3MoE, gemma3, gptNeoX]
}

extension [Family] {
  /// The declaration of the model in a folder.
  ///
  /// - Throws: ``CheckpointError`` for a family or a feature that is not supported.
  package func declaration(of folder: ModelFolder) throws(CheckpointError) -> ModelDeclaration {
    let config = folder.configuration.field
    do throws(JSONError) {
      let modelType = try config.member("model_type").string
      guard let family = first(where: { $0.modelType == modelType }) else {
        throw .wrongKind(
          path: "model_type", expected: map(\.modelType).joined(separator: ", "),
          found: "\"\(modelType)\", whose architecture is not supported")
      }
      return try family.declare(config)
    } catch {
      throw .json(path: "\(folder.path)/config.json", cause: error)
    }
  }
}
