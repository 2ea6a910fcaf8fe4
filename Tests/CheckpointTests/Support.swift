import Checkpoint
import JSON
import LinearAlgebra
import TestSupport
import Testing

extension FolderWriter {
  /// Writes the elements of a tensor.
  func write(_ name: String, _ bytes: [UInt8]) throws(CheckpointError) {
    // Safety: a byte has no padding whose bits would be unknown.
    try unsafe write(name, bytes.span.bytes)
  }
}

extension TemporaryFolder {
  /// Makes a model folder `m` of one file and opens it.
  func open(
    _ tensors: [RawSafetensors.Tensor], config: String = "{}"
  ) throws -> ModelFolder {
    try write("m/config.json", config)
    try write("m/model.safetensors", RawSafetensors.file(tensors))
    return try ModelFolder(path: path("m"))
  }
}

extension ModelFolder.TensorReference {
  /// A copy of the elements.
  var bytes: [UInt8] { withBytes { span in unsafe span.withUnsafeBytes { unsafe [UInt8]($0) } } }
}

/// Whether a closure throws an error of the files, with these words in its message.
func expectFailure(
  _ words: String..., sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () throws -> some Any
) {
  #expect(sourceLocation: sourceLocation) {
    _ = try body()
  } throws: { error in
    guard let error = error as? CheckpointError else { return false }
    let missing = words.filter { !error.description.contains($0) }
    if !missing.isEmpty {
      Issue.record("\(missing) not in: \(error)", sourceLocation: sourceLocation)
    }
    return true
  }
}
