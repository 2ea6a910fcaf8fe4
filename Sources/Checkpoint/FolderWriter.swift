internal import Glibc
internal import JSON

/// Writes a model folder beside its final place, and moves it there when all is well.
///
/// Until ``finish()`` nothing stands at the output path; a writer that goes away before removes
/// what it wrote.
public final class FolderWriter {
  /// Where the folder will be.
  public let path: String
  private let partial: PartialFolder
  private let shards: [ShardFile]
  private let shardOfTensor: [String: Int]

  /// Shards are not larger than this, unless one Linear is.
  public static let largestShard = 5_000_000_000

  /// Creates the files for all tensors that are to come.
  ///
  /// - Throws: ``CheckpointError`` when the output exists or cannot be created.
  public init(
    path: String, tensors: [NamedShape], largestShard: Int = FolderWriter.largestShard
  ) throws(CheckpointError) {
    try Self.checkIsFree(path)
    self.path = path
    partial = try PartialFolder(for: path)
    try partial.checkRoom(for: tensors.reduce(0) { $0 + ($1.shape.byteCount ?? 0) })
    let plan = Self.shards(tensors, largestShard)
    var shardOfTensor: [String: Int] = [:]
    var shards: [ShardFile] = []
    for (i, shapes) in plan.enumerated() {
      let name = Self.fileName(i, of: plan.count)
      shards.append(try ShardFile(path: "\(partial.path)/\(name)", shapes))
      for tensor in shapes {
        guard shardOfTensor.updateValue(i, forKey: tensor.name) == nil else {
          throw .tensor(name: tensor.name, path: path, reason: "would be in the output twice")
        }
      }
    }
    if plan.count > 1 {
      try Self.write("\(partial.path)/\(ModelFolder.indexName)", Self.index(plan).bytes(.pretty))
    }
    self.shards = shards
    self.shardOfTensor = shardOfTensor
  }

  /// Checks that nothing stands at a path where a folder is to be written.
  ///
  /// - Throws: ``CheckpointError`` where something does, or nothing ever could.
  public static func checkIsFree(_ path: String) throws(CheckpointError) {
    guard let name = path.split(separator: "/").last, name != ".", name != ".." else {
      throw .unsupported(path: "\"\(path)\"", reason: "a new folder cannot have this name")
    }
    var status = stat()
    // Not fileExists: a link that leads nowhere is in the way as well.
    guard unsafe lstat(path, &status) != 0 else { throw .outputExists(path: path) }
  }

  /// Writes the elements of a tensor, once.
  ///
  /// - Precondition: the tensor is one of those given at the start, with so many bytes.
  public func write(_ name: String, _ bytes: RawSpan) throws(CheckpointError) {
    guard let shard = shardOfTensor[name] else { preconditionFailure("\(name) was not planned") }
    try shards[shard].write(name, bytes)
  }

  /// Writes a small file beside the weights.
  public func writeFile(_ name: String, _ bytes: [UInt8]) throws(CheckpointError) {
    try Self.write("\(partial.path)/\(name)", bytes)
  }

  /// Checks that all tensors came, syncs, and moves the folder to its place.
  ///
  /// - Throws: ``CheckpointError``; the output path is free as before then.
  public func finish() throws(CheckpointError) {
    for shard in shards { try shard.finish() }
    try Self.checkIsFree(path)
    try partial.move(to: path)
  }

  private static func write(_ path: String, _ bytes: [UInt8]) throws(CheckpointError) {
    let file = try OutputFile(path: path)
    // Safety: a byte has no padding whose bits would be unknown.
    try unsafe file.write(bytes.span.bytes, at: 0)
    try file.sync()
  }

  /// Fills shards in order.
  ///
  /// The tensors of one module stay together.
  private static func shards(_ tensors: [NamedShape], _ largest: Int) -> [[NamedShape]] {
    var result: [[NamedShape]] = [[]]
    var size = 0
    for module in modules(tensors) {
      let bytes = module.reduce(0) { $0 + ($1.shape.byteCount ?? 0) }
      if size + bytes > largest, result.last?.isEmpty == false {
        result.append([])
        size = 0
      }
      result[result.count - 1] += module
      size += bytes
    }
    return result
  }

  /// Consecutive tensors whose names differ only after the last dot.
  private static func modules(_ tensors: [NamedShape]) -> [[NamedShape]] {
    tensors.reduce(into: []) { result, tensor in
      let module = tensor.name.split(separator: ".").dropLast()
      let last = result.last?.last?.name.split(separator: ".").dropLast()
      if last == module { result[result.count - 1].append(tensor) } else { result.append([tensor]) }
    }
  }

  private static func fileName(_ index: Int, of count: Int) -> String {
    func number(_ value: Int) -> String {
      String(repeating: "0", count: max(0, 5 - "\(value)".count)) + "\(value)"
    }
    return count == 1
      ? "model.safetensors" : "model-\(number(index + 1))-of-\(number(count)).safetensors"
  }

  private static func index(_ plan: [[NamedShape]]) -> JSONValue {
    let total = plan.joined().reduce(0) { $0 + ($1.shape.byteCount ?? 0) }
    let files = plan.enumerated().flatMap { i, shapes in
      shapes.map { ($0.name, fileName(i, of: plan.count)) }
    }
    var map = JSONObject()
    for (name, file) in files.sorted(by: { $0.0 < $1.0 }) { map[name] = .string(file) }
    return [
      "metadata": ["total_size": .number(JSONNumber(total))], "weight_map": .object(map),
    ]
  }
}
