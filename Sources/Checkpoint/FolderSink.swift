internal import Foundation
internal import Glibc
public import JSON

/// Takes the tensors and files of a model folder in any order, and moves the folder into place when
/// it is complete.
///
/// Until ``finish(made:)`` nothing exists at the output path. The result grows in a hidden folder beside
/// it, `.NAME.partial`, which is locked so that no second run can write to the same place. The
/// hidden folder is removed with the sink, unless ``close()`` keeps it for
/// ``init(reopening:tensors:largestShard:)``.
public final class FolderSink {
  /// Where the folder will be.
  public let path: String
  let partial: PartialFolder
  let plan: ShardPlan
  private let shards: [ShardFile]
  private let record: WrittenRecord
  /// Tensors written since the record was last brought up to date.
  private var unrecorded: [String] = []
  /// Tensors that an earlier sink wrote.
  private let recovered: Set<String>

  /// The largest number of bytes in a shard, unless a single Linear needs more.
  public static let largestShard = 5_000_000_000

  /// Creates the files for all tensors.
  ///
  /// What an interrupted run left in the hidden folder is removed.
  ///
  /// - Throws: ``CheckpointError`` if the output exists, another run is writing it, the disk is too
  ///   small, or nothing can be created.
  public init(
    path: String, tensors: [NamedShape], largestShard: Int = FolderSink.largestShard
  ) throws(CheckpointError) {
    try Self.checkIsFree(path)
    let plan = try ShardPlan(tensors, largestShard: largestShard, path: path)
    partial = try PartialFolder(creatingFor: path)
    // First, because by this file the folder is known to be a run's, and not the user's.
    record = try WrittenRecord(creating: partial.file(WrittenRecord.fileName))
    try DiskRoom.check(for: plan.byteCount, in: partial.parent)
    if let index = plan.index { try Self.write(partial.file(ModelFolder.indexName), index) }
    var shards: [ShardFile] = []
    for (name, tensors) in plan.shards {
      shards.append(try ShardFile(path: partial.file(name), tensors))
    }
    self.path = path
    self.shards = shards
    self.plan = plan
    recovered = []
  }

  /// Continues what an earlier sink, closed or interrupted, had begun.
  ///
  /// Every tensor that was recorded by ``sync()`` or ``close()`` is there, and stays as it is if it is written
  /// again; ``isWritten(_:)`` says which. Other files may be written again, and replace the old ones.
  ///
  /// - Parameters:
  ///   - path: where the folder will be.
  ///   - tensors: the same tensors as before, in the same order.
  ///   - largestShard: the same size as before.
  /// - Throws: ``CheckpointError`` if there is nothing to continue, the tensors are others, another
  ///   run is writing, or the output exists. The hidden folder is kept.
  public init(
    reopening path: String, tensors: [NamedShape], largestShard: Int = FolderSink.largestShard
  ) throws(CheckpointError) {
    try Self.checkIsFree(path)
    let plan = try ShardPlan(tensors, largestShard: largestShard, path: path)
    partial = try PartialFolder(reopeningFor: path)
    record = try WrittenRecord(reopening: partial.file(WrittenRecord.fileName))
    recovered = record.names
    guard record.names.isSubset(of: plan.shardOfTensor.keys),
      partial.weightFiles == Set(plan.shards.map(\.name))
    else {
      throw .differentPlan(path: partial.path)
    }
    var shards: [ShardFile] = []
    for (name, tensors) in plan.shards {
      shards.append(
        try ShardFile(reopening: partial.file(name), tensors, written: record.names))
    }
    self.path = path
    self.shards = shards
    self.plan = plan
    try DiskRoom.check(for: shards.reduce(0) { $0 + $1.pendingByteCount }, in: partial.parent)
  }

  /// Whether an earlier sink left something at this path that can be continued.
  public static func canReopen(_ path: String) -> Bool {
    unsafe access("\(PartialFolder.path(for: path))/\(WrittenRecord.fileName)", F_OK) == 0
  }

  /// The bytes of a name, which with those of the hidden folder's ".NAME.partial" may be 255.
  private static let longestName = 246

  /// Checks that nothing exists at a path where a folder is to be written.
  ///
  /// What a run left in its result because it was killed in the last instant is removed.
  ///
  /// - Throws: ``CheckpointError`` if something does, or no folder can have this name.
  public static func checkIsFree(_ path: String) throws(CheckpointError) {
    guard let name = path.split(separator: "/").last, name != ".", name != ".." else {
      throw .unsupported(path: "\"\(path)\"", reason: "a new folder cannot have this name")
    }
    guard name.utf8.count <= longestName else {
      throw .unsupported(
        path: "\"\(name.prefix(40))…\"",
        reason: "a name of \(name.utf8.count) bytes is too long; give one of at most \(longestName)"
      )
    }
    var status = stat()
    // lstat, because a dangling link is in the way as well.
    let place = OutputPath.resolved(path)
    guard unsafe lstat(place, &status) != 0 else {
      let files = [Manifest.fileName, WrittenRecord.fileName].map { "\(place)/\($0)" }
      if files.allSatisfy(FileManager.default.fileExists) { tidy(place) }
      PartialFolder.removeRemains(of: place)
      throw .outputExists(path: path)
    }
  }

