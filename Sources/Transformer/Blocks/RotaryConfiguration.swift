internal import Glibc
public import JSON

/// The angles of rotary position embeddings: how fast each pair of channels turns.
///
///     angle of pair i at position p = p · fᵢ,     fᵢ = θ^(−2i/n), stretched by the scaling
///
/// Source: Su et al. 2021, arXiv 2104.09864.
public struct RotaryConfiguration: Sendable, Equatable {
  /// fᵢ for each of the n/2 pairs of rotated channels.
  public let frequencies: [Float]
  /// What sines and cosines are multiplied by: 1 except for YaRN.
  public let attentionFactor: Float

  /// Reads `rope_parameters`, or `rope_theta` and `rope_scaling` from older files.
  ///
  /// Whole heads are rotated.
  ///
  /// - Throws: ``JSONError`` for partial rotation and everything that the other initializer
  ///   refuses.
  public init(_ config: JSONField, headDimension: Int) throws(JSONError) {
    let parameters = try config.firstMember("rope_parameters", "rope_scaling") ?? config
    let share = try firstMember("partial_rotary_factor", of: [parameters, config])
    if let share, try share.double != 1 {
      throw .wrongKind(path: share.path, expected: "1", found: "\(try share.double)")
    }
    try self.init(
      scaling: parameters, config,
      theta: try firstMember("rope_theta", of: [parameters, config])?.double ?? 10_000,
      width: headDimension)
  }

  /// Frequencies for a given base.
  ///
  /// - Parameters:
  ///   - parameters: the object that names the scaling.
  ///   - config: the whole configuration, which may hold the original context.
  ///   - theta: θ.
  ///   - width: the number n of rotated channels of a head.
  /// - Throws: ``JSONError`` for an unknown scaling, an odd width, or a base that is not positive.
  public init(
    scaling parameters: JSONField?, _ config: JSONField, theta: Double, width: Int
  ) throws(JSONError) {
    guard theta > 0 else {
      throw .wrongKind(path: "rope_theta", expected: "a positive number", found: "\(theta)")
    }
    guard width > 0, width % 2 == 0 else {
      throw .wrongKind(
        path: "partial_rotary_factor", expected: "an even number of rotated channels",
        found: "\(width) of each head")
    }
    let plain = (0..<width / 2).map { pow(theta, -2 * Double($0) / Double(width)) }
    var scaling = RotaryScaling.none
    if let parameters {
      scaling = try RotaryScaling(
        try parameters.firstMember("rope_type", "type"), parameters, config)
    }
    frequencies = scaling.scaled(plain, base: theta).map(Float.init)
    attentionFactor = Float(scaling.attentionFactor)
  }
}

/// The ways to stretch the context beyond that of the training.
private enum RotaryScaling {
  case none
  case linear(factor: Double)
  case llama3(factor: Double, lowFactor: Double, highFactor: Double, original: Double)
  case yarn(YaRN)

  init(_ kind: JSONField?, _ parameters: JSONField, _ config: JSONField) throws(JSONError) {
    let name = try kind?.string ?? "default"
    func original() throws(JSONError) -> Double {
      let name = "original_max_position_embeddings"
      let given = try firstMember(name, of: [parameters, config])
      if let given { return try given.positiveDouble }
      return try config.member("max_position_embeddings").positiveDouble
    }
    switch name {
    case "default": self = .none
    case "linear": self = .linear(factor: try parameters.member("factor").positiveDouble)
    case "llama3":
      self = .llama3(
        factor: try parameters.member("factor").positiveDouble,
        lowFactor: try parameters.member("low_freq_factor").positiveDouble,
        highFactor: try parameters.member("high_freq_factor").positiveDouble,
        original: try original())
    case "yarn": self = .yarn(try YaRN(parameters, config, original: try original()))
    default:
      throw .wrongKind(
        path: kind?.path ?? "rope_type", expected: "default, linear, llama3 or yarn", found: name)
    }
  }

