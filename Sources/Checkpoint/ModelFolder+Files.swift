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
      throw .missing(path: path, needed: "a Hugging Face model folder has one")
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
    var names = ["model.safetensors"]
    if hasIndex(folder) {
      names = Set(try weightMap(in: folder).map(\.file)).sorted()
    } else if let single = singleFile(in: folder) {
      names = [single]
    }
    var files: [SafetensorsFile] = []
    for name in names {
      let path = "\(folder)/\(name)"
      guard FileManager.default.fileExists(atPath: path) else {
        throw .missing(path: path, needed: hint(folder, isShard: name != "model.safetensors"))
      }
      files.append(try SafetensorsFile(path: path))
    }
    return files
  }

  /// Whether the weights are those that an index lists.
  private static func hasIndex(_ folder: String) -> Bool {
    !FileManager.default.fileExists(atPath: "\(folder)/model.safetensors")
      && FileManager.default.fileExists(atPath: "\(folder)/\(indexName)")
  }

  /// The only safetensors file of a folder, apart from that of an adapter.
  private static func singleFile(in folder: String) -> String? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let files = names.filter { $0.hasSuffix(".safetensors") && !$0.hasPrefix("adapter_") }
    return files.count == 1 ? files[0] : nil
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

  /// The folder of a model: the one given, or the snapshot in it if it is one of the hub's cache.
  static func resolved(_ path: String) -> String {
    guard !FileManager.default.fileExists(atPath: "\(path)/config.json"),
      let names = try? FileManager.default.contentsOfDirectory(atPath: "\(path)/snapshots")
    else { return path }
    let main = try? String(contentsOfFile: "\(path)/refs/main", encoding: .utf8)
    let wanted = main?.trimmingCharacters(in: .whitespacesAndNewlines)
    let snapshot = names.first { $0 == wanted } ?? (names.count == 1 ? names[0] : nil)
    return snapshot.map { "\(path)/snapshots/\($0)" } ?? path
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

  /// What to do about missing weights, judging from the files that are there.
  private static func hint(_ folder: String, isShard: Bool) -> String {
    if isShard { return "the index names this shard; fetch the model again" }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let others = names.filter {
      $0.hasSuffix(".bin") || $0.hasSuffix(".gguf") || $0.hasSuffix(".pth")
    }
    guard let other = others.sorted().first else { return "the folder has no safetensors weights" }
    return "found \(other), but weights must be in safetensors; convert the model first"
  }
}
