internal import Foundation

extension ModelFolder {
  /// The files that belong to the model in addition to its weights and `config.json`: tokenizer, chat
  /// template, generation and processor settings, remote code, licence.
  ///
  /// The model card is not one of them, because it describes the original, and neither are the settings of
  /// an adapter.
  public var companionFiles: [String] {
    let names = Self.names(in: path)
    let templates = Self.names(in: "\(path)/\(Self.templates)").map { "\(Self.templates)/\($0)" }
    return (names + templates).filter(Self.isCompanion).sorted()
  }

  /// Whether files of an adapter lie beside the weights, which are not part of the model.
  package var hasAdapter: Bool { Self.names(in: path).contains("adapter_config.json") }

  /// The folder of chat templates that have names.
  private static let templates = "additional_chat_templates"

  /// The names of what is in a folder, in order; none if there is no such folder.
  static func names(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }

  /// The bytes of a companion file.
  ///
  /// - Throws: ``CheckpointError`` if it cannot be read.
  public func companion(_ name: String) throws(CheckpointError) -> [UInt8] {
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
