package import Checkpoint
package import JSON

/// The formats that the library reads and writes.
public enum CheckpointFormats {
  /// Every format, the default first.
  public static let all: [any CheckpointFormat] = [
    CompressedTensorsFormat(), GPTQFormat(), AWQFormat(), MLXFormat(), GGUFFormat(),
    BitsAndBytesFormat(),
  ]
}

extension [any CheckpointFormat] {
  /// The format of a folder; nil when the folder is not quantized.
  ///
  /// - Throws: ``CheckpointError`` when the folder is quantized in a format that is not known.
  package func format(
    of folder: ModelFolder
  ) throws(CheckpointError) -> (any CheckpointFormat)? {
    guard let configuration = folder.quantization, configuration != .null else { return nil }
    if let format = first(where: { $0.recognizes(configuration) }) { return format }
    let method = configuration["quant_method"].map { $0.text(.compact) } ?? "missing"
    throw .unsupported(
      path: "\(folder.path)/config.json",
      reason: "is quantized with quant_method \(method); this tool reads "
        + map(\.name).joined(separator: ", "))
  }
}

extension ModelFolder {
  /// What `config.json` says of how weights are quantized; nil for nothing.
  ///
  /// mlx-lm reads a member of its own, and repeats it under the usual name; older versions did not.
  package var quantization: JSONValue? {
    let own = configuration["quantization"]
    return own?["bits"] == nil ? configuration["quantization_config"] : own
  }
}
