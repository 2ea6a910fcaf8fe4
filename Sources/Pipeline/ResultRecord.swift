internal import Checkpoint
internal import Formats
internal import JSON

/// What a finished result says of how it was made, in its manifest or in the file itself.
struct ResultRecord {
  /// How it was made.
  let made: JSONValue
  /// Identifies the result: it follows from the digest of everything in it.
  let digest: String

  /// The record of a result; nil where it has none.
  ///
  /// - Throws: ``BaseResultError/damaged(_:finding:)`` unless the result is what was written, or `CheckpointError` if it
  ///   cannot be read.
  /// - Complexity: reads all of it.
  init?(of path: String) throws {
    let finding: String?
    if GGUFFile.isOne(path) {
      let file = try GGUFFile(path: path)
      guard let seal = try GGUFSeal(of: file) else { return nil }
      (made, digest) = (seal.made, seal.digest)
      finding = seal.findings(in: file, progress: { _, _ in }).first
    } else {
      guard let manifest = try Manifest(in: path) else { return nil }
      (made, digest) = (manifest.made, manifest.digest)
      finding = manifest.findings(in: path, progress: { _, _ in }).first
    }
    if let finding { throw BaseResultError.damaged(path, finding: finding) }
  }
}
