internal import Foundation
internal import Glibc

/// A hidden folder beside the place where it will be moved; it goes away with its owner, and so do
/// the folders that had to be made on the way.
final class PartialFolder {
  /// Where it is now.
  let path: String
  private let parent: String
  /// The folders that were made, the innermost last.
  private var made: [String] = []

  /// Makes the folder.
  ///
  /// - Throws: ``CheckpointError`` that names the folder in which nothing could be made.
  init(for finalPath: String) throws(CheckpointError) {
    let url = URL(fileURLWithPath: finalPath)
    var next = url.deletingLastPathComponent()
    parent = next.path
    path = next.appendingPathComponent(".\(url.lastPathComponent).partial-\(getpid())").path
    // What an earlier process with this number left behind.
    try? FileManager.default.removeItem(atPath: path)
    var missing = [path]
    while next.path != "/", !FileManager.default.fileExists(atPath: next.path) {
      missing.append(next.path)
      next.deleteLastPathComponent()
    }
    for folder in missing.reversed() {
      guard unsafe mkdir(folder, 0o777) == 0 else {
        throw .system(path: parent, doing: "creating a folder in it", code: errno)
      }
      made.append(folder)
    }
  }

  deinit {
    if made.last == path { try? FileManager.default.removeItem(atPath: made.removeLast()) }
    // Not removeItem: somebody else may have put something there by now.
    for folder in made.reversed() { unsafe rmdir(folder) }
  }

  /// Checks that the disk has room for so many bytes, so that a full one is known before the work.
  func checkRoom(for count: Int) throws(CheckpointError) {
    var status = statvfs()
    // A file system that counts no blocks says nothing about its room.
    guard unsafe statvfs(path, &status) == 0, status.f_blocks > 0 else { return }
    let (free, overflow) = Int(clamping: status.f_bavail)
      .multipliedReportingOverflow(by: Int(clamping: status.f_frsize))
    guard overflow || count <= free else {
      throw .noRoom(path: parent, needed: count, free: free)
    }
  }

  /// Moves the folder to its place, where it stays.
  func move(to finalPath: String) throws(CheckpointError) {
    guard unsafe rename(path, finalPath) == 0 else {
      throw .system(path: finalPath, doing: "moving the finished folder", code: errno)
    }
    made = []
  }
}
