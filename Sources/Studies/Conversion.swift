internal import Checkpoint
public import Formats
internal import JSON
internal import LinearAlgebra
public import Pipeline
internal import Quantizer
public import Transformer

/// Converts a checkpoint to another format, code for code.
///
/// The output stands for the same weights as the input, bit for bit.
///
/// ```swift
/// let conversion = try Conversion(
///   of: LanguageModel(ModelFolder(path: "SmolLM2-gptq")), to: AWQFormat(), output: "SmolLM2-awq")
/// let report = try conversion.run()
/// ```
///
/// GGUF files have a type for each matrix, also for the embedding and the head. Those get the type that has exactly
/// their values; where other formats keep embedding and head dense, they become floats of as many bits as that takes.
public struct Conversion: Sendable {
  private let model: LanguageModel
  private let source: any CheckpointFormat
  private let format: any CheckpointFormat
  private let output: String

  /// Checks that there is something to convert.
  ///
  /// Nothing is written.
  ///
  /// - Parameters:
  ///   - model: the quantized model, from any tool.
  ///   - format: the layout to write.
  ///   - output: the folder to write.
  /// - Throws: ``ConversionError`` or ``CheckpointError``, with what to change.
  public init(
    of model: LanguageModel, to format: any CheckpointFormat, output: String
  ) throws {
    try FolderSink.checkIsFree(output)
    guard let source = model.format else { throw ConversionError.notQuantized(model.folder.path) }
    self.model = model
    self.source = source
    if let cache = model.cacheScheme {
      guard let format = format.storing(cache: cache.number) else {
        throw ConversionError.cacheScales(format: format.name)
      }
      self.format = format
    } else {
      self.format = format
    }
    self.output = output
  }

  /// Converts and writes the folder; after an error, no folder is left behind.
  ///
  /// The input is read twice: once to check that the format can hold it, once to write it.
  ///
  /// - Parameter send: called with each event, on the calling thread; an error that it throws ends
  ///   the conversion.
  /// - Returns: what was converted.
  /// - Throws: ``ConversionError``, ``RunError``, ``CheckpointError``, or what `send` throws.
  public func run(_ send: (RunEvent) throws -> Void = { _ in }) throws -> ConversionReport {
    let clock = ContinuousClock()
    let start = clock.now
    // The errors in it are those of all bits.
    let recorded = model.upperBits == nil ? try RunReport(recordedIn: model.folder) : nil
    let plan = try plan { try send(.progress($0 / 2, "checking")) }
    if let loaders = plan.engines.loaders { try send(.loaders(loaders)) }
    let leftOut = plan.format.isFile ? Warning.leavingOut(plan.foreign) : []
    for warning in plan.engines.warnings + leftOut { try send(.warning(warning)) }
    let sink = try plan.format.sink(path: output, tensors: plan.tensors)
    try sink.copy(plan.copied, from: model.folder, leaving: RunReport.fileName)
    for (i, block) in plan.blocks.enumerated() {
      try send(.progress(0.5 + Double(i) / Double(2 * plan.blocks.count), "writing"))
      _ = try sink.store(try linears(of: block, as: plan.format))
    }
    for table in plan.tables { try store(table, in: sink) }
    if let recorded {
      let report = recorded.stored(plan.byteCounts, dense: plan.tables.map(\.shape.name))
      try sink.storeFile(RunReport.fileName, report.json.bytes(.pretty))
    }
    try sink.commit(description(plan))
    return ConversionReport(
      plan, from: source.name, to: plan.format.name, keptBits: model.upperBits,
      seconds: (clock.now - start).seconds)
  }

  /// Stores a table as floats.
  private func store(_ table: PlannedTable, in sink: any ResultSink) throws {
    let bytes = try table.bytes(in: model)
    // Safety: bytes have no padding, so all of the memory is initialized.
    try unsafe sink.store(table.tensor.name, bytes.span.bytes)
  }

  private func plan(_ progress: (Double) throws -> Void) throws -> ConversionPlan {
    if let file = format as? GGUFFormat {
      return try ConversionPlan(model, into: file, progress: progress)
    }
    return try ConversionPlan(model, from: source, to: format, progress: progress)
  }

  /// Reads the Linears of a block, in parallel, under the schemes in which they will be stored.
  private func linears(
    of block: [PlannedLinear], as format: any CheckpointFormat
  ) throws -> [StoredLinear] {
    let read = Threads.map(block.count) { i in
      Result { () throws(CheckpointError) in try model.convertedLinear(block[i].shape, to: format) }
    }
    var linears: [StoredLinear] = []
    for (planned, result) in zip(block, read) {
      guard let linear = try result.get() else { continue }
      let stated = try linear.stated(as: planned.scheme, planned.shape.name, format)
      linears.append(StoredLinear(planned.shape.name, stated, scales: planned.scales))
    }
    return linears
  }

  private func description(_ plan: ConversionPlan) -> ResultDescription {
    let original = model.folder.quantization
    var provenance: [(String, JSONValue)] = [
      ("quantizer", [.string("ptq:\(version)")]), ("converted_from", .string(source.name)),
      ("original", original?["meta"] ?? original?["provenance"] ?? .null),
    ]
    if let bits = model.upperBits { provenance.append(("kept_bits", .number(JSONNumber(bits)))) }
    return ResultDescription(
      configuration: model.folder.configuration, groups: plan.groups,
      leaving: LinearSelection(
        quantized: plan.blocks.joined().map(\.shape.name),
        dense: plan.dense + plan.alwaysDense, foreign: plan.foreign, head: plan.head?.name),
      provenance: JSONValue(members: provenance))
  }
}

extension QuantizedLinear {
  /// The same Linear under another scheme of as many bits.
  ///
  /// A symmetric one among asymmetric ones gets the middle code as its zero point, and one with consecutive
  /// groups among scattered ones the map that says so.
  ///
  /// - Throws: ``ConversionError`` where the scheme has no such values, which a plan has ruled out unless the
  ///   file has changed since.
  fileprivate func stated(
    as scheme: LinearScheme, _ name: String, _ format: any CheckpointFormat
  ) throws(ConversionError) -> QuantizedLinear {
    if format.isFile {
      let encoding = format.encoding(scales: .float16)
      guard let restated = weight.restated(as: scheme.weights, by: encoding) else {
        throw LinearFacts.withoutBlocks(self, of: name)
      }
      return QuantizedLinear(restated)
    }
    guard let same = weight.grid.stated(as: scheme.weights) else {
      let entry = weight.grid.entry(unknownTo: scheme.weights)
      throw .points(
        linear: name, entry ?? GridEntry(scale: 0, offset: 0), format: format.name)
    }
    let grid = Grid(
      scheme: scheme.weights, groupSize: same.groupSize, scales: same.scales,
      offsets: same.offsets,
      columnGroups: scheme.scattersGroups ? (0..<weight.columns).map(weight.grid.group) : nil)
    return QuantizedLinear(
      QuantizedWeight(
        rows: weight.rows, columns: weight.columns, grid: grid, codes: weight.codes),
      activations: activations)
  }
}
