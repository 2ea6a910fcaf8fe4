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

  /// The weight files: those in the index if there is one, otherwise `model.safetensors`.
  static func weightFiles(in folder: String) throws(CheckpointError) -> [SafetensorsFile] {
    var names = ["model.safetensors"]
    if FileManager.default.fileExists(atPath: "\(folder)/\(indexName)") {
      names = Set(try weightMap(in: folder).map(\.file)).sorted()
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

  /// Checks that every tensor in the index is in the file that the index names.
  func checkIndex() throws(CheckpointError) {
    guard FileManager.default.fileExists(atPath: "\(path)/\(Self.indexName)") else { return }
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
