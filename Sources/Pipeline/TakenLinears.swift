internal import Checkpoint
internal import Formats
internal import LinearAlgebra
internal import Quantizer
internal import Transformer

/// Linears whose codes and grids a run takes over from a finished result.
struct TakenLinears {
  /// Their names, in order of computation, and what is stored for each.
  let linears: [(String, LinearScheme)]
  private let reports: [String: LinearReport]
  /// Their tensors, by the name of the Linear.
  let tensors: [String: [ModelFolder.TensorReference]]
  private let blocks: [[LinearShape]]
  /// The head, if it is among them.
  let head: LinearShape?
  /// The embedding and the head, where they were rounded to nearest.
  let tables: [LinearShape]
  /// What was reported of those.
  let tableReports: [TableReport]
  private let source: LanguageModel

  /// Linears of the blocks of a result, and maybe its head, and tables.
  ///
  /// - Throws: ``CheckpointError`` if one cannot be decoded, or a Linear has no report.
  init(
    _ blocks: [[LinearShape]], _ head: LinearShape?, _ tables: [LinearShape],
    from source: LanguageModel, _ format: any CheckpointFormat, reports: [String: LinearReport],
    tableReports: [TableReport]
  ) throws(CheckpointError) {
    (self.blocks, self.head, self.tables) = (blocks, head, tables)
    self.tableReports = tableReports.filter { report in tables.contains { $0.name == report.name } }
    self.source = source
    var linears: [(String, LinearScheme)] = []
    var tensors: [String: [ModelFolder.TensorReference]] = [:]
    for block in blocks + [[head].compactMap(\.self), tables] {
      for (linear, quantized) in zip(block, try source.decoded(block)) {
        guard reports[linear.name] != nil || tables.contains(linear) else {
          throw .missing(
            path: "\(source.folder.path)/\(RunReport.fileName)",
            needed: "it says nothing about \(linear.name)")
        }
        linears.append((linear.name, quantized.scheme))
        tensors[linear.name] = format.layout(of: linear, quantized.scheme, scales: .float32)
          .compactMap { source.folder.tensor($0.name) }
      }
    }
    (self.linears, self.tensors, self.reports) = (linears, tensors, reports)
  }

  /// The tensors that take the place of one of the original model; nil if it is of no such Linear.
  func tensors(insteadOf name: String) -> [ModelFolder.TensorReference]? {
    guard name.hasSuffix(".weight") else { return nil }
    return tensors[String(name.dropLast(".weight".count))]
  }

  /// Checks that a format can hold the schemes of all Linears, taken over or not.
  func check(beside groups: [SchemeGroup], in format: any CheckpointFormat) throws(BaseResultError)
  {
    if !format.linearTypes.isEmpty { return }
    guard Set(groups.map { $0.scheme.activations == nil }).count <= 1 else { throw .inputsDiffer }
    // A layout for levels of a table has nothing else in it.
    let hasTable = groups.contains { group in
      if case .table = group.scheme.weights.points { true } else { false }
    }
    guard groups.count > 1, !format.holdsSeveralSchemes || hasTable,
      let (name, _) = linears.first
    else { return }
    throw .anotherScheme(name, format: format.label)
  }

  /// The Linears of a block, by their names.
  func quantized(inBlock index: Int) throws(CheckpointError) -> [String: QuantizedLinear] {
    let linears = blocks[index]
    return Dictionary(uniqueKeysWithValues: zip(linears.map(\.name), try source.decoded(linears)))
  }

  /// What was reported of the Linears of a block, as far as it still holds: their inputs are others now.
  func reports(ofBlock index: Int) -> [LinearReport] {
    blocks[index].compactMap { reports[$0.name]?.takenOver }
  }

  /// What was reported of the head, if it is taken over.
  var headReport: LinearReport? { head.flatMap { reports[$0.name]?.takenOver } }
}

extension LanguageModel {
  /// Quantized Linears, decoded in parallel.
  fileprivate func decoded(_ linears: [LinearShape]) throws(CheckpointError) -> [QuantizedLinear] {
    let results = Threads.map(linears.count) { i in
      Result { () throws(CheckpointError) in try quantizedLinear(linears[i]) }
    }
    var decoded: [QuantizedLinear] = []
    for (linear, result) in zip(linears, results) {
      guard let quantized = try result.get() else {
        throw .missing(path: folder.path, needed: "\(linear.name) is not quantized")
      }
      decoded.append(quantized)
    }
    return decoded
  }
}
