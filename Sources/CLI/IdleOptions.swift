import ArgumentParser
import Hessian
import Pipeline
import Quantizer
import Solvers

// Options that were given, but change nothing. That is no error, since a script may give one list of options to
// several methods; but it should not pass in silence.

extension RecipeArguments {
  /// What the options given would need to have an effect.
  ///
  /// - Parameters:
  ///   - settings: what was made of them.
  ///   - isCalibrated: whether there is a calibration text.
  /// - Returns: a sentence for each option without one.
  func idle(with settings: QuantizationSettings, isCalibrated: Bool) -> [String] {
    let (method, inputs) = (settings.method, settings.activationScheme)
    let scales = method.transform?.name == TransformMethod.smoothQuant.name
    let ordered = method.rounding.needsCalibration
    let options: [(name: String, isGiven: Bool, hasEffect: Bool, needed: String)] = [
      ("--alpha", alpha != nil, scales, "the method smoothquant"),
      ("--order", order != nil, ordered, "a method with gptq, cd, beam or signround"),
      (
        "--damping", damping != .fixed(Damping()), ordered,
        "a method with gptq, cd, beam or signround"
      ),
      ("--correction", correction != nil, isCalibrated, "a calibration text"),
      (
        "--asymmetric-activations", hasAsymmetricActivations, inputs?.number == .integer,
        "a method that rounds inputs to integers"
      ),
      ("--observer", observer != .minMax, inputs?.isCalibrated == true, "the method static"),
      ("--outliers", outliers != .paper, method.keepsOutliers, "the method outliers"),
      ("--asymmetric", symmetry == .asymmetric, inputs == nil, "a method that leaves inputs alone"),
      ("--range", range != nil, !method.clips, "a method without clip"),
    ]
    return options.filter { $0.isGiven && !$0.hasEffect }
      .map { "\($0.name) has no effect with \(method.name): it needs \($0.needed)" }
  }
}

extension CalibrationArguments {
  /// The options that need a calibration text, where there is none.
  var idle: [String] {
    guard path == nil else { return [] }
    let options = [
      ("--samples", samples != nil), ("--length", length != nil),
      ("--first-positions", firstPositions != nil), ("--experts", experts != .routed),
      ("--add-bos", opensTokens),
    ]
    return options.filter(\.1).map { "\($0.0) has no effect without --calibration" }
  }
}

extension CommonArguments {
  /// The options that are given more than once, of which only the last counts.
  ///
  /// - Parameters:
  ///   - arguments: the command line behind the program's name.
  ///   - repeatable: the options of which all count.
  /// - Returns: their names, in order.
  static func repeated(
    _ arguments: some Sequence<String>, besides repeatable: Set<String> = []
  ) -> [String] {
    var counts: [String: Int] = [:]
    for argument in arguments.prefix(while: { $0 != "--" }) where argument.hasPrefix("-") {
      let word = String(argument.prefix { $0 != "=" })
      let name = word == "-o" ? "--output" : word
      // A negative number is a value.
      guard name.dropFirst().first?.isNumber == false else { continue }
      counts[name, default: 0] += 1
    }
    return counts.filter { $0.value > 1 && !repeatable.contains($0.key) }.keys.sorted()
  }
}
