internal import Foundation
internal import JSON

extension ModelFolder {
  static let indexName = "model.safetensors.index.json"

  /// The contents of a JSON file in a folder.
  static func json(_ name: String, in folder: String) throws(CheckpointError) -> JSONValue {
    let path = "\(folder)/\(name)"
    guard FileManager.default.fileExists(atPath: folder) else {
      throw .missing(path: folder, needed: "a Hugging Face model folder is needed")
    }
    guard FileManager.default.fileExists(atPath: "\(folder)/.") else {
      throw .unsupported(path: folder, reason: "is a file; a Hugging Face model folder is needed")
    }
    guard FileManager.default.fileExists(atPath: path) else {
      throw missing(path, configurationHint(folder))
    }
    let file = try MappedFile(path: path)
    do throws(JSONError) {
      return try JSONValue(parsing: file.copy(0..<file.byteCount))
    } catch {
      throw .json(path: path, cause: error)
    }
  }

  /// The weight files: `model.safetensors` if it is there, as in transformers; otherwise those in the
  /// index; otherwise the only file of weights, as AutoGPTQ names it.
  static func weightFiles(in folder: String) throws(CheckpointError) -> [SafetensorsFile] {
    var (names, hint) = (["model.safetensors"], weightsHint(folder))
    let found = candidates(in: folder)
    if hasIndex(folder) {
      names = Set(try weightMap(in: folder).map(\.file)).sorted()
      hint = "the index names this shard; fetch the model again"
    } else if found.count == 1 {
      names = found
    }
    var files: [SafetensorsFile] = []
    for name in names {
      let path = "\(folder)/\(name)"
      guard FileManager.default.fileExists(atPath: path) else { throw missing(path, hint) }
      files.append(try SafetensorsFile(path: path))
    }
    return files
  }

  /// Whether the weights are those that an index lists.
  private static func hasIndex(_ folder: String) -> Bool {
    // An index that is a link to nothing is one, too, and is refused as that.
    !FileManager.default.fileExists(atPath: "\(folder)/model.safetensors")
      && names(in: folder).contains(indexName)
  }

  /// `config.json`, with the settings of AutoGPTQ and AutoAWQ where those are in a file of their own.
  static func configuration(in folder: String) throws(CheckpointError) -> JSONValue {
    var configuration = try json("config.json", in: folder)
    for (name, method) in [("quantize_config.json", "gptq"), ("quant_config.json", "awq")] {
      guard case .object = configuration, configuration["quantization_config"] == nil,
        FileManager.default.fileExists(atPath: "\(folder)/\(name)")
      else { continue }
      var settings = try json(name, in: folder)
      do throws(JSONError) {
        if settings["quant_method"] == nil {
          try settings.setMember("quant_method", to: .string(method))
        }
        try configuration.setMember("quantization_config", to: settings)
      } catch {
        throw .json(path: "\(folder)/\(name)", cause: error)
      }
    }
    return configuration
  }

  /// Checks that every tensor in the index is in the file that the index names.
  func checkIndex() throws(CheckpointError) {
    guard Self.hasIndex(path) else { return }
    for (name, file) in try Self.weightMap(in: path) {
      guard let tensor = tensor(name), tensor.path == "\(path)/\(file)" else {
        throw .tensor(
          name: name, path: "\(path)/\(Self.indexName)",
          reason: "is not in \(file), where the index puts it")
      }
    }
  }

  /// The entries of the index.
  ///
  /// A file name with a slash could lead anywhere, so it is refused.
  private static func weightMap(
    in folder: String
  ) throws(CheckpointError) -> [(tensor: String, file: String)] {
    let index = try json(indexName, in: folder)
    var result: [(tensor: String, file: String)] = []
    do throws(JSONError) {
      for (name, field) in try index.member("weight_map").members {
        result.append((name, try field.string))
      }
    } catch {
      throw .json(path: "\(folder)/\(indexName)", cause: error)
    }
    if let bad = result.first(where: { $0.file.contains("/") || $0.file.hasPrefix(".") }) {
      throw .unsupported(
        path: "\(folder)/\(indexName)", reason: "puts \(bad.tensor) outside of the folder")
    }
    return result
  }
}
