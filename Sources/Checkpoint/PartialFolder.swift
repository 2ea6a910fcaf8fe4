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
  /// The folder that holds it.
  let parent: String
  private let finalPath: String
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
    if let name = empty() {
      isKept = true
      throw .unsupported(
        path: file(name), reason: "an interrupted run left it, and it cannot be removed")
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

  /// Removes all that is in the folder; what could not be removed, if anything.
  ///
  /// The mark goes last, so that the folder is known to be a run's for as long as there is anything in it, and before
  /// it what shows that a file is in its place.
  private func empty() -> String? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let last = [Self.resultName, WrittenRecord.fileName].filter(names.contains)
    return (names.filter { !last.contains($0) } + last).first { !remove($0) }
  }

  /// Removes what has a name in the folder; whether nothing has it any longer.
  @discardableResult func remove(_ name: String) -> Bool {
    try? FileManager.default.removeItem(atPath: file(name))
    return !FileManager.default.fileExists(atPath: file(name))
  }

  /// The names of the safetensors files in the folder.
  var weightFiles: Set<String> {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return Set(names.filter { $0.hasSuffix(".safetensors") })
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

  /// Moves the file ``resultName`` to the final place, and removes the folder.
  func replaceWithResult() throws(CheckpointError) {
    let file = file(Self.resultName)
    // Two names for one file, so that a folder which stays because the process is killed now can be recognized.
    // Where a file system cannot do that, one name is moved.
    let isThere =
      unsafe link(file, finalPath) == 0 || (errno != EEXIST && rename(file, finalPath) == 0)
    guard isThere else {
      throw .system(path: finalPath, doing: "moving the finished file", code: errno)
    }
    // The folders above hold the result now.
    (isKept, made) = (false, [])
    close()
    syncParent()
  }

  /// The file of a result that is a single one, before it is in its place.
  static let resultName = ".result"

  /// Removes the folder of a single file that is in its place already.
  static func removeRemains(of finalPath: String) {
    let path = path(for: finalPath)
    var (placed, made) = (stat(), stat())
    let isPlaced =
      unsafe lstat(finalPath, &placed) == 0 && lstat("\(path)/\(resultName)", &made) == 0
      && placed.st_ino == made.st_ino && placed.st_dev == made.st_dev
    let names = try? FileManager.default.contentsOfDirectory(atPath: path)
    guard isPlaced || names == [WrittenRecord.fileName] else { return }
    // What another process has, it removes itself.
    (try? PartialFolder(reopeningFor: finalPath))?.isKept = false
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
    if descriptor >= 0, !isKept {
      _ = empty()
      unsafe rmdir(path)
    }
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
