internal import Glibc
internal import JSON

/// YaRN, arXiv 2309.00071.
struct YaRN {
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
      attentionFactor = try given.double(in: 1e-3...1e3)
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
