import Checkpoint
import JSON
import LinearAlgebra
import Remedies
import TestSupport
import Testing

extension FolderSink {
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

/// Expects a closure to throw an error of the files with these words and remedies, and no flags.
func expectFailure(
  _ words: String..., remedies: [Remedy]? = nil,
  sourceLocation: SourceLocation = #_sourceLocation,
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
    #expect(!error.description.contains(" --"), sourceLocation: sourceLocation)
    if let remedies { #expect(error.remedies == remedies, sourceLocation: sourceLocation) }
    return true
  }
}
