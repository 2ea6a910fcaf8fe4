package import Checkpoint
public import Formats
package import LinearAlgebra
public import Quantizer
public import Remedies
internal import Solvers
internal import Transformer

/// Everything about a run that can be checked before its work starts.
package struct RunPlan {
  /// The Linears of each block that are solved, in order of computation.
  let blocks: [[LinearShape]]
  /// The embedding and the head, where they are quantized.
  let tables: [LinearShape]
  /// The head, where it is quantized like a Linear of the blocks.
  let head: LinearShape?
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
    let planned = try model.plannedTables(settings)
    let plannedHead = try model.plannedHead(settings)
    (tables, head) = (planned.map(\.0), plannedHead?.0)
    let ends = planned + [plannedHead].compactMap(\.self)
    let schemes = try settings.schemes(for: model)
      .merging(ends.map { ($0.0.name, $0.1) }) { _, end in end }
    let scheme = { (linear: LinearShape) in schemes[linear.name] ?? settings.linearScheme }
    groups = SchemeGroup.groups(
      of: (taken?.linears ?? []) + (blocks.joined() + ends.map(\.0)).map { ($0.name, scheme($0)) })
    let sorted = blocks.joined().sorted { $0.name < $1.name }
    scales = try Self.scaleFormat(sorted, in: model.folder, settings.format)
    try Self.checkWidths(sorted, isFree: settings.format.standardScheme == nil) {
      scheme($0).weights
    }
    dense = model.denseModules.filter { taken?.tensors[$0] == nil }
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
    self.engines = model.foreignPrefix.map(engines.withoutEngines) ?? engines
    try taken?.check(beside: groups, in: settings.format)
    guard !settings.method.keepsOutliers else { throw RunError.cannotStoreOutliers }
    let headTensor = head.map { "\($0.name).weight" }
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
    if let head, let headTensor, model.folder.tensor(headTensor) == nil {
      tensors += settings.format.layout(of: head, scheme(head), scales: scales)
    }
    if settings.format.cache != nil {
      tensors += model.declaration.blocks.compactMap(\.cacheModule).flatMap(CacheScales.tensors)
    }
    (self.tensors, self.copied, self.taken, self.schemes) = (tensors, copied, adopted, schemes)
  }

  /// The number of Linears to be quantized.
  var linearCount: Int { blocks.reduce(0) { $0 + $1.count } }

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

/// Why a run cannot start.
public enum RunError: RemediableError {
  /// The input is quantized already.
  case alreadyQuantized(String)
  /// The scheme does not fit a Linear; `fitting` lists the group sizes that fit all of them, none where the format
  /// has only one.
  case scheme(linear: String, SchemeError, fitting: [Int])
  /// No engine would load the output.
  case noEngine(format: String, [EngineVerdict])
  /// The method needs calibration and there is none.
  case calibrationNeeded(method: String)
  /// The head is to be quantized, which the format does not store.
  case headInFormat(String)
  /// The head is to be quantized by a method that rounds inputs.
  case headBesideRoundedInputs(method: String)
  /// Keys and values are to have scales, but there is no calibration.
  case cacheNeedsCalibration
  /// Statistics are to be kept, but there is no calibration.
  case nothingToKeep
  /// A perplexity was asked for, but some Linears are not selected.
  case partialPerplexity
  /// No Linear of the model is selected.
  case nothingSelected
  /// Some methods rotate the model and others do not, but one pass measures one model.
  case rotationDiffers
  /// A rotation was asked for, but there is only one Linear.
  case rotationNeedsModel
  /// No format holds a Linear with channels that are not quantized.
  case cannotStoreOutliers
  /// Linears are to have different numbers of bits, which the format does not allow.
  case oneWidth(format: String)
  /// Linears are to have different numbers of bits, but their inputs are rounded to 8.
  case oneWidthForInputs(method: String)
  /// There is no interrupted run to continue.
  case nothingToContinue(String)
  /// The interrupted run beside the output is another one.
  case anotherRun(path: String, differences: [String])
  /// No Linear could be quantized.
  case allFailed
  /// The windows are longer than the model's context.
  case windowTooLong(length: Int, context: Int)

