internal import Checkpoint
internal import Formats
internal import LinearAlgebra
internal import Pipeline
internal import Quantizer
internal import Transformer

/// A quantized Linear and how it will be stored.
struct PlannedLinear: Sendable {
  let shape: LinearShape
  /// What is stored.
  let scheme: LinearScheme
  /// The format of its scales.
  let scales: FloatFormat
  /// Its tensors, in the order in which they are encoded.
  let tensors: [NamedShape]
}

/// Everything about a conversion that can be checked before anything is written.
struct ConversionPlan {
  /// The quantized Linears, by their schemes.
  let groups: [SchemeGroup]
  /// The quantized Linears of each block, and behind them those that are in none.
  let blocks: [[PlannedLinear]]
  /// The head, where it is among them.
  let head: LinearShape?
  /// The Linears that are in floating point in the input.
  let dense: [String]
  /// Modules that are never quantized and that readers would not leave out by themselves.
  let alwaysDense: [String]
  /// The parts of the folder that do not belong to the language model.
  let foreign: [String]
  /// The tensors of the output, in the order of the input.
  let tensors: [NamedShape]
  /// The tensors that are copied unchanged.
  let copied: [ModelFolder.TensorReference]
  /// What engines make of the output.
  let engines: EngineCheck
  /// The format, with the type that the weights have.
  let format: any CheckpointFormat
  /// The tables that become dense.
  let tables: [PlannedTable]

  /// The last parts of the tensor names that formats use for a Linear.
  private static let parts: Set = [
    "weight_packed", "weight_scale", "weight_zero_point", "weight_shape", "weight_g_idx", "weight",
    "input_scale", "input_zero_point", "qweight", "qzeros", "scales", "g_idx", "biases",
  ]
}

extension ConversionPlan {
  init(
    _ model: LanguageModel, from source: any CheckpointFormat, to wanted: any CheckpointFormat,
    progress: (Double) throws -> Void
  ) throws {
    try model.folder.checkCompanions()
    let linears = model.declaration.blocks.indices.map(model.declaration.linears)
    // Where embedding and head are in integers anyway, they are copied; what other formats quantize was meant to stay
    // small.
    let keepsTables = wanted.tableBits != nil && wanted.name == source.name
    let head = keepsTables || source.isFile || !wanted.holdsHead ? nil : model.quantizedHead
    self.head = head
    let quantized = linears.map { $0.filter(model.isQuantized) }
    dense = linears.joined().filter { !model.isQuantized($0) }.map(\.name)
    foreign = model.foreignParts
    alwaysDense = model.denseModules.filter { $0 != head?.name }
    let left = keepsTables ? [] : model.quantizedTables.filter { $0 != head }
    if !source.isFile, let table = left.last {
      throw ConversionError.quantizedTable(table.name, format: wanted.name)
    }
    tables = try left.map { try PlannedTable($0, in: model) }
    for block in model.declaration.blocks { try Self.checkFused(block, model) }
    var facts: [[LinearFacts]] = []
    for block in quantized + [[head].compactMap(\.self)] {
      try progress(Double(facts.count) / Double(quantized.count + 1))
      facts.append(try Self.facts(block, model, to: wanted))
    }
    let format = wanted.storing(facts.joined().map(\.scheme.weights))
    self.format = format
    let storable = try LinearFacts.storable(facts, in: model.folder, as: format)
    let all = Array(storable.joined())
    var engines = try EngineCheck(
      all.map { ($0.shape, $0.scheme) }, in: format, experts: model.expertLinears,
      of: try model.folder.modelType)
    let kept = keepsTables ? try model.tableSchemes : []
    groups = SchemeGroup.groups(of: all.map { ($0.shape.name, $0.scheme) } + kept)
    if head != nil, format is GPTQFormat { engines = engines.withoutGPTQHead() }
    if model.hasMixedExperts(groups) { engines = engines.withoutMixedExperts() }
    let weights = model.folder.tensor("\(model.declaration.embedding).weight")?.shape.type
      .floatFormat
    if !foreign.isEmpty, format is CompressedTensorsFormat, let weights,
      let scales = all.map({ format.scaleFormat(for: $0.scaleFormat) }).first(where: {
        $0 != weights
      })
    {
      engines = engines.withoutMixedTypes(scales, beside: weights)
    }
    self.engines = engines.forGivenCodes
    for linear in all { try linear.check(against: format, in: source) }
    let hasWide = source.isFile && all.contains { $0.scaleFormat == .float32 }
    blocks = storable.map { block in
      block.map { linear in
        let scales = format.scaleFormat(for: hasWide ? .float32 : linear.scaleFormat)
        let tensors = format.layout(of: linear.shape, linear.scheme, scales: scales)
        return PlannedLinear(
          shape: linear.shape, scheme: linear.scheme, scales: scales, tensors: tensors)
      }
    }
    (tensors, copied) = Self.output(
      of: model.folder,
      blocks.joined().map { ($0.shape.name, $0.tensors) }
        + tables.map { ($0.shape.name, [$0.tensor]) })
  }

  /// The bytes that each quantized Linear will take.
  var byteCounts: [String: Int] {
    let pairs = blocks.joined().map { linear in
      (linear.shape.name, linear.tensors.reduce(0) { $0 + ($1.shape.byteCount ?? 0) })
    }
    return Dictionary(uniqueKeysWithValues: pairs)
  }

  /// Checks that Linears that engines merge into one matrix are all quantized or all dense.
  ///
  /// Those are the Linears that read one input: q, k and v; gate and up.
  private static func checkFused(_ block: any BlockProgram, _ model: LanguageModel) throws {
    for group in block.stages.flatMap(\.groups) {
      let fused = group.filter { !$0.staysDense }.map(\.shape)
      let dense = fused.filter { !model.isQuantized($0) }
      guard dense.isEmpty || dense.count == fused.count else {
        throw ConversionError.partlyQuantized(
          dense: dense.map(\.name), quantized: fused.filter(model.isQuantized).map(\.name))
      }
    }
  }

  /// Collects what must be known about a block's Linears, which are read in parallel.
  private static func facts(
    _ block: [LinearShape], _ model: LanguageModel, to format: any CheckpointFormat
  ) throws -> [LinearFacts] {
    let results = Threads.map(block.count) { i in
      Result { () throws -> LinearFacts? in
        try model.convertedLinear(block[i], to: format).map {
          try LinearFacts(block[i], $0, in: model)
        }
      }
    }
    return try results.compactMap { try $0.get() }
  }

  /// The tensors of the output; those of a quantized Linear stand where its first tensor was.
  static func output(
    of folder: ModelFolder, _ linears: [(String, [NamedShape])]
  ) -> (tensors: [NamedShape], copied: [ModelFolder.TensorReference]) {
    var pending = Dictionary(uniqueKeysWithValues: linears)
    let names = Set(pending.keys)
    var tensors: [NamedShape] = []
    var copied: [ModelFolder.TensorReference] = []
    for tensor in folder.tensors {
      let dot = tensor.name.lastIndex(of: ".") ?? tensor.name.startIndex
      let (module, part) = (String(tensor.name[..<dot]), String(tensor.name[dot...].dropFirst()))
      if names.contains(module), parts.contains(part) {
        tensors += pending.removeValue(forKey: module) ?? []
      } else {
        tensors.append(NamedShape(tensor.name, tensor.shape.type, tensor.shape.dimensions))
        copied.append(tensor)
      }
    }
    return (tensors, copied)
  }
}
