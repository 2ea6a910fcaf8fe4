public import Checkpoint
public import Formats
public import Solvers
public import Transformer

/// Everything that can be chosen by name: what this library has, and what a program adds.
///
/// ```swift
/// var catalog = Catalog()
/// catalog.roundings.append(RoundingMethod(name: "descent", …))
/// PTQCommand.main(catalog)
/// ```
public struct Catalog: Sendable {
  /// The model families.
  public var families = Family.all
  /// The checkpoint formats, the default first.
  public var formats = CheckpointFormats.all
  /// The roundings, the default first.
  public var roundings = [
    RoundingMethod.gptq, .coordinateDescent, .beam, .signRound, .matryoshka, .nearest,
  ]
  /// The transforms.
  public var transforms = [TransformMethod.awq, .awqOutput, .smoothQuant]

  /// A catalog of what this library has.
  public init() {}

  /// Opens a model folder, or a GGUF file.
  ///
  /// - Parameters:
  ///   - path: the folder or file.
  ///   - family: the `model_type` of the family that an unknown architecture is read as; nil for none.
  /// - Returns: the model.
  /// - Throws: ``CheckpointError`` for anything missing or not supported.
  public func model(
    at path: String, as family: String? = nil
  ) throws(CheckpointError) -> LanguageModel {
    try LanguageModel(ModelFolder(opening: path), families: families, formats: formats, as: family)
  }
}
