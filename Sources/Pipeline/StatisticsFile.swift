public import Checkpoint
public import Hessian
internal import LinearAlgebra

/// The statistics of one input in a `.safetensors` file.
///
/// Each array of the statistics is a tensor, as listed in `InputStatistics+Storing.swift`; those of
/// held-out tokens have the prefix `held_out.`. The metadata name the kind of file, its version,
/// and the input. Reading returns statistics equal to those written.
public struct StatisticsFile: Sendable {
  /// Where the file is.
  public let path: String
  /// The input, for instance by the name of a Linear that reads it.
  public let name: String
  /// The statistics that solvers use.
  public let calibration: InputStatistics
  /// The statistics of held-out tokens, if they were stored.
  public let heldOut: InputStatistics?

  private static let content = "ptq input statistics"
  private static let version = "1"
  private static let heldOutPrefix = "held_out."

  /// Writes a file, which must not exist.
  ///
  /// - Parameters:
  ///   - calibration: the statistics that solvers use.
  ///   - heldOut: the statistics of held-out tokens, if any.
  ///   - name: the input, for instance by the name of a Linear that reads it.
  ///   - path: the path of the new file.
  /// - Throws: ``CheckpointError`` if the second moment is not finite, or the file cannot be written.
  public static func write(
    calibration: InputStatistics, heldOut: InputStatistics? = nil, name: String, to path: String
  ) throws(CheckpointError) {
    var tensors = try tensors(of: calibration, prefix: "", path)
    if let heldOut { tensors += try Self.tensors(of: heldOut, prefix: heldOutPrefix, path) }
    try SafetensorsFile.write(
      tensors, metadata: ["content": content, "version": version, "input": name], to: path)
  }

  /// Reads a file.
  ///
  /// - Throws: ``CheckpointError`` if the file does not hold valid statistics.
  /// - Complexity: the size of the file, in time and in memory.
  public init(path: String) throws(CheckpointError) {
    let file = try SafetensorsFile(path: path)
    guard file.metadata["content"] == Self.content else {
      throw .unsupported(path: path, reason: "does not hold input statistics")
    }
    guard file.metadata["version"] == Self.version else {
      throw .unsupported(
        path: path, reason: "holds input statistics of another version than \(Self.version)")
    }
    self.path = path
    name = file.metadata["input"] ?? ""
    let judging = file.entries.filter { $0.name.hasPrefix(Self.heldOutPrefix) }
    let learning = file.entries.filter { !$0.name.hasPrefix(Self.heldOutPrefix) }
    calibration = try Self.statistics(learning, prefix: "", file)
    heldOut =
      judging.isEmpty ? nil : try Self.statistics(judging, prefix: Self.heldOutPrefix, file)
    if let heldOut, heldOut.channels != calibration.channels {
      throw .tensor(
        name: "held_out.second_moment", path: path,
        reason: "has \(heldOut.channels) channels; second_moment has \(calibration.channels)")
    }
  }

  private static func tensors(
    of statistics: InputStatistics, prefix: String, _ path: String
  ) throws(CheckpointError) -> [(NamedShape, [UInt8])] {
    do throws(StatisticsError) {
      return try statistics.storedArrays().map { array in
        let (type, bytes) = array.elements.encoded
        return (NamedShape(prefix + array.name, type, array.shape), bytes)
      }
    } catch {
      throw .tensor(name: prefix + error.array, path: path, reason: "\(error)")
    }
  }

  private static func statistics(
    _ entries: [SafetensorsFile.Entry], prefix: String, _ file: SafetensorsFile
  ) throws(CheckpointError) -> InputStatistics {
    var arrays: [StoredArray] = []
    for entry in entries {
      guard let elements = file.storedElements(entry) else {
        throw .tensor(
          name: entry.name, path: file.file.path,
          reason: "has type \(entry.shape.type.rawValue), which statistics do not use")
      }
      arrays.append(
        StoredArray(
          String(entry.name.dropFirst(prefix.count)), entry.shape.dimensions, elements))
    }
    do throws(StatisticsError) {
      return try InputStatistics(stored: arrays)
    } catch {
      throw .tensor(name: prefix + error.array, path: file.file.path, reason: "\(error)")
    }
  }
}

extension StoredArray.Elements {
  /// The elements in the encoding of a safetensors file.
  fileprivate var encoded: (TensorType, [UInt8]) {
    switch self {
    case .floats(let values): (.float32, FloatFormat.float32.encode(values))
    case .doubles(let values): (.float64, littleEndian(values.lazy.map(\.bitPattern)))
    case .counts(let values): (.uint32, littleEndian(values))
    case .integers(let values): (.int64, littleEndian(values))
    }
  }
}

extension SafetensorsFile {
  /// The elements of a tensor, or nil for a type that statistics do not use.
  fileprivate func storedElements(_ entry: Entry) -> StoredArray.Elements? {
    switch entry.shape.type {
    case .float32: floats(entry.name).map { .floats($0) }
    case .float64: doubles(entry.name).map { .doubles($0) }
    case .uint32: integers(entry.name).map { .counts($0.map { UInt32(truncatingIfNeeded: $0) }) }
    case .int64: integers(entry.name).map { .integers($0) }
    default: nil
    }
  }
}
