internal import Foundation

extension ModelFolder {
  /// The files that belong to the model in addition to its weights and `config.json`: tokenizer, chat
  /// template, generation and processor settings, remote code, licence.
  ///
  /// The model card is not one of them, because it describes the original.
  public var companionFiles: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.filter(Self.isCompanion).sorted()
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
    if ["vocab.txt", "merges.txt"].contains(name) { return true }
    if ["LICENSE", "NOTICE", "USE_POLICY"].contains(where: name.hasPrefix) { return true }
    return [".json", ".jinja", ".model", ".tiktoken", ".py"].contains(where: name.hasSuffix)
  }
}
