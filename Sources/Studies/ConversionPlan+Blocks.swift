internal import Checkpoint
internal import Formats
internal import LinearAlgebra
internal import Pipeline
internal import Quantizer
internal import Transformer

// A conversion to a GGUF file: every matrix has a type of its own, and so have the embedding and the head.

extension ConversionPlan {
  /// Plans a file.
  ///
  /// - Throws: ``ConversionError`` for the first Linear that no blocks hold, and ``CheckpointError`` for what files
  ///   have no place for.
  init(
    _ model: LanguageModel, into wanted: GGUFFormat,
    progress: (Double) throws -> Void
  ) throws {
    try model.folder.checkCompanions()
    let linears = model.declaration.blocks.indices.map(model.declaration.linears)
    let quantized = linears.map { $0.filter(model.isQuantized) }
    guard quantized.contains(where: { !$0.isEmpty }) else {
      throw ConversionError.notQuantized(model.folder.path)
    }
    dense = linears.joined().filter { !model.isQuantized($0) }.map(\.name)
    alwaysDense = model.denseModules
    head = nil
    foreign = model.foreignParts
    var planned: [[PlannedLinear]] = []
    for block in quantized {
      try progress(Double(planned.count) / Double(quantized.count))
      let stacks = try wanted.stacks(of: block, in: model.folder) ?? block.map { [$0] }
      let found = Threads.map(stacks.count) { i in
        Result { try LinearFacts.inBlocks(stacks[i], of: model, wanted) }
      }
      planned.append(try found.flatMap { try $0.get() })
    }
    var (ends, tables) = ([PlannedLinear](), [PlannedTable]())
    for table in model.quantizedTables {
      do {
        ends += try LinearFacts.inBlocks([table], of: model, wanted)
      } catch is ConversionError {
        tables.append(try PlannedTable(table, in: model))
      }
    }
    blocks = planned + [ends]
    self.tables = tables
    let all = Array(blocks.joined())
    groups = SchemeGroup.groups(of: all.map { ($0.shape.name, $0.scheme) })
    engines = try EngineCheck(all.map { ($0.shape, $0.scheme) }, in: wanted).forGivenCodes
    format = GGUFFormat(
      GGUFMixture(
        of: planned.joined().map { ($0.scheme.weights, $0.shape.rows * $0.shape.columns) }))
    (tensors, copied) = Self.output(
      of: model.folder,
      all.map { ($0.shape.name, $0.tensors) } + tables.map { ($0.shape.name, [$0.tensor]) })
    try wanted.check(model.folder, storing: all.map(\.shape.name), beside: copied)
  }
}

extension LinearFacts {
  /// Linears of one tensor in the blocks that hold exactly their values.
  ///
  /// - Throws: ``ConversionError`` where none do.
  fileprivate static func inBlocks(
    _ shapes: [LinearShape], of model: LanguageModel, _ format: GGUFFormat
  ) throws -> [PlannedLinear] {
    let linears = try shapes.map { shape in
      guard let linear = try model.quantizedLinear(shape) else {
        throw ConversionError.notQuantized(shape.name)
      }
      if linear.activations != nil { _ = try EngineCheck([(shape, linear.scheme)], in: format) }
      return linear
    }
    guard let found = GGUFType.scheme(holding: linears.map(\.weight)) else {
      let failing =
        linears.firstIndex { GGUFType.scheme(holding: [$0.weight]) == nil } ?? linears.startIndex
      throw withoutBlocks(linears[failing], of: shapes[failing].name)
    }
    let scheme = LinearScheme(found)
    return shapes.map { shape in
      PlannedLinear(
        shape: shape, scheme: scheme, scales: .float16,
        tensors: format.layout(of: shape, scheme, scales: .float16))
    }
  }

  /// Why no blocks hold a Linear.
  static func withoutBlocks(_ linear: QuantizedLinear, of name: String) -> ConversionError {
    let (grid, columns) = (linear.weight.grid, linear.weight.columns)
    if grid.scattersGroups { return .scatteredGroups(linear: name, format: "gguf") }
    if case .table(let table) = grid.scheme.points { return .levels(linear: name, table) }
    guard columns % 32 == 0, grid.groupSize % 32 == 0 else {
      return .blockWidth(linear: name, columns: columns, groupSize: grid.groupSize)
    }
    let half = FloatFormat.float16
    if let scale = grid.scales.elements.first(where: { half.rounded($0) != $0 }) {
      return .scale(tensor: name, scale, half, format: "gguf")
    }
    let entry = linear.weight.firstEntry { part in GGUFType.scheme(holding: [part]) == nil }
    return .blocks(linear: name, entry, bits: grid.scheme.bits)
  }
}

extension QuantizedWeight {
  /// The scale and offset of the first group that, alone, is of some kind; those of the first group where none is.
  fileprivate func firstEntry(where isWanted: (QuantizedWeight) -> Bool) -> GridEntry {
    let size = grid.groupSize
    func one(_ value: Float) -> Matrix { Matrix(rows: 1, columns: 1, elements: [value]) }
    for row in 0..<rows {
      for group in 0..<grid.groups {
        let start = row * columns + group * size
        let alone = QuantizedWeight(
          rows: 1, columns: size,
          grid: Grid(
            scheme: grid.scheme, groupSize: size, scales: one(grid.scales[row, group]),
            offsets: one(grid.offsets[row, group])), codes: Array(codes[start..<start + size]))
        if isWanted(alone) {
          return GridEntry(scale: grid.scales[row, group], offset: grid.offsets[row, group])
        }
      }
    }
    return GridEntry(scale: grid.scales[0, 0], offset: grid.offsets[0, 0])
  }
}
