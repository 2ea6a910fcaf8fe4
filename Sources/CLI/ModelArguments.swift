import ArgumentParser
import Checkpoint
import Formats
import Pipeline
import Transformer

/// The option of all commands that open a model.
struct ModelArguments: ParsableArguments {
  @Option(
    name: .customLong("as"),
    help: ArgumentHelp(
      """
      The model_type as which an unknown architecture is read, such as llama. Without it, the error \
      says which ones the folder resembles.
      """, valueName: "model-type"))
  var family: String?

  /// Opens two folders, of which one may be of a known architecture and be read as what it is.
  func models(at path: String, _ other: String) throws -> (LanguageModel, LanguageModel) {
    let known = try [path, other].map { path in
      let modelType = try ModelFolder(opening: path).modelType
      return Catalog.current.families.contains { $0.modelType == modelType }
    }
    func open(_ path: String, isKnown: Bool) throws -> LanguageModel {
      isKnown && known.contains(false) ? try Catalog.current.model(at: path) : try model(at: path)
    }
    return (try open(path, isKnown: known[0]), try open(other, isKnown: known[1]))
  }

  /// Opens a folder, and says on standard error what is assumed about it.
  func model(at path: String) throws -> LanguageModel {
    let model = try Catalog.current.model(at: path, as: family)
    if let assumed = model.assumedFamily {
      let known = try model.folder.modelType
      ProgressLine().say(
        "warning: \(path): \(known) is unknown, and read as \(assumed): its norms, rotation of positions, "
          + "activation and attention are taken to be those of \(assumed), which the files cannot tell; "
          + "compare the perplexity of ptq eval with what is known of the model")
    }
    return model
  }
}
