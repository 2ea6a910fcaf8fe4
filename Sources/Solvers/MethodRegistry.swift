internal import Quantizer
internal import Synchronization

/// The roundings and transforms that there are: those of this library, and those that a program adds
/// before it uses them.
public enum MethodRegistry {
  private static let added = Mutex((roundings: [RoundingMethod](), transforms: [TransformMethod]()))

  /// Every rounding; the default of the command line first.
  public static var roundings: [RoundingMethod] {
    [.gptq, .nearest] + added.withLock { $0.roundings }
  }

  /// Every transform.
  public static var transforms: [TransformMethod] {
    [.awq, .awqOutput, .smoothQuant] + added.withLock { $0.transforms }
  }

  /// Adds a rounding, which becomes a word of methods.
  ///
  /// - Precondition: no word has its name.
  public static func add(_ rounding: RoundingMethod) {
    checkIsFree(rounding.name)
    added.withLock { $0.roundings.append(rounding) }
  }

  /// Adds a transform, which becomes a word of methods.
  ///
  /// - Precondition: no word has its name.
  public static func add(_ transform: TransformMethod) {
    checkIsFree(transform.name)
    added.withLock { $0.transforms.append(transform) }
  }

  private static func checkIsFree(_ name: String) {
    precondition(
      !name.isEmpty && !name.contains("+") && !MethodWord.all.contains { $0.name == name },
      "\"\(name)\" cannot be the word of a method")
  }
}

extension MethodWord {
  /// Every word: transforms, roundings, and what concerns the rest.
  public static var all: [MethodWord] {
    MethodRegistry.transforms.map { transform in
      MethodWord(name: transform.name, summary: transform.summary, choice: .transform) {
        $0.transform = transform
        if transform.roundsInputs { $0.activations = $0.activations ?? .token }
      }
    }
      + MethodRegistry.roundings.map { rounding in
        MethodWord(name: rounding.name, summary: rounding.summary, choice: .rounding) {
          $0.rounding = rounding
        }
      } + modifiers
  }

  private static let modifiers = [
    MethodWord(
      name: "clip", summary: "ranges by least output error (AWQ's clipping)", choice: .range
    ) { $0.clips = true },
    MethodWord(
      name: "int8", summary: "8-bit weights, and 8-bit inputs with a scale for each token",
      choice: .activations
    ) { $0.activations = .token },
    MethodWord(
      name: "static", summary: "8-bit weights, and 8-bit inputs with one scale from calibration",
      choice: .activations
    ) { $0.activations = .tensor },
    MethodWord(
      name: "outliers", summary: "input channels with outliers stay in 16 bit (LLM.int8())",
      choice: .outliers
    ) { $0.keepsOutliers = true },
  ]
}
