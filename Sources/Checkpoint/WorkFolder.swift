internal import Foundation

/// A hidden folder beside a result, for work that must be done before its first tensor can be written.
///
/// `.NAME.TASK.partial` is locked as long as this object lives, and is removed with it unless it is kept.
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
    let place = Self.place(task, beside: path)
    if isContinued {
      partial = try PartialFolder(reopeningFor: place)
    } else {
      partial = try PartialFolder(creatingFor: place)
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
    "\(PartialFolder.path(for: place(task, beside: path)))/\(contents)"
  }

  /// Removes a folder that was kept, unless there is none or another run has it.
  ///
  /// - Throws: ``CheckpointError`` if it cannot be opened.
  package static func remove(_ task: String, beside path: String) throws(CheckpointError) {
    let place = place(task, beside: path)
    guard FileManager.default.fileExists(atPath: PartialFolder.path(for: place)) else { return }
    do throws(CheckpointError) {
      try PartialFolder(reopeningFor: place).isKept = false
    } catch .inUse {
      return
    }
  }

  private static let contents = "work"

  private static func place(_ task: String, beside path: String) -> String {
    "\(OutputPath.resolved(path)).\(task)"
  }
}
