internal import Glibc
internal import JSON

/// LongRoPE, arXiv 2402.13753: each pair is slowed by a factor of its own, with one set of factors for
/// sequences within the original context and one for longer ones.
struct LongRoPE {
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
    guard self.original >= 2 else {
      throw .wrongKind(
        path: "original_max_position_embeddings", expected: "at least 2 positions",
        found: "\(self.original)")
    }
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
      attentionFactor = try given.double(in: 1e-3...1e3)
    } else {
      let context = try config.member("max_position_embeddings").positiveDouble
      let factor =
        try parameters.optionalMember("factor")?.positiveDouble ?? context / self.original
      attentionFactor = factor <= 1 ? 1 : (1 + log(factor) / log(self.original)).squareRoot()
    }
  }
}
