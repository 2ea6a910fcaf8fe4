import Pipeline
import Remedies

/// An error of the library, with its remedies spelled as options of this command.
struct SpelledError: Error, CustomStringConvertible {
  private let error: any RemediableError
  /// Whether the command takes lists of methods, bits and group sizes.
  private let takesLists: Bool
  /// Whether the command decides how weights are quantized.
  private let takesRecipe: Bool

  init(_ error: any RemediableError, takesLists: Bool, takesRecipe: Bool = true) {
    self.error = error
    self.takesLists = takesLists
    self.takesRecipe = takesRecipe
  }

  var description: String {
    let remedies = error.remedies.filter { takesRecipe || !$0.changesRecipe }
    return remedies.spelled(after: error.description, takesLists: takesLists)
  }
}

extension Warning {
  /// The warning, followed by its remedies as options.
  func spelled(takesLists: Bool) -> String {
    remedies.spelled(after: text, takesLists: takesLists)
  }
}

extension [Remedy] {
  /// The message, followed by the remedies.
  fileprivate func spelled(after message: String, takesLists: Bool) -> String {
    guard !isEmpty else { return message }
    return "\(message); "
      + map { $0.spelled(takesLists: takesLists) }.joined(separator: ", or ")
  }
}

extension Remedy {
  /// Whether it is about how weights are quantized.
  fileprivate var changesRecipe: Bool {
    switch self {
    case .chooseBits, .restrictWidths, .useOneWidth, .chooseGroupSize, .useGroups,
      .useWholeRows,
      .useSymmetricWeights, .useIntegerGrid,
      .chooseMethod, .measureOnly:
      true
    default: false
    }
  }

  /// The remedy in terms of options.
  func spelled(takesLists: Bool) -> String {
    let (method, bits, group) =
      takesLists
      ? ("--methods", "--bits", "--group-sizes") : ("--method", "--bits", "--group-size")
    return switch self {
    case .discardInterrupted: "--discard to begin again"
    case .chooseAnotherOutput: "choose another --output"
    case .readAs(let family): "try --as \(family), if it is computed alike"
    case .chooseBits(let choices): "use \(bits) \(Self.list(choices.map(String.init)))"
    case .restrictWidths(let choices):
      "let --bits-choices or the plan have only \(Self.list(choices.map(String.init)))"
    case .useOneWidth: "use --bits"
    case .chooseGroupSize(let sizes):
      "use \(group) \(Self.list(sizes.map(String.init) + ["channel"]))"
    case .useGroups(let sizes): "use \(group) \(Self.list(sizes.map(String.init)))"
    case .useWholeRows: "use \(group) channel"
    case .useSymmetricWeights: "use --symmetric"
    case .useIntegerGrid: takesLists ? "use --grids integer" : "use an integer grid"
    case .chooseFormat(let name): "use --format \(name)"
    case .chooseType(let name): "use --type \(name)"
    case .chooseMethod(let words): "use \(method) \(words)"
    case .giveCalibrationText: "give --calibration FILE"
    case .giveActivations: "give --activations FILE"
    case .giveSecondMoment: "give --hessian FILE or --statistics FILE"
    case .giveLongerText: "give a longer text"
    case .useFewerWindows: "give a smaller --samples"
    case .useShorterWindows: "give a smaller --length"
    case .compareWithOriginal: "give the model that it was made from as --reference"
    case .selectEverything: "leave out --layers and --modules"
    case .leaveOutText: "leave out --text"
    case .measureOnly: "measure the method with ptq compare or ptq layer"
    }
  }

  private static func list(_ words: [String]) -> String {
    guard let last = words.last, words.count > 1 else { return words.joined() }
    return "\(words.dropLast().joined(separator: ", ")) or \(last)"
  }
}
