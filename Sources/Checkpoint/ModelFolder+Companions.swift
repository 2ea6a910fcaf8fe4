internal import Foundation
package import JSON

extension ModelFolder {
  /// The files that belong to the model in addition to its weights and `config.json`: tokenizer, chat
  /// template, generation and processor settings, remote code, licence.
  ///
  /// The model card is not one of them, because it describes the original, and neither are the settings of
  /// an adapter.
  public var companionFiles: [String] {
    if let embedded { return embedded.keys.sorted() }
    let names = Self.names(in: path)
    let templates = Self.names(in: "\(path)/\(Self.templates)").map { "\(Self.templates)/\($0)" }
    return ((names + templates).filter(Self.isCompanion) + embeddingModules).sorted()
  }

  /// The files of the modules that sentence-transformers puts behind a model (`modules.json`).
  private var embeddingModules: [String] {
    guard case .array(let modules)? = try? json("modules.json") else { return [] }
    let folders = modules.compactMap { module -> String? in
      guard case .string(let folder)? = module["path"] else { return nil }
      return folder
    }
    let inside = folders.filter { folder in
      let parts = folder.split(separator: "/", omittingEmptySubsequences: false)
      return parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
    }
    return inside.flatMap { folder in
      Self.names(in: "\(path)/\(folder)").map { "\(folder)/\($0)" }.filter { !isFolder($0) }
    }
  }

  private func isFolder(_ name: String) -> Bool {
    let values = try? URL(fileURLWithPath: "\(path)/\(name)").resourceValues(forKeys: [
      .isDirectoryKey
    ])
    return values?.isDirectory == true
  }

  /// Checks that the companion files are there.
  ///
  /// - Throws: ``CheckpointError`` for a link to nothing, or if the list of modules cannot be read.
  package func checkCompanions() throws(CheckpointError) {
    _ = try json("modules.json")
    for name in companionFiles where !hasCompanion(name) {
      throw Self.missing("\(path)/\(name)", "it was there when the folder was read")
    }
  }

  /// Whether files of an adapter lie beside the weights, which are not part of the model.
  package var hasAdapter: Bool { Self.names(in: path).contains("adapter_config.json") }

  /// The folder of chat templates that have names.
  private static let templates = "additional_chat_templates"

  /// The names of what is in a folder, in order; none if there is no such folder.
  static func names(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }

  /// Whether there is a file of this name.
  package func hasCompanion(_ name: String) -> Bool {
    embedded.map { $0[name] != nil } ?? FileManager.default.fileExists(atPath: "\(path)/\(name)")
  }

  /// The value in a JSON file beside the weights; nil where there is no such file.
  ///
  /// - Throws: ``CheckpointError`` if it cannot be read.
  package func json(_ name: String) throws(CheckpointError) -> JSONValue? {
    guard hasCompanion(name) else { return nil }
    let bytes = try companion(name)
    do throws(JSONError) {
      return try JSONValue(parsing: bytes)
    } catch {
      throw .json(path: "\(path)/\(name)", cause: error)
    }
  }

  /// The bytes of a companion file.
  ///
  /// - Throws: ``CheckpointError`` if it cannot be read.
  public func companion(_ name: String) throws(CheckpointError) -> [UInt8] {
    if let bytes = embedded?[name] { return bytes }
    let file = try MappedFile(path: "\(path)/\(name)")
    return file.copy(0..<file.byteCount)
  }

  private static func isCompanion(_ name: String) -> Bool {
    let replaced = ["config.json", "quantize_config.json", "quant_config.json"]
    // An index lists weight files, which are not copied, whatever their format.
    if replaced.contains(name) || name.hasSuffix(".index.json") { return false }
    // An adapter changes the original; beside other weights it would change them, or not load.
    if name == "adapter_config.json" { return false }
    if ["vocab.txt", "merges.txt"].contains(name) { return true }
    if ["LICENSE", "NOTICE", "USE_POLICY"].contains(where: name.hasPrefix) { return true }
    return [".json", ".jinja", ".model", ".tiktoken", ".py"].contains(where: name.hasSuffix)
  }
}
