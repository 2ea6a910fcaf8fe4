internal import Glibc
internal import JSON

/// What `config.json` says about the rotation of positions.
struct RotaryStatement {
  /// θ.
  let base: Double
  /// The factor of a linear stretch; nil for none.
  var linearFactor: Double?
  /// The factors of Llama 3's stretch, and what the context was; nil for none.
  var llama3: (factor: Double, low: Double, high: Double, context: Double)?
  /// LongRoPE's divisors, and what the context was; nil for none.
  var long: LongRotaryStatement?
  /// The part of a head that turns.
  private let share: Double

  /// Reads it, as older and newer files have it.
  ///
  /// - Throws: `JSONError` for a stretch that is not written.
  init(_ config: JSONField) throws(JSONError) {
    let (new, old) = (
      // Of Gemma 3's two kinds of blocks, those that attend to everything.
      try config.optionalMember("rope_parameters").map { parameters throws(JSONError) in
        try parameters.optionalMember("full_attention") ?? parameters
      }, try config.optionalMember("rope_scaling")
    )
    let (own, flat) = (
      try (new ?? old)?.optionalMember("rope_theta"), try config.optionalMember("rope_theta")
    )
    let type = try config.member("model_type").string
    let isLong = type == "mixtral" || type.hasPrefix("gemma3")
    base = try (own ?? flat)?.double ?? (isLong ? 1_000_000 : 10_000)
    let (ownShare, flatShare) = (
      try (new ?? old)?.optionalMember("partial_rotary_factor"),
      try config.optionalMember("partial_rotary_factor")
    )
    share = try (ownShare ?? flatShare)?.double ?? 1
    guard share > 0, share <= 1 else {
      throw .wrongKind(
        path: "partial_rotary_factor", expected: "a part of a head", found: "\(share)")
    }
    guard let parameters = new ?? old else { return }
    let (name, oldName) = (
      try parameters.optionalMember("rope_type"), try parameters.optionalMember("type")
    )
    let kind = name ?? oldName
    switch try kind?.string ?? "default" {
    case "default": break
    case "linear": linearFactor = try parameters.member("factor").double
    case "llama3":
      llama3 = (
        try parameters.member("factor").double, try parameters.member("low_freq_factor").double,
        try parameters.member("high_freq_factor").double,
        try parameters.member("original_max_position_embeddings").double
      )
    case "longrope", "su": long = try LongRotaryStatement(parameters, config)
    case let other:
      throw .wrongKind(
        path: kind?.path ?? "rope_type",
        expected: "default, linear, llama3 or longrope, which are written to GGUF files",
        found: other)
    }
  }
}

extension RotaryStatement {
  /// The number of channels of a head that turn.
  func turning(of width: Int) -> Int { Int(Double(width) * share) }

  /// The tensors that files of an architecture have for it.
  ///
  /// - Parameters:
  ///   - name: the architecture.
  ///   - width: the number of channels that turn.
  /// - Returns: the tensors; none for a plain rotation.
  /// - Throws: `JSONError` for LongRoPE where llama.cpp has one list of divisors only.
  func tensors(
    of name: String, width: Int
  ) throws(JSONError) -> [(name: String, values: [Float])] {
    guard let long else { return factors(width: width).map { [(Self.tensor, $0)] } ?? [] }
    if name == "phi3" {
      guard long.short.count == width / 2, long.long.count == width / 2 else {
        throw .wrongKind(
          path: "long_factor", expected: "\(width / 2) numbers in it and in short_factor",
          found: "\(long.long.count) and \(long.short.count)")
      }
      return [(PhiStatement.divisors.long, long.long), (PhiStatement.divisors.short, long.short)]
    }
    guard long.short == long.long, long.attentionFactor == 1, long.long.count == width / 2 else {
      throw .wrongKind(
        path: "rope_type",
        expected: "default, linear or llama3, which are written to GGUF files of \(name)",
        found: "longrope")
    }
    return [(Self.tensor, long.long)]
  }

  /// The tensor with what each frequency is divided by.
  static let tensor = "rope_freqs.weight"

  /// What each frequency of a head is divided by, as Llama 3 stretches the context; nil for nothing.
  ///
  /// λ = 2π / θ^(−2i/d) is the length of a turn. Turns shorter than the old context by `high` are left alone, those
  /// longer by `low` are slowed down by the factor, and a ramp of the inverses lies in between.
  private func factors(width: Int) -> [Float]? {
    guard let (factor, low, high, context) = llama3, width > 0 else { return nil }
    return (0..<width / 2).map { i in
      let turns = context / (2 * .pi * pow(base, 2 * Double(i) / Double(width)))
      let keep = min(1, max(0, (turns - low) / (high - low)))
      return Float(1 / ((1 - keep) / factor + keep))
    }
  }
}

/// What `config.json` says about LongRoPE.
struct LongRotaryStatement {
  /// The divisors of sequences within the original context.
  let short: [Float]
  /// The divisors of longer ones.
  let long: [Float]
  /// The original context.
  let original: Int
  /// What sines and cosines are multiplied by.
  let attentionFactor: Double

  /// Reads it.
  ///
  /// - Throws: `JSONError` for what is missing.
  init(_ parameters: JSONField, _ config: JSONField) throws(JSONError) {
    short = try parameters.member("short_factor").doubles.map(Float.init)
    long = try parameters.member("long_factor").doubles.map(Float.init)
    let key = "original_max_position_embeddings"
    let (flat, own) = (try config.optionalMember(key), try parameters.optionalMember(key))
    let context = try config.member("max_position_embeddings").int
    original = try (flat ?? own)?.int ?? context
    guard original >= 2 else {
      throw .wrongKind(path: key, expected: "at least 2 positions", found: "\(original)")
    }
    let stated = try parameters.optionalMember("factor")?.double
    let factor = stated ?? Double(context) / Double(original)
    let standard = factor <= 1 ? 1 : (1 + log(factor) / log(Double(original))).squareRoot()
    attentionFactor = try parameters.optionalMember("attention_factor")?.double ?? standard
  }
}
