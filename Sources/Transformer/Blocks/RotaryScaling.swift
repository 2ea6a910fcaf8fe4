internal import Glibc
internal import JSON

/// The ways to stretch the context beyond that of the training.
enum RotaryScaling {
  case none
  case linear(factor: Double)
  case llama3(factor: Double, lowFactor: Double, highFactor: Double, original: Double)
  case yarn(YaRN)
  case long(LongRoPE)
  /// θ · α^(d / (d − 2)), as Hunyuan stretches it.
  case base(alpha: Double)

  init(_ parameters: JSONField, _ config: ModelConfiguration, pairs: Int) throws(JSONError) {
    let kind = try firstMember(["rope_type", "type"], of: parameters)
    let name = try kind?.string ?? "default"
    func original() throws(JSONError) -> Double {
      let name = "original_max_position_embeddings"
      let flat = try config.optionalMember(name)
      if let given = try parameters.optionalMember(name) ?? flat { return try given.positiveDouble }
      return try config.member("max_position_embeddings").positiveDouble
    }
    switch name {
    case "default", "mrope": self = .none
    case "linear": self = .linear(factor: try parameters.member("factor").positiveDouble)
    case "llama3":
      self = .llama3(
        factor: try parameters.member("factor").positiveDouble,
        lowFactor: try parameters.member("low_freq_factor").positiveDouble,
        highFactor: try parameters.member("high_freq_factor").positiveDouble,
        original: try original())
    case "yarn": self = .yarn(try YaRN(parameters, config, original: try original()))
    case "longrope", "su":
      self = .long(try LongRoPE(parameters, config, original: try original(), pairs: pairs))
    case "dynamic":
      // Without α, nothing changes up to the context of the model.
      let alpha = try parameters.optionalMember("alpha")
      self =
        try alpha.map { field throws(JSONError) in .base(alpha: try field.positiveDouble) } ?? .none
    default:
      throw .wrongKind(
        path: kind?.path ?? "rope_type",
        expected: "default, linear, llama3, yarn, longrope or dynamic", found: name)
    }
  }

  var attentionFactor: Double {
    switch self {
    case .yarn(let yarn): yarn.attentionFactor
    case .long(let long): long.attentionFactor
    default: 1
    }
  }

  /// θ for heads of which a given number of channels turn.
  func base(_ theta: Double, width: Int) -> Double {
    guard case .base(let alpha) = self, width > 2 else { return theta }
    return theta * pow(alpha, Double(width) / Double(width - 2))
  }

  func scaled(_ frequencies: [Double], base: Double) -> [Double] {
    switch self {
    case .none, .base: frequencies
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
    case .long(let long): zip(frequencies, long.shortFactors).map { $0 / $1 }
    }
  }

  func long(_ frequencies: [Double]) -> RotaryConfiguration.Long? {
    guard case .long(let long) = self else { return nil }
    return RotaryConfiguration.Long(
      beyond: Int(long.original),
      frequencies: zip(frequencies, long.longFactors).map { Float($0 / $1) })
  }
}

/// The first of these members that exists.
private func firstMember(_ names: [String], of field: JSONField) throws(JSONError) -> JSONField? {
  for name in names { if let found = try field.optionalMember(name) { return found } }
  return nil
}

extension JSONField {
  /// A positive number that no computation with it makes infinite.
  var positiveDouble: Double {
    get throws(JSONError) {
      let value = try double
      guard value > 0, value <= 1e15 else {
        throw .wrongKind(
          path: path, expected: "a positive number of at most 10^15", found: "\(value)")
      }
      return value
    }
  }
}
