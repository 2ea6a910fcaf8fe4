internal import Foundation
internal import Glibc

/// The hidden folder `.NAME.partial` in which a result grows, beside its final place; or one with another ending,
/// for what comes before.
///
/// It is locked as long as this object lives. The kernel releases the lock of a process that ends
/// in whatever way, so a folder that is not locked has no owner. When the object goes away the folder
/// is removed, and so are the folders that had to be made above it, unless it was moved or kept.
final class PartialFolder {
  /// Where it is now.
  let path: String
  /// Whether the folder stays when the object goes away.
  var isKept = false
  private let finalPath: String
  private let parent: String
  private var descriptor: Int32
  /// The folders above that had to be made, the innermost last.
  private var made: [String] = []

  /// Where the partial folder of a result is.
  static func path(for finalPath: String, as ending: String = "partial") -> String {
    let final = OutputPath.resolved(finalPath)
    let parent = OutputPath.parent(of: final)
    let name = final.split(separator: "/").last ?? ""
    return (parent == "/" ? "" : parent) + "/.\(name).\(ending)"
  }

  /// Makes the folder, or takes over one without an owner and empties it.
  ///
  /// - Throws: ``CheckpointError`` if another run has it, or nothing can be made there.
  init(creatingFor finalPath: String, as ending: String = "partial") throws(CheckpointError) {
    path = Self.path(for: finalPath, as: ending)
    self.finalPath = OutputPath.resolved(finalPath)
    parent = OutputPath.parent(of: self.finalPath)
    descriptor = -1
    var (next, missing) = (parent, [String]())
    while next != "/", !FileManager.default.fileExists(atPath: next) {
      missing.append(next)
      next = OutputPath.parent(of: next)
    }
    for folder in missing.reversed() {
      guard unsafe mkdir(folder, 0o777) == 0 || errno == EEXIST else { throw cannotCreate(errno) }
      made.append(folder)
    }
    // The folder may be removed or moved by its owner at any time before it is locked.
    repeat {
      guard unsafe mkdir(path, 0o777) == 0 || errno == EEXIST else { throw cannotCreate(errno) }
      descriptor = try Self.lock(path)
    } while descriptor < 0
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    // Only what a run left may go; a folder of the user's that has this name by chance stays.
    guard names.isEmpty || names.contains(WrittenRecord.fileName) else {
      isKept = true
      throw .unsupported(
        path: path, reason: "holds files that are not those of an interrupted run; move it away")
    }
    // The mark goes last, so that the folder is known to be a run's for as long as there is anything in it.
    for name in names.filter({ $0 != WrittenRecord.fileName }) + [WrittenRecord.fileName] {
      try? FileManager.default.removeItem(atPath: file(name))
    }
  }

  /// Locks the folder that an earlier run left, which stays as it is.
  ///
  /// - Throws: ``CheckpointError`` if there is none, or another run has it.
  init(reopeningFor finalPath: String, as ending: String = "partial") throws(CheckpointError) {
    path = Self.path(for: finalPath, as: ending)
    self.finalPath = OutputPath.resolved(finalPath)
    parent = OutputPath.parent(of: self.finalPath)
    isKept = true
    descriptor = try Self.lock(path)
    guard descriptor >= 0 else {
      throw .missing(path: path, needed: "there is no interrupted run to continue")
    }
  }

  deinit { close() }

  /// Checks that no run has the folder.
  ///
  /// - Throws: ``CheckpointError/inUse(path:)`` if one has, or another error if what is there is no folder.
  static func checkNotInUse(
    for finalPath: String, as ending: String = "partial"
  ) throws(CheckpointError) {
    let path = path(for: finalPath, as: ending)
    // That nothing can be there is for those to say who want to make it.
    guard FileManager.default.fileExists(atPath: path) else { return }
    let descriptor = try lock(path)
    guard descriptor >= 0 else { return }
    flock(descriptor, LOCK_UN)
    Glibc.close(descriptor)
  }

