public import Formats
public import Quantizer
public import Remedies

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
  /// The method needs more of the inputs than a file of importances knows.
  case importanceFalls(method: String)
  /// There are a calibration text and a file of importances.
  case twoSources
  /// The head is to be quantized, which the format does not store.
  case headInFormat(String)
  /// The head is to be quantized, of which a file of importances says nothing.
  case headWithoutImportance(String)
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
  /// A Linear is to be stored in a type that the format does not have.
  case noType(String, format: String, types: [String])
  /// Linears are to have different numbers of bits, but their inputs are rounded to 8.
  case oneWidthForInputs(method: String)
  /// The run needs more memory than it may take, in bytes.
  case memoryTooSmall(budget: Int, needed: Int)
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
    case .importanceFalls(let method):
      "\(method) needs the inputs themselves, and importances are only the mean square of each channel"
    case .twoSources: "a calibration text tells all that importances do; give one of them"
    case .headInFormat(let format):
      "\(format) does not store the head as it stores other Linears"
    case .headWithoutImportance(let path):
      "\(path): has no importances for the head, which such files mostly lack"
    case .headBesideRoundedInputs(let method):
      "inputs are rounded to 8 bits (\(method)), and engines multiply a head with inputs as they are; "
        + "leave the head as it is"
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
    case .noType(let word, let format, let types):
      "asked for is the type \(word), which \(format) does not have; it has "
        + types.joined(separator: ", ")
    case .oneWidthForInputs(let method):
      "the method \(method) rounds inputs to 8 bits, and weights must have as many"
    case .memoryTooSmall(let budget, let needed):
      "a memory budget of \(budget / 1_000_000) MB is too small: the run needs about \((needed + 999_999) / 1_000_000) MB "
        + "for the program, the weights of a block, the statistics of a stage and what is computed at a time"
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
    case .alreadyQuantized, .nothingSelected, .rotationDiffers, .rotationNeedsModel,
      .headBesideRoundedInputs:
      []
    case .noEngine(_, let verdicts):
      verdicts.flatMap(\.remedies).reduce(into: []) { found, remedy in
        if !found.contains(remedy) { found.append(remedy) }
      }
    case .scheme(_, .indivisible, []): [.chooseFormat("compressed-tensors")]
    case .scheme(_, .indivisible, _): [.useWholeRows]
    case .scheme: []
    case .calibrationNeeded: [.giveCalibrationText, .chooseMethod("rtn")]
    case .importanceFalls: [.giveCalibrationText, .chooseMethod("gptq")]
    case .twoSources: []
    case .headWithoutImportance: [.giveCalibrationText]
    case .headInFormat: [.chooseFormat("compressed-tensors")]
    case .nothingToKeep, .cacheNeedsCalibration: [.giveCalibrationText]
    case .partialPerplexity: [.selectEverything, .leaveOutText]
    case .cannotStoreOutliers: [.measureOnly]
    case .oneWidth: [.useOneWidth, .chooseFormat("compressed-tensors")]
    case .oneWidthForInputs: [.useOneWidth]
    case .noType, .memoryTooSmall, .nothingToContinue, .allFailed: []
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
