internal import Glibc
public import JSON

/// The angles of rotary position embeddings: how fast each pair of channels turns.
///
///     angle of pair i at position p = p · fᵢ,     fᵢ = θ^(−2i/n), stretched by the scaling
///
/// Source: Su et al. 2021, arXiv 2104.09864.
public struct RotaryConfiguration: Sendable, Equatable {
  /// Which channels of a head turn together, among the n that turn at all.
  public enum Pairs: Sendable {
    /// i and i + n/2.
    case halves
    /// 2i and 2i + 1.
    case neighbours
  }

  /// fᵢ for each of the n/2 pairs of rotated channels.
  public let frequencies: [Float]
  /// The frequencies of sequences longer than a given number of tokens; nil where they are the same.
  public let long: Long?
  /// What sines and cosines are multiplied by: 1 except for YaRN and LongRoPE.
  public let attentionFactor: Float
  /// Which channels turn together.
  public let pairs: Pairs

  /// Frequencies for long sequences.
  public struct Long: Sendable, Equatable {
    /// The longest sequence that does not need them.
    public let beyond: Int
    /// fᵢ.
    public let frequencies: [Float]
  }

  /// Reads `rope_scaling`, `rope_parameters` or the flat members of older files.
  ///
  /// Where both objects are there, the first is taken, as transformers does.
  ///
  /// - Parameters:
  ///   - config: the configuration.
  ///   - headDimension: the width d of a head.
  ///   - kind: the kind of block, such as `full_attention`, for which there may be an object of its own.
  ///   - share: the share of a head that turns, unless the configuration says otherwise.
  ///   - theta: θ, likewise.
  ///   - pairs: which channels turn together.
  /// - Throws: ``JSONError`` for what is impossible or not supported.
  public init(
    _ config: ModelConfiguration, headDimension: Int, kind: String? = nil, share: Double = 1,
    theta: Double = 10_000, pairs: Pairs = .halves
  ) throws(JSONError) {
    var parameters = try config.firstMember(["rope_scaling", "rope_parameters"])
    config.ignore("rope_parameters")
    if let kind, let own = try parameters?.optionalMember(kind) { parameters = own }
    let sharePlaces = [
      try parameters?.optionalMember("partial_rotary_factor"),
      try config.firstMember(["partial_rotary_factor", "rotary_pct"]),
    ]
    let found = sharePlaces.compactMap(\.self).first
    let part = try found?.double ?? share
    guard (0...1).contains(part) else {
      throw .wrongKind(path: found?.path ?? "", expected: "a share of a head", found: "\(part)")
    }
    let own = try parameters?.optionalMember("rope_theta")
    let flat = try config.firstMember(["rope_theta", "rotary_emb_base"])
    try self.init(
      scaling: parameters, config, theta: try (own ?? flat)?.double ?? theta,
      width: Int(Double(headDimension) * part), pairs: pairs)
  }

  /// Frequencies for a given base.
  ///
  /// - Parameters:
  ///   - parameters: the object that names the scaling.
  ///   - config: the whole configuration, which may hold the original context.
  ///   - theta: θ.
  ///   - width: the number n of rotated channels of a head.
  ///   - pairs: which channels turn together.
  /// - Throws: ``JSONError`` for an unknown scaling, an odd width, or a base that is not positive.
  public init(
    scaling parameters: JSONField?, _ config: ModelConfiguration, theta: Double, width: Int,
    pairs: Pairs = .halves
  ) throws(JSONError) {
    guard theta > 0 else {
      throw .wrongKind(path: "rope_theta", expected: "a positive number", found: "\(theta)")
    }
    guard width > 0, width % 2 == 0 else {
      throw .wrongKind(
        path: "partial_rotary_factor", expected: "an even number of rotated channels",
        found: "\(width) of each head")
    }
    var scaling = RotaryScaling.none
    if let parameters { scaling = try RotaryScaling(parameters, config, pairs: width / 2) }
    let base = scaling.base(theta, width: width)
    let plain = (0..<width / 2).map { pow(base, -2 * Double($0) / Double(width)) }
    frequencies = scaling.scaled(plain, base: base).map(Float.init)
    long = scaling.long(plain)
    attentionFactor = Float(scaling.attentionFactor)
    self.pairs = pairs
  }
}

/// The ways to stretch the context beyond that of the training.
private enum RotaryScaling {
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

/// LongRoPE, arXiv 2402.13753: each pair is slowed by a factor of its own, with one set of factors for
/// sequences within the original context and one for longer ones.
private struct LongRoPE {
  let shortFactors: [Double]
  let longFactors: [Double]
  let original: Double
  let attentionFactor: Double

  init(
    _ parameters: JSONField, _ config: ModelConfiguration, original: Double, pairs: Int
  ) throws(JSONError) {
    // The member of the model wins over that of the object.
    let flat = try config.optionalMember("original_max_position_embeddings")
    self.original = try flat?.positiveDouble ?? original
    func factors(_ name: String) throws(JSONError) -> [Double] {
      let found = try parameters.member(name).doubles
      guard found.count == pairs, found.allSatisfy({ $0 > 0 }) else {
        throw .wrongKind(
          path: name, expected: "\(pairs) positive numbers", found: "\(found.count) numbers")
      }
      return found
    }
    shortFactors = try factors("short_factor")
    longFactors = try factors("long_factor")
    if let given = try parameters.optionalMember("attention_factor") {
      attentionFactor = try given.double
    } else {
      let context = try config.member("max_position_embeddings").positiveDouble
      let factor =
        try parameters.optionalMember("factor")?.positiveDouble ?? context / self.original
      attentionFactor = factor <= 1 ? 1 : (1 + log(factor) / log(self.original)).squareRoot()
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

  init(_ parameters: JSONField, _ config: ModelConfiguration, original: Double) throws(JSONError) {
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

/// The first of these members that exists.
private func firstMember(_ names: [String], of field: JSONField) throws(JSONError) -> JSONField? {
  for name in names { if let found = try field.optionalMember(name) { return found } }
  return nil
}

extension JSONField {
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
