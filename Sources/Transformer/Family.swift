package import Checkpoint
package import Formats
public import JSON

/// A family of models: how to read its `config.json`.
///
/// A new family is one file with a `static let`, and a line in ``all``.
public struct Family: Sendable {
  /// `model_type` in `config.json`.
  public let modelType: String
  /// Declares a model from its configuration.
  let declare: @Sendable (ModelConfiguration) throws(JSONError) -> ModelDeclaration

  /// A family with its `model_type`.
  ///
  /// - Parameters:
  ///   - modelType: `model_type` in `config.json`.
  ///   - declare: declares a model from its configuration.
  public init(
    _ modelType: String,
    declare: @escaping @Sendable (ModelConfiguration) throws(JSONError) -> ModelDeclaration
  ) {
    self.modelType = modelType
    self.declare = declare
  }

  /// Every family in this library.
  public static let all = [
    llama, smolLM3, seedOSS, arcee, apertus, helium, ernie45, hunyuanDense, granite,
    mistral, ministral, ministral3, qwen2, qwen3, gemma, gemma2, vaultGemma, gemma3,
    phi3, phi, glm, glm4, cohere, cohere2, olmo, olmo2, olmo3, exaone4,
    stableLM, starCoder2, nemotron,
    qwen3MoE, qwen2MoE, mixtral, olmoe, flexOlmo, ernie45MoE, hunyuanMoE, miniMaxM2, afmoe,
    glm4MoE, dots1, solarOpen, exaoneMoE,
    gptNeoX, gpt2, gptBigCode, gptJ, gptNeo, opt, bloom, falcon, mpt,
  ]
}

extension Family {
  /// The declaration of the model in a folder, whatever its `model_type`.
  ///
  /// - Parameters:
  ///   - folder: the folder.
  ///   - isAssumed: whether the folder is of another family as far as anybody knows, so that more of what
  ///     its configuration says must be read.
  /// - Returns: the declaration.
  /// - Throws: ``CheckpointError`` for a feature that is not supported.
  package func declaration(
    of folder: ModelFolder, isAssumed: Bool = false
  ) throws(CheckpointError) -> ModelDeclaration {
    let declared = try declared(folder, isAssumed: isAssumed)
    if let unread = declared.unread { throw unread }
    return declared.declaration
  }

  /// The declaration, how many members of the configuration it takes into account, and what is wrong with
  /// one that it does not.
  func declared(
    _ folder: ModelFolder, isAssumed: Bool
  ) throws(CheckpointError) -> (
    declaration: ModelDeclaration, readCount: Int, unread: CheckpointError?
  ) {
    let path = "\(folder.path)/config.json"
    do throws(JSONError) {
      let config = try ModelConfiguration(of: folder)
      config.ignore("model_type")
      let declaration = try declare(config)
      let unread = try config.unreadMember(isAssumed: isAssumed).map { field in
        CheckpointError.json(
          path: path,
          cause: .wrongKind(
            path: field.path, expected: "nothing, since \(modelType) is computed without it",
            found: field.value.text(.compact)))
      }
      return (declaration, try config.readCount, unread)
    } catch {
      throw .json(path: path, cause: error)
    }
  }
}

extension [Family] {
  /// The family of the model in a folder.
  ///
  /// - Parameters:
  ///   - folder: the folder.
  ///   - assumed: the `model_type` of the family that an unknown architecture is read as; nil for none.
  ///   - formats: the known formats of quantized folders.
  /// - Returns: the family.
  /// - Throws: ``CheckpointError`` for an unknown architecture; or for a known one, if it is to be read as
  ///   another.
  package func family(
    of folder: ModelFolder, as assumed: String? = nil,
    _ formats: [any CheckpointFormat] = CheckpointFormats.all
  ) throws(CheckpointError) -> Family {
    let modelType = try folder.modelType
    if let known = first(where: { $0.modelType == modelType }) {
      guard assumed == nil else {
        throw .knownArchitecture(path: folder.path, modelType: modelType)
      }
      return known
    }
    guard let assumed, Family.refusals[modelType] == nil else {
      throw refusal(of: modelType, folder, formats)
    }
    guard let family = first(where: { $0.modelType == assumed }) else {
      throw .unknownFamily(name: assumed, known: map(\.modelType))
    }
    return family
  }
}

extension ModelFolder {
  /// `model_type` of the language model.
  ///
  /// - Throws: ``CheckpointError`` if there is none.
  package var modelType: String {
    get throws(CheckpointError) {
      do throws(JSONError) {
        return try ModelConfiguration(of: self).member("model_type").string
      } catch {
        throw .json(path: "\(path)/config.json", cause: error)
      }
    }
  }
}

extension ModelConfiguration {
  /// The configuration of the language model in a folder.
  ///
  /// A model of text and images keeps it under `text_config`; whether the head is tied, the whole
  /// decides.
  fileprivate init(of folder: ModelFolder) throws(JSONError) {
    let names = folder.tensors.map(\.name).sorted()
    self.init(try folder.configuration.field.textModel) { prefix in
      let first = names.partitioningIndex { $0 >= prefix }
      return first < names.count && names[first].hasPrefix(prefix)
    }
  }
}

extension [String] {
  /// The first index of a sorted array from which on a condition holds.
  fileprivate func partitioningIndex(where condition: (String) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if condition(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
