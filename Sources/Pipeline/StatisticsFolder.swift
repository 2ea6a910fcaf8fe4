internal import Checkpoint
internal import Foundation
internal import Glibc
internal import Solvers
internal import Transformer

/// A folder with a ``StatisticsFile`` for every input of a model, named after the first Linear that
/// reads it.
struct StatisticsFolder {
  private let path: String
  /// Whether a file may be there already, from before an interruption or a failure.
  private let replacesFiles: Bool

  /// Creates the folder, unless a run goes on that created it.
  ///
  /// - Throws: ``CheckpointError`` if something else exists at the path, or the folder cannot be
  ///   created.
  init(at path: String, isContinued: Bool, repeatsBlocks: Bool) throws(CheckpointError) {
    self.path = path
    replacesFiles = isContinued || repeatsBlocks
    if isContinued, FileManager.default.fileExists(atPath: path) { return }
    try FolderSink.checkIsFree(path)
    guard unsafe mkdir(path, 0o777) == 0 else {
      throw .system(path: path, doing: "creating the folder", code: errno)
    }
  }

  /// Removes the folder at a path.
  static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

  /// Writes what is known about the input that some Linears read.
  ///
  /// - Throws: ``CheckpointError`` if the statistics are not finite, or cannot be written.
  func write(_ readers: [Slot], _ input: CalibratedInput) throws {
    guard let name = readers.first?.name, let calibration = input.calibration else { return }
    let file = "\(path)/\(name).safetensors"
    if replacesFiles { try? FileManager.default.removeItem(atPath: file) }
    try StatisticsFile.write(
      calibration: calibration, heldOut: input.heldOut,
      name: readers.map(\.name).joined(separator: " "), to: file)
  }
}
