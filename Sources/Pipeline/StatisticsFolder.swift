internal import Checkpoint
internal import Glibc
internal import Solvers
internal import Transformer

/// A folder with a ``StatisticsFile`` for every input of a model, named after the first Linear that
/// reads it.
struct StatisticsFolder {
  private let path: String

  /// Creates the folder.
  ///
  /// - Throws: ``CheckpointError`` if something exists at the path, or the folder cannot be
  ///   created.
  init(creating path: String) throws(CheckpointError) {
    self.path = path
    try FolderSink.checkIsFree(path)
    guard unsafe mkdir(path, 0o777) == 0 else {
      throw .system(path: path, doing: "creating the folder", code: errno)
    }
  }

  /// Writes what is known about the input that some Linears read.
  ///
  /// - Throws: ``CheckpointError`` if the statistics are not finite, or cannot be written.
  func write(_ readers: [Slot], _ input: CalibratedInput) throws {
    guard let name = readers.first?.name, let calibration = input.calibration else { return }
    try StatisticsFile.write(
      calibration: calibration, heldOut: input.heldOut,
      name: readers.map(\.name).joined(separator: " "), to: "\(path)/\(name).safetensors")
  }
}
