import Pipeline
import Quantizer
import Solvers

/// One word of a method; words are joined by +.
struct MethodWord {
  /// What a word decides; a method can decide each of these only once.
  enum Choice: Hashable {
    case transform(TransformMethod)
    case rotation
    case rounding(RoundingMethod)
    case range
    case activations(ActivationScheme.Granularity)
    case floatActivations(ActivationScheme.Number)
    case outliers

    /// The kind of choice, by which words contradict each other.
    fileprivate var kind: Int {
      switch self {
      case .transform: 0
      case .rounding: 1
      case .range: 2
      case .activations: 3
      case .outliers: 4
      case .rotation: 5
      case .floatActivations: 6
      }
    }

    static func == (a: Choice, b: Choice) -> Bool { a.kind == b.kind }
    func hash(into hasher: inout Hasher) { hasher.combine(kind) }
  }

  let name: String
  /// One line of help.
  let summary: String
  let choice: Choice

  /// All words: transforms, roundings, and those about rotation, ranges, inputs and outliers.
  static var all: [MethodWord] {
    Catalog.current.transforms.map {
      MethodWord(name: $0.name, summary: $0.summary, choice: .transform($0))
    }
      + Catalog.current.roundings.map {
        MethodWord(name: $0.name, summary: $0.summary, choice: .rounding($0))
      } + [
        MethodWord(
          name: "rotate",
          summary: "rotate the residual stream and attention heads first (QuaRot)",
          choice: .rotation),
        MethodWord(
          name: "clip", summary: "ranges by least output error (AWQ's clipping)", choice: .range),
        MethodWord(
          name: "int8",
          summary:
            "8-bit integers as inputs, with a scale for each token, and as weights by default",
          choice: .activations(.token)),
        MethodWord(
          name: "fp8", summary: "8-bit floats as inputs, with a scale for each token",
          choice: .floatActivations(.float)),
        MethodWord(
          name: "nvfp4", summary: "4-bit floats as inputs, as --type nvfp4 has them as weights",
          choice: .floatActivations(.nvfp4)),
        MethodWord(
          name: "mxfp4", summary: "4-bit floats as inputs, as --type mxfp4 has them as weights",
          choice: .floatActivations(.mxfp4)),
        MethodWord(
          name: "static",
          summary: "one scale from calibration for all 8-bit inputs, beside 8-bit weights",
          choice: .activations(.tensor)),
        MethodWord(
          name: "outliers", summary: "input channels with outliers stay in 16 bit (LLM.int8())",
          choice: .outliers),
      ]
  }
}

extension Method {
  /// Creates the method that words such as `awq+gptq` describe.
  ///
  /// - Throws: ``MethodError`` for a word that is unknown or contradicts another.
  init(words: String) throws(MethodError) {
    var chosen: [MethodWord.Choice: MethodWord] = [:]
    for part in words.split(separator: "+", omittingEmptySubsequences: false) {
      guard let word = MethodWord.all.first(where: { $0.name == part }) else {
        throw .unknown(String(part))
      }
      if let other = chosen.updateValue(word, forKey: word.choice) {
        throw .contradiction(other.name, word.name)
      }
    }
    var (transform, rounding) = (TransformMethod?.none, RoundingMethod.nearest)
    var rotates = false
    var (clips, keepsOutliers) = (false, false)
    var (activations, number) = (ActivationScheme.Granularity?.none, ActivationScheme.Number?.none)
    var floatWord = ""
    for word in chosen.values {
      switch word.choice {
      case .transform(let chosen): transform = chosen
      case .rounding(let chosen): rounding = chosen
      case .rotation: rotates = true
      case .range: clips = true
      case .activations(let granularity): activations = granularity
      case .floatActivations(let floats): (number, floatWord) = (floats, word.name)
      case .outliers: keepsOutliers = true
      }
    }
    switch (activations, number) {
    case (.token, nil): number = .integer
    case (.token, _): throw .contradiction("int8", floatWord)
    case (.some, .nvfp4), (.some, .mxfp4): throw .contradiction("static", floatWord)
    case (nil, .float): activations = .token
    case (nil, .nvfp4): activations = ActivationScheme.nvfp4.granularity
    case (nil, .mxfp4): activations = ActivationScheme.mxfp4.granularity
    default: break
    }
    self.init(
      name: words, transform: transform, rotates: rotates, rounding: rounding, clips: clips,
      activations: activations, activationNumber: number, keepsOutliers: keepsOutliers)
    if keepsOutliers, self.activations == nil { throw .needsInt8("outliers") }
  }
}

/// What is wrong with the words of a method.
enum MethodError: Error, Equatable, CustomStringConvertible {
  /// There is no such word.
  case unknown(String)
  /// Both words decide the same thing.
  case contradiction(String, String)
  /// The word applies only to 8-bit inputs, but inputs stay in floating point.
  case needsInt8(String)

  /// What was found, and what is available.
  var description: String {
    switch self {
    case .unknown(let word):
      "\"\(word)\" is not a method; the words are "
        + MethodWord.all.map(\.name).joined(separator: ", ") + ", joined by +"
    case .contradiction(let first, let second) where first == second:
      "\"\(first)\" is given twice"
    case .contradiction(let first, let second):
      "\"\(first)\" and \"\(second)\" decide about the same thing; give one of them"
    case .needsInt8(let word): "\"\(word)\" needs 8-bit inputs; write int8+\(word)"
    }
  }
}