  /// Checks that no run is writing to a path.
  ///
  /// - Throws: ``CheckpointError/inUse(path:)`` if one is.
  package static func checkNotInUse(_ path: String) throws(CheckpointError) {
    try PartialFolder.checkNotInUse(for: path)
  }

  /// The bytes that are free where a folder is to be written; nil where the file system does not say.
  ///
  /// - Throws: ``CheckpointError`` if nothing may be written there.
  public static func freeBytes(for path: String) throws(CheckpointError) -> Int? {
    try DiskRoom.free(above: OutputPath.resolved(path))
  }

  /// Whether a tensor has been written, by this sink or before it was reopened.
  public func isWritten(_ name: String) -> Bool {
    plan.shardOfTensor[name].map { !shards[$0].isPending(name) } ?? false
  }

  /// Writes the elements of a tensor, unless an earlier sink did.
  ///
  /// - Precondition: the tensor was announced with this number of bytes, and this sink has not written it yet.
  public func write(_ name: String, _ bytes: RawSpan) throws(CheckpointError) {
    guard !recovered.contains(name) else { return }
    guard let shard = plan.shardOfTensor[name] else {
      preconditionFailure("\(name) was not announced")
    }
    try shards[shard].write(name, bytes)
    unrecorded.append(name)
  }

  /// Writes a small file beside the weights, or in a folder there, and replaces an earlier one of the
  /// same name.
  public func writeFile(_ name: String, _ bytes: [UInt8]) throws(CheckpointError) {
    precondition(!name.hasSuffix(".safetensors") && name != WrittenRecord.fileName, "file \(name)")
    if let slash = name.lastIndex(of: "/") { try partial.makeFolder(String(name[..<slash])) }
    try Self.write(partial.file(name), bytes)
  }

  /// The folder for what a run needs in order to continue later; it vanishes when the result is finished.
  public func workspace() throws(CheckpointError) -> String {
    try partial.makeFolder(Self.workspaceName)
    return partial.file(Self.workspaceName)
  }

  /// Where that folder is, for the sink that writes to a path.
  public static func workspace(for path: String) -> String {
    "\(PartialFolder.path(for: path))/\(workspaceName)"
  }

  private static let workspaceName = ".run"

  /// Waits until the disk has all tensors written so far, and records that they are there.
  ///
  /// A run that is interrupted later can be continued from here, so the hidden folder stays.
  public func sync() throws(CheckpointError) {
    partial.isKept = true
    for shard in Set(unrecorded.compactMap { plan.shardOfTensor[$0] }) { try shards[shard].sync() }
    try record.append(unrecorded)
    unrecorded = []
  }

  /// Ends this sink, and keeps what it wrote for another one to continue.
  ///
  /// - Postcondition: the lock is released; nothing more may be written.
  public func close() throws(CheckpointError) {
    try sync()
    partial.close()
  }

  /// Moves the folder into place, after the disk has all of it.
  ///
  /// - Parameter made: how the folder was made; with it, the folder gets a ``Manifest`` of all that is in it, read
  ///   from the disk again.
  /// - Precondition: every tensor was written.
  /// - Throws: ``CheckpointError``; in that case nothing was put at the output path.
  public func finish(made: JSONValue? = nil) throws(CheckpointError) {
    try finishShards()
    if let made {
      try writeFile(Manifest.fileName, try Manifest(of: partial.path, made: made).bytes)
    }
    try Self.checkIsFree(path)
    // What a run needs in order to continue goes when nothing is left to be done.
    try partial.move()
    Self.tidy(OutputPath.resolved(path))
  }

  /// Removes from a finished folder what the run that made it was continued by.
  private static func tidy(_ path: String) {
    try? FileManager.default.removeItem(atPath: "\(path)/\(workspaceName)")
    unsafe unlink("\(path)/\(WrittenRecord.fileName)")
  }

  /// Puts a single file into place, made of the folder, which is then removed.
  ///
  /// - Parameter write: writes the file at a path, given that of the folder.
  /// - Precondition: every tensor was written.
  /// - Throws: ``CheckpointError``; in that case nothing was put at the output path.
  public func finish(
    writing write: (_ folder: String, _ file: String) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    try finishShards()
    try DiskRoom.check(for: plan.byteCount, in: partial.parent)
    try write(partial.path, partial.file(PartialFolder.resultName))
    try Self.checkIsFree(path)
    try partial.replaceWithResult()
  }

  private func finishShards() throws(CheckpointError) {
    let replaced = try Replacement.all(in: partial).reduce(into: Set()) { $0.formUnion($1.others) }
    for shard in shards { try shard.finish(without: replaced) }
    try replaceTensors()
  }

  static func write(_ path: String, _ bytes: [UInt8]) throws(CheckpointError) {
    let file = try OutputFile(path: path, .replacing)
    // Safety: bytes have no padding.
    try unsafe file.write(bytes.span.bytes, at: 0)
    try file.sync()
  }
}