  /// Opens and locks a folder; -1 if it is not there, or not any longer.
  private static func lock(_ path: String) throws(CheckpointError) -> Int32 {
    let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return -1 }
      throw .system(path: path, doing: "opening the folder", code: errno)
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      Glibc.close(descriptor)
      if code == EWOULDBLOCK { throw .inUse(path: path) }
      throw .system(path: path, doing: "locking", code: code)
    }
    var (locked, found) = (stat(), stat())
    let isThere =
      unsafe fstat(descriptor, &locked) == 0 && lstat(path, &found) == 0
      && locked.st_ino == found.st_ino && locked.st_dev == found.st_dev
    if isThere { return descriptor }
    Glibc.close(descriptor)
    return -1
  }

  private func cannotCreate(_ code: Int32) -> CheckpointError {
    .system(path: parent, doing: "creating a folder in it", code: code)
  }

  /// The path of a file in the folder.
  func file(_ name: String) -> String { "\(path)/\(name)" }

  /// Makes a folder in the folder, unless it is there.
  func makeFolder(_ name: String) throws(CheckpointError) {
    guard unsafe mkdir(file(name), 0o777) == 0 || errno == EEXIST else {
      throw .system(path: file(name), doing: "creating the folder", code: errno)
    }
  }

  /// Removes a folder in the folder.
  func remove(_ name: String) { try? FileManager.default.removeItem(atPath: file(name)) }

  /// The names of the safetensors files in the folder.
  var weightFiles: Set<String> {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return Set(names.filter { $0.hasSuffix(".safetensors") })
  }

  /// Checks that the disk has room for a number of bytes, so that a full disk is noticed before the
  /// work and not after it.
  func checkRoom(for count: Int) throws(CheckpointError) {
    guard let free = Self.free(at: path), count > free else { return }
    throw .noRoom(path: parent, needed: count, free: free)
  }

  /// The bytes that are free on the disk of a folder; nil where the file system does not say.
  private static func free(at path: String) -> Int? {
    var status = statvfs()
    // A file system without a block count does not say how much room it has.
    guard unsafe statvfs(path, &status) == 0, status.f_blocks > 0 else { return nil }
    let (free, overflow) = Int(clamping: status.f_bavail)
      .multipliedReportingOverflow(by: Int(clamping: status.f_frsize))
    return overflow ? nil : free
  }

  /// The bytes that are free where a folder is to be made, whose parents need not be there yet.
  ///
  /// - Throws: ``CheckpointError`` if nothing may be written there.
  static func freeBytes(above finalPath: String) throws(CheckpointError) -> Int? {
    var folder = OutputPath.parent(of: finalPath)
    while folder != "/", !FileManager.default.fileExists(atPath: folder) {
      folder = OutputPath.parent(of: folder)
    }
    // A slash behind a path asks for a folder.
    guard unsafe access(folder + "/", W_OK | X_OK) == 0 else {
      throw .system(path: folder, doing: "creating a folder in it", code: errno)
    }
    return free(at: folder)
  }

  /// Moves the folder to its final place, once the disk has its entries.
  func move() throws(CheckpointError) {
    guard fsync(descriptor) == 0 else { throw .system(path: path, doing: "syncing", code: errno) }
    guard unsafe rename(path, finalPath) == 0 else {
      throw .system(path: finalPath, doing: "moving the finished folder", code: errno)
    }
    isKept = true
    close()
    syncParent()
  }

  /// Moves a file in the folder to the final place, and removes the folder.
  func replace(with file: String) throws(CheckpointError) {
    guard unsafe rename(file, finalPath) == 0 else {
      throw .system(path: finalPath, doing: "moving the finished file", code: errno)
    }
    // The folders above hold the result now.
    (isKept, made) = (false, [])
    close()
    syncParent()
  }

  /// Waits until the disk has the entry of the result.
  private func syncParent() {
    // The result is whole and in its place; a file system that cannot sync folders changes nothing.
    let above = unsafe open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard above >= 0 else { return }
    fsync(above)
    Glibc.close(above)
  }

  /// Releases the folder, which is removed unless it is to be kept.
  func close() {
    if descriptor >= 0, !isKept { try? FileManager.default.removeItem(atPath: path) }
    // rmdir, because another program may have put something there by now.
    if !isKept { for folder in made.reversed() { unsafe rmdir(folder) } }
    made = []
    if descriptor >= 0 {
      // Not left to the close: a process that another thread is just starting shares the lock until it runs.
      flock(descriptor, LOCK_UN)
      Glibc.close(descriptor)
    }
    descriptor = -1
  }
}
