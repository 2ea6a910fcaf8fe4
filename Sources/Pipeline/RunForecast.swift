internal import Checkpoint
internal import Formats
public import LinearAlgebra
internal import Quantizer
internal import Solvers
internal import Transformer

/// What a run will do and need, as far as headers and settings tell.
public struct RunForecast: Sendable {
  /// A Linear and what will be stored for it.
  public struct Linear: Sendable, Hashable {
    /// Its name.
    public let name: String
    /// The number of outputs.
    public let rows: Int
    /// The number of inputs.
    public let columns: Int
    /// What will be stored, in short: "w4 g64".
    public let scheme: String

    /// A Linear of a given name and shape.
    public init(name: String, rows: Int, columns: Int, scheme: String) {
      self.name = name
      self.rows = rows
      self.columns = columns
      self.scheme = scheme
    }
  }

  /// Every Linear to be quantized, in order of computation; then the embedding and the head, where they are.
  public let linears: [Linear]
  /// The number of Linears that are taken over from another result.
  public let takenOver: Int
  /// Whether the embedding and the head stay as they are.
  public let keepsTables: Bool
  /// The other modules with matrices that stay as they are.
  public let dense: [String]
  /// The engines that load the result; nil for a format that no engine is known for.
  public let loaders: [String]?
  /// What the user should know.
  public let warnings: [Warning]
  /// The bytes of the result's tensors.
  public let outputBytes: Int
  /// The bytes that are free where it will be written; nil if the file system does not say.
  public let freeBytes: Int?
  /// The bytes that the run holds at most, by purpose.
  public let memory: MemoryPlan
  /// The multiplications and additions of the run.
  public let flops: Double
  /// What computes the large products.
  public let engine: ProductEngine
}

extension QuantizationRun {
  /// What the run will do and need.
  ///
  /// No weights are read, and nothing is written.
  ///
  /// - Throws: ``CheckpointError`` if the output could not be written.
  public func forecast() throws -> RunForecast {
    let ends = plan.tables + [plan.head].compactMap(\.self)
    let linears = (plan.blocks.joined() + ends).map { linear in
      RunForecast.Linear(
        name: linear.name, rows: linear.rows, columns: linear.columns,
        scheme: settings.label(of: plan.schemes[linear.name] ?? settings.linearScheme))
    }
    let free = try FolderSink.freeBytes(for: output)
    let bytes = plan.tensors.reduce(0) { $0 + ($1.shape.byteCount ?? 0) }
    if let free, free < bytes + memory.scratch {
      throw CheckpointError.noRoom(path: output, needed: bytes + memory.scratch, free: free)
    }
    var warnings = warnings
    if let free, free < bytes + memory.scratch + memory.checkpoints {
      warnings.append(Warning.noRoomForCheckpoints(memory.checkpoints))
    }
    return RunForecast(
      linears: linears, takenOver: taken.map { $0.linears.count - $0.tables.count } ?? 0,
      keepsTables: ends.isEmpty && taken?.tables.isEmpty != false,
      dense: plan.dense + plan.foreign,
      loaders: plan.engines.loaders, warnings: warnings,
      outputBytes: bytes, freeBytes: free, memory: memory, flops: flops, engine: model.engine)
  }

  private var tokens: Int { calibration?.windows.reduce(0) { $0 + $1.count } ?? 0 }

  private var corrects: Bool { settings.correction != nil && tokens > 0 }

  private var stages: [Stage] { model.declaration.blocks.flatMap(\.stages) }

  private var flops: Double {
    let streams = corrects ? 2.0 : 1.0
    var total = 0.0
    for group in stages.flatMap(\.groups).map({ $0.map(\.shape) }) + [
      [plan.head].compactMap(\.self)
    ] {
      guard let columns = group.first.map({ Double($0.columns) }) else { continue }
      let rows = group.reduce(0.0) { $0 + Double($1.rows) }
      // One triangle of XᵀX, and all of the cross moment; an inverse; and rounding with feedback.
      total += Double(tokens) * columns * (2 * rows * streams + columns * (corrects ? 3 : 1))
      total += columns * columns * (columns + 4 * rows)
    }
    return total
  }
}
