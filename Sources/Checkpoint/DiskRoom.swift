internal import Foundation
internal import Glibc

/// How much a disk can still hold, so that a full one is noticed before the work and not after it.
package enum DiskRoom {
  /// Checks that the disk of a folder has room for a number of bytes.
  ///
  /// - Throws: ``CheckpointError/noRoom(path:needed:free:)`` if it has not.
  package static func check(for count: Int, in folder: String) throws(CheckpointError) {
    guard let free = free(in: folder), count > free else { return }
    throw .noRoom(path: folder, needed: count, free: free)
  }

  /// The bytes that are free where a result is to be made, whose parents need not be there yet; nil where the file
  /// system does not say.
  ///
  /// - Throws: ``CheckpointError`` if nothing may be written there.
  static func free(above finalPath: String) throws(CheckpointError) -> Int? {
    var folder = OutputPath.parent(of: finalPath)
    while folder != "/", !FileManager.default.fileExists(atPath: folder) {
      folder = OutputPath.parent(of: folder)
    }
    // A slash behind a path asks for a folder.
    guard unsafe access(folder + "/", W_OK | X_OK) == 0 else {
      throw .system(path: folder, doing: "creating a folder in it", code: errno)
    }
    return free(in: folder)
  }

  private static func free(in folder: String) -> Int? {
    var status = statvfs()
    // A file system without a block count does not say how much room it has.
    guard unsafe statvfs(folder, &status) == 0, status.f_blocks > 0 else { return nil }
    let (free, overflow) = Int(clamping: status.f_bavail)
      .multipliedReportingOverflow(by: Int(clamping: status.f_frsize))
    return overflow ? nil : free
  }
}
