package import Checkpoint
package import Formats
package import LinearAlgebra
package import Quantizer
internal import Solvers
internal import Transformer

/// Everything about a run that can be checked before its work starts.
package struct RunPlan {
  /// The Linears of each block that are solved, in order of computation.
  let blocks: [[LinearShape]]
  /// The embedding and the head, where they are rounded to nearest.
  let tables: [LinearShape]
  /// The head, where it is quantized like a Linear of the blocks.
  let head: LinearShape?
  /// The name of the head where it is quantized like a Linear, now or in what is taken over.
  let storedHead: String?
  /// Whether that makes the head a matrix of its own where the source shares the embedding's.
  let untiesHead: Bool
  /// What is stored for each Linear and table, by its name.
  let schemes: [String: LinearScheme]
  /// All quantized Linears and tables, by their schemes.
  let groups: [SchemeGroup]
  /// The format that scales are stored in.
  let scales: FloatFormat
  /// The tensors of the output, in the order of the input.
  let tensors: [NamedShape]
  /// The tensors that are copied unchanged.
  let copied: [ModelFolder.TensorReference]
  /// The tensors of Linears that are taken over from another result.
  let taken: [ModelFolder.TensorReference]
  /// The norms and biases that may take up the factors of scaled inputs.
  let rewritten: Set<String>
  /// The dense modules that readers of a format would not leave out by themselves.
  let dense: [String]
  /// The parts of the folder that do not belong to the language model.
  let foreign: [String]
  /// What engines make of the output.
  let engines: EngineCheck

  init(
    _ model: LanguageModel, _ settings: QuantizationSettings, taking taken: TakenLinears? = nil
  ) throws {
    guard model.format == nil else { throw RunError.alreadyQuantized(model.folder.path) }
    try settings.format.check(model.folder)
    try model.folder.checkCompanions()
    blocks = model.declaration.blocks.indices.map(model.declaration.linears)
    let inIntegers = try model.plannedTables(settings)
    let plannedHead = try model.plannedHead(settings, among: inIntegers.map(\.0))
    let storedHead = plannedHead?.0 ?? taken?.head
    let rounded = inIntegers.filter {
      $0.0 != storedHead && taken?.tables.contains($0.0) != true
    }
    (tables, head) = (rounded.map(\.0), plannedHead?.0)
    self.storedHead = storedHead?.name
    untiesHead = model.sharesHead && storedHead != nil && storedHead != model.headShape
    let ends = rounded + [plannedHead].compactMap(\.self)
    let schemes = try settings.schemes(for: model)
      .merging(ends.map { ($0.0.name, $0.1) }) { _, end in end }
    let scheme = { (linear: LinearShape) in schemes[linear.name] ?? settings.linearScheme }
    groups = SchemeGroup.groups(
      of: (taken?.linears ?? [])
        + (blocks.joined() + ends.map(\.0)).map {
          ($0.name, scheme($0).widened)
        })
    let sorted = blocks.joined().sorted { $0.name < $1.name }
    scales = try Self.scaleFormat(sorted, in: model.folder, settings.format)
    try Self.checkWidths(sorted, isFree: settings.format.standardScheme == nil) {
      scheme($0).weights
    }
    try settings.checkRounding(sorted + [head].compactMap(\.self)) { scheme($0).weights }
    dense = model.denseModules.filter { [head] in
      taken?.tensors[$0] == nil && $0 != head?.name
    }
    foreign = model.foreignParts
    var engines = try EngineCheck(
      (blocks.joined() + [head].compactMap(\.self)).map { ($0, scheme($0)) }, in: settings.format,
      experts: model.expertLinears,
      of: try model.folder.modelType)
    if try !model.hasOrdinaryLinears {
      engines = engines.withoutOrdinaryLinears(in: settings.format)
    }
    if model.hasMixedExperts(groups) { engines = engines.withoutMixedExperts() }
    if settings.format.cache == .integer { engines = engines.withoutIntegerCache() }
    if storedHead != nil, settings.format is GPTQFormat { engines = engines.withoutGPTQHead() }
    self.engines = model.foreignPrefix.map(engines.withoutEngines) ?? engines
    try taken?.check(beside: groups, in: settings.format)
    guard !settings.method.keepsOutliers else { throw RunError.cannotStoreOutliers }
    let headTensor = storedHead.map { "\($0.name).weight" }
    let rotated = model.rotatedTensors.filter { $0.name != headTensor }
    rewritten = Set(
      settings.method.changesDenseTensors
        ? model.declaration.blocks.flatMap(\.denseTensorNames) : [])
    let linears = Dictionary(
      uniqueKeysWithValues: (blocks.joined() + ends.map(\.0)).map { ("\($0.name).weight", $0) })
    var tensors = rotated
    var copied: [ModelFolder.TensorReference] = []
    var adopted: [ModelFolder.TensorReference] = []
    for tensor in model.folder.tensors {
      if let linear = linears[tensor.name] {
        tensors += settings.format.layout(of: linear, scheme(linear), scales: scales)
      } else if let stored = taken?.tensors(insteadOf: tensor.name) {
        tensors += stored.map { NamedShape($0.name, $0.shape.type, $0.shape.dimensions) }
        adopted += stored
      } else if !rotated.contains(where: { $0.name == tensor.name }) {
        tensors.append(NamedShape(tensor.name, tensor.shape.type, tensor.shape.dimensions))
        if !rewritten.contains(tensor.name) { copied.append(tensor) }
      }
    }
    if let headTensor, model.folder.tensor(headTensor) == nil {
      if let head { tensors += settings.format.layout(of: head, scheme(head), scales: scales) }
      let stored = taken?.tensors(insteadOf: headTensor) ?? []
      tensors += stored.map { NamedShape($0.name, $0.shape.type, $0.shape.dimensions) }
      adopted += stored
    }
    if settings.format.cache != nil {
      tensors += model.declaration.blocks.compactMap(\.cacheModule).flatMap(CacheScales.tensors)
    }
    (self.tensors, self.copied, self.taken, self.schemes) = (tensors, copied, adopted, schemes)
  }

  /// What progress counts: the blocks, and the head where it is quantized.
  var steps: Double { Double(blocks.count + (head == nil ? 0 : 1)) }

  /// The number of Linears to be quantized, with the head.
  var linearCount: Int { blocks.reduce(0) { $0 + $1.count } + (head == nil ? 0 : 1) }

  /// The groups without some Linears.
  func groups(without names: Set<String>) -> [SchemeGroup] {
    groups.map { SchemeGroup($0.scheme, linears: $0.linears.filter { !names.contains($0) }) }
      .filter { !$0.linears.isEmpty }
  }

  /// Checks each Linear's tensor and returns the format in which scales will be stored.
  package static func scaleFormat(
    _ linears: some Sequence<LinearShape>, in folder: ModelFolder, _ format: any CheckpointFormat
  ) throws -> FloatFormat {
    var scales: FloatFormat?
    for linear in linears {
      // The model has checked the shape, which a few families store transposed.
      let name = "\(linear.name).weight"
      let stored = folder.tensor(name)?.shape.dimensions ?? [linear.rows, linear.columns]
      let (_, found) = try folder.floatTensor(name, dimensions: stored)
      scales = scales ?? format.scaleFormat(for: found)
    }
    return scales ?? .float32
  }

  /// Checks that the groups fill the rows of each Linear.
  ///
  /// - Parameters:
  ///   - linears: the Linears.
  ///   - isFree: whether the groups could have another size.
  ///   - scheme: the scheme of a Linear.
  /// - Throws: ``RunError/scheme(linear:_:fitting:)``.
  package static func checkWidths(
    _ linears: [LinearShape], isFree: Bool = true, _ scheme: (LinearShape) -> Scheme
  ) throws {
    for linear in linears {
      do {
        _ = try scheme(linear).groupSize(columns: linear.columns)
      } catch {
        let fitting = isFree ? SchemeError.groupSizes(fitting: linears.map(\.columns)) : []
        throw RunError.scheme(linear: linear.name, error, fitting: fitting)
      }
    }
  }
}

extension LanguageModel {
  /// Whether transformers computes the model with ordinary Linears: GPT-2's are stored as `[in, out]`, and
  /// Falcon's have a class of their own, which is not replaced by a quantized one.
  fileprivate var hasOrdinaryLinears: Bool {
    get throws(CheckpointError) {
      let slots = declaration.blocks.flatMap(\.stages).flatMap(\.slots)
      let type = try folder.modelType
      return type != "falcon" && !slots.contains(where: \.isTransposed)
    }
  }

  /// Whether some experts stay dense, or there are experts and several ways in which Linears are stored.
  package func hasMixedExperts(_ groups: [SchemeGroup]) -> Bool {
    let experts = expertLinears
    guard !experts.isEmpty else { return false }
    return groups.count > 1 || !experts.isSubset(of: groups.flatMap(\.linears))
  }

  /// The names of the Linears that belong to one of several experts.
  package var expertLinears: Set<String> {
    Set(
      declaration.blocks.flatMap(\.stages).flatMap(\.slots).filter { $0.expert != nil }.map(\.name))
  }
}
