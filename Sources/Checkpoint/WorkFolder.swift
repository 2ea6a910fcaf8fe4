internal import Foundation
internal import Glibc

/// A hidden folder beside a result, for work that must be done before its first tensor can be written.
///
/// `.NAME.TASK` is locked as long as this object lives, and is removed with it unless it is kept.
package final class WorkFolder {
  private let partial: PartialFolder

  /// Makes the folder, or opens the one that an earlier run kept.
  ///
  /// - Parameters:
  ///   - task: what the work is, as a word.
  ///   - path: where the result will be.
  ///   - isContinued: whether an earlier folder is opened as it is.
  /// - Throws: ``CheckpointError`` if another run has it, or nothing can be made there.
  package init(
    _ task: String, beside path: String, isContinued: Bool
  ) throws(CheckpointError) {
    if isContinued {
      partial = try PartialFolder(reopeningFor: path, as: task)
    } else {
      partial = try PartialFolder(creatingFor: path, as: task)
      // By this file the folder is known to be a run's, and not the user's.
      _ = try WrittenRecord(creating: partial.file(WrittenRecord.fileName))
      try partial.makeFolder(Self.contents)
    }
  }

  /// Where the files of the work are.
  package var path: String { partial.file(Self.contents) }

  /// Keeps the folder when this object goes away.
  package func keep() { partial.isKept = true }

  /// Where the files of the work are, whether they are there or not.
  package static func path(_ task: String, beside path: String) -> String {
    "\(PartialFolder.path(for: path, as: task))/\(contents)"
  }

  /// Checks that no run has the folder.
  ///
  /// - Throws: ``CheckpointError/inUse(path:)`` if one has.
  package static func checkNotInUse(
    _ task: String, beside path: String
  ) throws(CheckpointError) {
    try PartialFolder.checkNotInUse(for: path, as: task)
  }

  /// Removes a folder that was kept; one that is the user's stays.
  ///
  /// - Throws: ``CheckpointError`` if another run has it, or it cannot be opened.
  package static func remove(_ task: String, beside path: String) throws(CheckpointError) {
    let folder = PartialFolder.path(for: path, as: task)
    guard FileManager.default.fileExists(atPath: "\(folder)/\(WrittenRecord.fileName)") else {
      // A run that was killed when only this was left to do.
      unsafe rmdir(folder)
      return
    }
    try PartialFolder(reopeningFor: path, as: task).isKept = false
  }

  private static let contents = "kept"
}