  /// What was found, and what was needed.
  public var description: String {
    switch self {
    case .alreadyQuantized(let path):
      "\(path): is quantized already; start from the original model"
    case .scheme(let linear, .indivisible(let columns, let size), []):
      "\(linear): the format has groups of \(size) columns, which do not fill the input width \(columns)"
    case .scheme(let linear, .indivisible(let columns, let size), let fitting):
      "\(linear): group size \(size) does not divide the input width \(columns); sizes that fit "
        + "every Linear: \(fitting.map(String.init).joined(separator: ", "))"
    case .scheme(let linear, let error, _): "\(linear): \(error)"
    case .noEngine(let format, let verdicts):
      "no engine would load this as \(format): " + Self.objections(verdicts)
    case .calibrationNeeded(let method):
      "the method \(method) needs a calibration text"
    case .headInFormat(let format):
      "\(format) does not store the head as it stores other Linears"
    case .headBesideRoundedInputs(let method):
      "the method \(method) rounds inputs, and engines multiply a head with inputs as they are"
    case .cacheNeedsCalibration: "the scales of keys and values need a calibration text"
    case .nothingToKeep: "statistics need a calibration text, and there is none"
    case .partialPerplexity:
      "the perplexity of a model needs all of its Linears, and only some are selected"
    case .nothingSelected:
      "no Linear is selected; layers count from 0, and modules are the ends of names, such as "
        + "q_proj or mlp.up_proj"
    case .rotationDiffers:
      "some of these methods rotate the model and others do not; compare them one after the other"
    case .rotationNeedsModel: "a rotation needs a whole model, and this is one Linear"
    case .cannotStoreOutliers:
      "no checkpoint format holds a Linear with some channels in 16 bit"
    case .oneWidth(let format): "\(format) stores one number of bits for all Linears"
    case .oneWidthForInputs(let method):
      "the method \(method) rounds inputs to 8 bits, and weights must have as many"
    case .nothingToContinue(let path): "\(path): no run was interrupted there; nothing to resume"
    case .anotherRun(let path, let differences):
      "\(path): a run with other settings was interrupted there (\(differences.joined(separator: "; ")))"
    case .allFailed: "not one Linear could be quantized"
    case .windowTooLong(let length, let context):
      "windows of \(length) tokens are longer than the model's context of \(context)"
    }
  }

  /// What to try.
  public var remedies: [Remedy] {
    switch self {
    case .alreadyQuantized, .nothingSelected, .rotationDiffers, .rotationNeedsModel: []
    case .noEngine(_, let verdicts):
      verdicts.flatMap(\.remedies).reduce(into: []) { found, remedy in
        if !found.contains(remedy) { found.append(remedy) }
      }
    case .scheme(_, .indivisible, []): [.chooseFormat("compressed-tensors")]
    case .scheme(_, .indivisible, _): [.useWholeRows]
    case .scheme: []
    case .calibrationNeeded: [.giveCalibrationText, .chooseMethod("rtn")]
    case .headInFormat: [.chooseFormat("compressed-tensors")]
    case .headBesideRoundedInputs: [.chooseMethod("gptq")]
    case .nothingToKeep, .cacheNeedsCalibration: [.giveCalibrationText]
    case .partialPerplexity: [.selectEverything, .leaveOutText]
    case .cannotStoreOutliers: [.measureOnly]
    case .oneWidth: [.useOneWidth, .chooseFormat("compressed-tensors")]
    case .oneWidthForInputs: [.useOneWidth]
    case .nothingToContinue, .allFailed: []
    case .anotherRun: [.discardInterrupted, .chooseAnotherOutput]
    case .windowTooLong: [.useShorterWindows]
    }
  }

  /// Every objection once, after the engines that raise it.
  private static func objections(_ verdicts: [EngineVerdict]) -> String {
    var lines: [(engines: String, objection: String)] = []
    for verdict in verdicts {
      let objection = verdict.objection ?? ""
      if let known = lines.firstIndex(where: { $0.objection == objection }) {
        lines[known].engines += ", \(verdict.engine)"
      } else {
        lines.append((verdict.engine, objection))
      }
    }
    return lines.map { "\($0.engines): \($0.objection)" }.joined(separator: "; ")
  }
}
