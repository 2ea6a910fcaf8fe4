internal import Checkpoint
internal import Formats
internal import JSON
internal import Solvers
public import Transformer

/// A finished result of the same model, from which a run takes over all Linears but those that it solves again.
///
/// The run measures the chosen Linears behind the codes that the others have. Only codes and grids are taken over,
/// so nothing else in the result may differ from the model: its method must not have scaled or rotated anything.
public struct BaseResult: Sendable {
  /// The result.
  let model: LanguageModel
  private let redone: [ModulePattern]
  let report: RunReport
  private let record: ResultRecord

  /// A result, and the Linears to be solved again, with all that engines merge with them.
  ///
  /// - Throws: ``BaseResultError`` if Linears cannot be taken over from it.
  /// - Complexity: reads all of the result.
  public init(_ model: LanguageModel, redoing patterns: [ModulePattern]) throws {
    let path = model.folder.path
    guard model.format != nil else { throw BaseResultError.notQuantized(path) }
    guard let record = try ResultRecord(of: path), record.made["model"] != nil else {
      throw BaseResultError.noRecord(path)
    }
    guard let report = try RunReport(recordedIn: model.folder) else {
      throw BaseResultError.noRecord(path)
    }
    guard record.made["rotation"] == nil, !report.linears.contains(where: \.hasScaledInput) else {
      throw BaseResultError.changesModel(path, method: report.method)
    }
    self.model = model
    self.report = report
    self.record = record
    redone = patterns
  }

  /// What a run takes over, and the model of which it solves the rest.
  ///
  /// A head that the result has quantized is taken over as well, unless it is to be solved again; so are an embedding and
  /// a head that were rounded to nearest, unless the settings say in how many bits.
  ///
  /// - Throws: ``BaseResultError`` if the result and the run do not fit together, or `ModulePatternError` for a
  ///   pattern that fits no Linear.
  /// - Complexity: reads both folders once.
  func taken(
    by settings: QuantizationSettings, of original: LanguageModel
  ) throws -> (TakenLinears, remaining: LanguageModel) {
    guard !settings.method.changesDenseTensors else {
      throw BaseResultError.methodChangesModel(settings.method.name)
    }
    guard let format = model.format, format.name == settings.format.name else {
      throw BaseResultError.anotherFormat(
        model.folder.path, found: model.format?.name ?? "", needed: settings.format.name)
    }
    try checkSource(original)
    let head = model.solvedHead(report)
    // A pattern may name the head alone, and then fits no Linear of the blocks.
    let mayNameHead = head != nil || settings.quantizesHead
    let patterns = redone.filter { pattern in
      !mayNameHead || !original.isHead(pattern)
        || original.declaration.blocks.indices.contains { block in
          original.declaration.linears(block: block).contains { pattern.matches($0.name) }
        }
    }
    let chosen = try original.linears(matching: patterns)
    var remaining = original
    var blocks: [[LinearShape]] = []
    for block in original.declaration.blocks.indices {
      let others = original.declaration.linears(block: block).filter { !chosen.contains($0.name) }
      remaining.keepDense(Set(others.map(\.name)), block: block)
      blocks.append(others.filter(model.isQuantized))
    }
    let reports = Dictionary(report.linears.map { ($0.name, $0) }) { first, _ in first }
    let takenHead = redone.contains(where: original.isHead) ? nil : head
    let solvesHead = settings.quantizesHead || redoesHead(of: original)
    let tables = model.quantizedTables.filter { table in
      settings.tableBits == nil && table != head && !(solvesHead && table == model.headShape)
    }
    let taken = try TakenLinears(
      blocks, takenHead, tables, from: model, format, reports: reports,
      tableReports: report.tables)
    return (taken, remaining)
  }

  /// Whether the head is to be solved again.
  func redoesHead(of original: LanguageModel) -> Bool {
    model.solvedHead(report) != nil && redone.contains(where: original.isHead)
  }

  /// What identifies the result.
  var fact: String { record.digest }

  /// Checks that the result was made from the files of a model.
  private func checkSource(_ original: LanguageModel) throws {
    guard describesSameModel(as: original) else {
      throw BaseResultError.anotherModel(
        model.folder.path, file: "\(original.folder.path)/config.json")
    }
    let name = original.firstSlot
    guard name == model.firstSlot else {
      throw BaseResultError.otherNames(model.folder.path, needed: name)
    }
    for path in Set(original.folder.tensors.map(\.path)).sorted() {
      let name = path.split(separator: "/").last.map(String.init) ?? path
      guard try record.made["model"]?[name] == .string(MappedFile(path: path).digest) else {
        throw BaseResultError.anotherModel(model.folder.path, file: path)
      }
    }
  }
}

extension BaseResult {
  /// Whether the result has the configuration of a model; a file has it in other words, and its digest.
  private func describesSameModel(as original: LanguageModel) -> Bool {
    let configuration = original.folder.configuration
    guard model.format?.isFile == true else {
      return model.folder.configuration.describesSameModel(as: configuration)
    }
    return record.made["recipe"]?["configuration"]
      == .string(SHA256.digest(of: configuration.bytes(.compact)))
  }
}

extension LanguageModel {
  /// The name of the first Linear.
  fileprivate var firstSlot: String {
    declaration.blocks.first?.stages.first?.slots.first?.name ?? ""
  }

  /// The head, if a report says that it was solved like a Linear.
  fileprivate func solvedHead(_ report: RunReport) -> LinearShape? {
    [headLinear, headShape].first { head in report.linears.contains { $0.name == head.name } }
  }

  /// Whether a pattern names the head.
  fileprivate func isHead(_ pattern: ModulePattern) -> Bool {
    pattern.matches(headLinear.name) || pattern.matches(headShape.name)
  }
}

extension JSONValue {
  /// Whether two configurations are the same but for how the model is quantized.
  ///
  /// A head that was quantized or rotated is no longer tied.
  fileprivate func describesSameModel(as other: JSONValue) -> Bool {
    guard case .object(let own) = self, case .object(let others) = other else { return false }
    return JSONValue.object(own.withoutStorage) == .object(others.withoutStorage)
  }
}

extension JSONObject {
  /// The members that say what the model computes.
  fileprivate var withoutStorage: JSONObject {
    var result = self
    for name in ["quantization_config", "quantization", "tie_word_embeddings"] {
      result[name] = nil
    }
    if case .object(let text)? = result["text_config"] {
      result["text_config"] = .object(text.withoutStorage)
    }
    return result
  }
}
