public import Quantizer

/// A method in words: one choice for each column of the table, joined by "+".
///
///     gptq              nearest plane
///     awq+clip          AWQ's scales, ranges by output error, round to nearest
///     awq+gptq          AWQ's scales, then GPTQ
///     smoothquant       SmoothQuant's scales, 8-bit weights and inputs
///     int8+outliers     LLM.int8()
public struct Method: Sendable {
  /// The words, as they were written.
  public let name: String
  /// How the input channels are scaled before; nil for not at all.
  public internal(set) var transform: TransformMethod?
  /// How codes are chosen.
  public internal(set) var rounding = RoundingMethod.nearest
  /// Whether the range of a group is chosen by output error.
  public internal(set) var clips = false
  /// How inputs are rounded; nil when they stay in floating point.
  public internal(set) var activations: ActivationScheme.Granularity?
  /// Whether outlier channels stay in 16 bit.
  public internal(set) var keepsOutliers = false

  /// GPTQ alone.
  public static let gptq = Method(rounding: .gptq)
  /// Round to nearest alone.
  public static let nearest = Method(rounding: .nearest)

  /// A transform, if any, with a rounding.
  public init(transform: TransformMethod? = nil, rounding: RoundingMethod) {
    let isPlain = transform != nil && rounding.name == RoundingMethod.nearest.name
    name = [transform?.name, isPlain ? nil : rounding.name].compactMap(\.self)
      .joined(separator: "+")
    self.transform = transform
    self.rounding = rounding
    activations = transform?.roundsInputs == true ? .token : nil
  }

  /// The method of some words.
  ///
  /// - Throws: ``MethodError`` for a word that is unknown, or that contradicts another one.
  public init(_ words: String) throws(MethodError) {
    name = words
    var seen: [MethodWord.Choice: String] = [:]
    for part in words.split(separator: "+", omittingEmptySubsequences: false) {
      guard let word = MethodWord.all.first(where: { $0.name == part }) else {
        throw .unknown(String(part))
      }
      if let other = seen.updateValue(word.name, forKey: word.choice) {
        throw .contradiction(other, word.name)
      }
      word.apply(&self)
    }
    if keepsOutliers, activations == nil { throw .needsInt8("outliers") }
  }

  /// Whether it cannot work without calibration.
  public var needsCalibration: Bool {
    rounding.needsCalibration || transform != nil || clips || keepsOutliers
      || activations == .tensor
  }
}

/// One word of a method.
public struct MethodWord: Sendable {
  /// What a word decides about; each can be decided once.
  enum Choice: Hashable {
    case transform, rounding, range, activations, outliers
  }

  /// The word.
  public let name: String
  /// One line of help.
  public let summary: String
  let choice: Choice
  let apply: @Sendable (inout Method) -> Void
}

/// What is wrong with the words of a method.
public enum MethodError: Error, Equatable, CustomStringConvertible {
  /// There is no such word.
  case unknown(String)
  /// Both words decide about the same thing.
  case contradiction(String, String)
  /// The word says something about 8-bit inputs, and inputs stay in floating point.
  case needsInt8(String)

  /// What was found, and what there is.
  public var description: String {
    switch self {
    case .unknown(let word):
      "\"\(word)\" is no method; the words are "
        + MethodWord.all.map(\.name).joined(separator: ", ") + ", joined by +"
    case .contradiction(let first, let second) where first == second:
      "\"\(first)\" stands twice"
    case .contradiction(let first, let second):
      "\"\(first)\" and \"\(second)\" decide about the same thing; give one of them"
    case .needsInt8(let word): "\"\(word)\" needs 8-bit inputs; write int8+\(word)"
    }
  }
}
