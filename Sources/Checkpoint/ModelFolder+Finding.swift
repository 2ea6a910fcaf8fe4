internal import Foundation
internal import JSON

// Folders that hold no model, and what their users have in its place: a cache of the hub, links whose files are
// gone, an adapter, weights without their index.

extension ModelFolder {
  /// The folder of a model: the one given, or the snapshot in it if it is one of the hub's cache.
  ///
  /// - Throws: ``CheckpointError/unsupported(path:reason:)`` where no snapshot is the right one.
  static func resolved(_ path: String) throws(CheckpointError) -> String {
    guard !FileManager.default.fileExists(atPath: "\(path)/config.json"),
      FileManager.default.fileExists(atPath: "\(path)/snapshots")
    else { return path }
    let names = names(in: "\(path)/snapshots")
    let main = try? String(contentsOfFile: "\(path)/refs/main", encoding: .utf8)
    let wanted = main?.trimmingCharacters(in: .whitespacesAndNewlines)
    let snapshot = names.first { $0 == wanted } ?? (names.count == 1 ? names[0] : nil)
    if let snapshot { return "\(path)/snapshots/\(snapshot)" }
    throw .unsupported(
      path: path,
      reason: names.first.map {
        "is a cache folder of the hub with the snapshots \(listed(names)), none of which is named by refs/main; "
          + "give one of them, such as \(path)/snapshots/\($0)"
      } ?? "is a cache folder of the hub without any snapshot; fetch the model again")
  }

  /// The error for a file that is not there, or that is a link to nothing.
  static func missing(_ path: String, _ hint: String) -> CheckpointError {
    guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else {
      return .missing(path: path, needed: hint)
    }
    return .unsupported(
      path: path,
      reason:
        "is a link to \(target), which is not there; fetch the model again, or copy the folder "
        + "together with the files that its links lead to")
  }

  /// The safetensors files of a folder, apart from that of an adapter.
  static func candidates(in folder: String) -> [String] {
    names(in: folder).filter { $0.hasSuffix(".safetensors") && !$0.hasPrefix("adapter_") }
  }

  /// What to do about a missing `config.json`, judging from the files that are there.
  static func configurationHint(_ folder: String) -> String {
    if let hint = adapterHint(folder) { return hint }
    let models = names(in: folder).filter { $0.hasPrefix("models--") }
    guard let first = models.first else { return "a Hugging Face model folder has one" }
    return "the folder is the cache of the hub, with \(listed(models)); give one of them, such as "
      + "\(folder)/\(first)"
  }

  /// What to do about missing weights, judging likewise.
  static func weightsHint(_ folder: String) -> String {
    let files = candidates(in: folder)
    guard files.count < 2 else {
      return
        "found \(listed(files)), but no \(indexName), which says what each of them holds; fetch it as "
        + "well, or keep a single file of weights"
    }
    let others = names(in: folder).filter { name in
      !name.hasPrefix("adapter_") && [".bin", ".gguf", ".pth"].contains { name.hasSuffix($0) }
    }
    guard let other = others.first else {
      return adapterHint(folder) ?? "the folder has no safetensors weights"
    }
    return "found \(other), but weights must be in safetensors; convert the model first"
  }

  /// What to do about an adapter; nil where the folder holds none.
  private static func adapterHint(_ folder: String) -> String? {
    let name = "adapter_config.json"
    guard FileManager.default.fileExists(atPath: "\(folder)/\(name)") else { return nil }
    let base = try? json(name, in: folder).member("base_model_name_or_path").string
    return
      "the folder holds an adapter, which changes another model\(base.map { ", \($0)" } ?? ""); "
      + "merge it into that model, and give the result"
  }

  /// Up to four names.
  private static func listed(_ names: [String]) -> String {
    names.prefix(4).joined(separator: ", ") + (names.count > 4 ? ", …" : "")
  }
}