  var attentionFactor: Double {
    if case .yarn(let yarn) = self { yarn.attentionFactor } else { 1 }
  }

  func scaled(_ frequencies: [Double], base: Double) -> [Double] {
    switch self {
    case .none: frequencies
    case .linear(let factor): frequencies.map { $0 / factor }
    case .llama3(let factor, let low, let high, let original):
      frequencies.map { frequency in
        // The turns of the pair in the original context: few turns are slowed down by the factor,
        // many are left alone, and a ramp lies in between.
        let turns = original * frequency / (2 * .pi)
        let keep = min(1, max(0, (turns - low) / (high - low)))
        return (1 - keep) * frequency / factor + keep * frequency
      }
    case .yarn(let yarn): yarn.scaled(frequencies, base: base)
    }
  }
}

/// YaRN, arXiv 2309.00071.
private struct YaRN {
  let factor: Double
  let original: Double
  let fastTurns: Double
  let slowTurns: Double
  let isTruncated: Bool
  let attentionFactor: Double

  init(_ parameters: JSONField, _ config: JSONField, original: Double) throws(JSONError) {
    if let given = try parameters.optionalMember("factor") {
      factor = try given.positiveDouble
    } else {
      factor = try config.member("max_position_embeddings").positiveDouble / original
    }
    self.original = original
    fastTurns = try parameters.optionalMember("beta_fast")?.positiveDouble ?? 32
    slowTurns = try parameters.optionalMember("beta_slow")?.positiveDouble ?? 1
    isTruncated = try parameters.optionalMember("truncate")?.bool ?? true
    let (scale, scaleAll) = (
      try parameters.optionalMember("mscale")?.double ?? 0,
      try parameters.optionalMember("mscale_all_dim")?.double ?? 0
    )
    if let given = try parameters.optionalMember("attention_factor") {
      attentionFactor = try given.double
    } else if scale != 0, scaleAll != 0 {
      attentionFactor = Self.magnitude(factor, scale) / Self.magnitude(factor, scaleAll)
    } else {
      attentionFactor = Self.magnitude(factor, 1)
    }
  }

  /// The growth of the logits that longer contexts need: 0.1·m·ln(factor) + 1.
  private static func magnitude(_ factor: Double, _ scale: Double) -> Double {
    factor <= 1 ? 1 : 0.1 * scale * log(factor) + 1
  }

  /// Pairs that turn often keep their frequency, and those that hardly turn are slowed by the
  /// factor; the ramp in between runs over the index of the pair.
  func scaled(_ frequencies: [Double], base: Double) -> [Double] {
    let dimension = Double(2 * frequencies.count)
    func index(ofTurns turns: Double) -> Double {
      dimension * log(original / (turns * 2 * .pi)) / (2 * log(base))
    }
    var (low, high) = (index(ofTurns: fastTurns), index(ofTurns: slowTurns))
    if isTruncated { (low, high) = (low.rounded(.down), high.rounded(.up)) }
    low = max(low, 0)
    high = min(high, dimension - 1)
    if low == high { high += 0.001 }
    return frequencies.enumerated().map { i, frequency in
      let slowed = min(1, max(0, (Double(i) - low) / (high - low)))
      return frequency / factor * slowed + frequency * (1 - slowed)
    }
  }
}

/// The member of this name in the first value that has one.
private func firstMember(_ name: String, of values: [JSONField]) throws(JSONError) -> JSONField? {
  for value in values {
    if let found = try value.optionalMember(name) { return found }
  }
  return nil
}

extension JSONField {
  /// The first of these members that exists.
  fileprivate func firstMember(_ names: String...) throws(JSONError) -> JSONField? {
    for name in names {
      if let found = try optionalMember(name) { return found }
    }
    return nil
  }

  /// A positive number.
  fileprivate var positiveDouble: Double {
    get throws(JSONError) {
      let value = try double
      guard value > 0 else {
        throw .wrongKind(path: path, expected: "a positive number", found: "\(value)")
      }
      return value
    }
  }
}
