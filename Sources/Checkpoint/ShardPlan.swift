internal import JSON

/// Which tensor goes into which file of a model folder.
struct ShardPlan {
  /// The files in order, each with its tensors.
  let shards: [(name: String, tensors: [NamedShape])]
  /// The position of each tensor's file.
  let shardOfTensor: [String: Int]
  /// The number of bytes of all tensors.
  let byteCount: Int

  /// Fills one file after another, and keeps the tensors of a module together.
  ///
  /// - Throws: ``CheckpointError`` if a tensor is too large for any file or named twice.
  init(
    _ tensors: [NamedShape], largestShard: Int, path: String
  ) throws(CheckpointError) {
    var groups: [[NamedShape]] = [[]]
    var (size, total) = (0, 0)
    for module in Self.modules(tensors) {
      var bytes = 0
      for tensor in module {
        guard let count = tensor.shape.byteCount, count <= Int.max - total - bytes else {
          throw .tensor(name: tensor.name, path: path, reason: "is too large")
        }
        bytes += count
      }
      if size + bytes > largestShard, groups.last?.isEmpty == false {
        groups.append([])
        size = 0
      }
      groups[groups.count - 1] += module
      size += bytes
      total += bytes
    }
    var names: Set<String> = []
    for tensor in groups.joined() where !names.insert(tensor.name).inserted {
      throw .tensor(name: tensor.name, path: path, reason: "would be in the output twice")
    }
    self.init(groups.enumerated().map { (Self.fileName($0, of: groups.count), $1) })
  }

  /// The plan of given files, whose tensors all have different names and can be counted.
  init(_ shards: [(name: String, tensors: [NamedShape])]) {
    self.shards = shards
    var (shardOfTensor, byteCount) = ([String: Int](), 0)
    for (i, shard) in shards.enumerated() {
      for tensor in shard.tensors {
        shardOfTensor[tensor.name] = i
        byteCount += tensor.shape.byteCount ?? 0
      }
    }
    (self.shardOfTensor, self.byteCount) = (shardOfTensor, byteCount)
  }

  /// `model.safetensors.index.json`, or nil for a single file, which needs none.
  var index: [UInt8]? {
    guard shards.count > 1 else { return nil }
    var map = JSONObject()
    for (name, shard) in shardOfTensor.sorted(by: { $0.key < $1.key }) {
      map[name] = .string(shards[shard].name)
    }
    let index: JSONValue = [
      "metadata": ["total_size": .number(JSONNumber(byteCount))], "weight_map": .object(map),
    ]
    return index.bytes(.pretty)
  }

  /// Runs of tensors whose names differ only after the last dot.
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
}
