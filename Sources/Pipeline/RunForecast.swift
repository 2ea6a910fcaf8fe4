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
  public let memory: Memory
  /// The multiplications and additions of the run.
  public let flops: Double
  /// What computes the large products.
  public let engine: ProductEngine

  /// What a run holds at its largest moment, in bytes.
  ///
  /// Mapped files are not counted: the kernel takes their pages back when it needs them.
  public struct Memory: Sendable, Equatable {
    /// One block's weights in float32: twice while it is solved, and once more beside a full-precision stream; and
    /// for each stream in bfloat16 where that is what products read.
    public let weights: Int
    /// The hidden states of all windows.
    public let hiddenStates: Int
    /// What is kept between the stages of a block.
    public let activations: Int
    /// The statistics of one stage, and the factor of a Hessian in float64.
    public let statistics: Int

    /// The sum, and 300 MB for the program itself.
    public var total: Int { weights + hiddenStates + activations + statistics + 300_000_000 }
  }
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
    if let free, free < bytes {
      throw CheckpointError.noRoom(path: output, needed: bytes, free: free)
    }
    return RunForecast(
      linears: linears, takenOver: taken?.linears.count ?? 0, keepsTables: ends.isEmpty,
      dense: plan.dense + plan.foreign,
      loaders: plan.engines.loaders, warnings: warnings,
      outputBytes: bytes, freeBytes: free, memory: memory, flops: flops, engine: model.engine)
  }

  private var tokens: Int { calibration?.windows.reduce(0) { $0 + $1.count } ?? 0 }

  private var corrects: Bool { settings.correction != nil && tokens > 0 }

  private var stages: [Stage] { model.declaration.blocks.flatMap(\.stages) }

  private var memory: RunForecast.Memory {
    let streams = corrects ? 2 : 1
    let parts = plan.blocks + [[plan.head].compactMap(\.self)]
    let largest = parts.map { part in part.reduce(0) { $0 + $1.weightCount } }.max() ?? 0
    let packed = model.engine == .float32 ? 0 : 2 * streams
    return RunForecast.Memory(
      weights: (4 * (1 + streams) + packed) * largest,
      hiddenStates: 4 * tokens * model.declaration.hiddenSize * streams,
      activations: min(stages.map(heldBytes).max() ?? 0, activationBudget) * streams,
      statistics: stages.map(statisticsBytes).max() ?? 0)
  }

  /// What the outputs of a stage take, until the next one has read them.
  private func heldBytes(behind stage: Stage) -> Int {
    // Each token goes to a few of the experts only; what they hold is computed again where it is large.
    let width = stage.groups.count == 1 ? stage.slots.reduce(0) { $0 + $1.shape.rows } : 0
    return 4 * tokens * width
  }

  /// Second moments of calibration and held-out tokens, cross moments, and a factor in float64.
  private func statisticsBytes(of stage: Stage) -> Int {
    let widths = stage.groups.filter { group in group.contains { !$0.staysDense } }
      .compactMap { $0.first?.shape.columns }
    guard tokens > 0, let widest = widths.max() else { return 0 }
    let moments = corrects ? 4 : 2
    let all = 4 * moments * widths.reduce(0) { $0 + $1 * $1 }
    let one = 4 * moments * widest * widest
    // Experts are measured in batches of two gigabytes.
    return min(all, max(2 << 30, one)) + 24 * widest * widest
  }

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

extension LinearShape {
  fileprivate var weightCount: Int { rows * columns }
}
