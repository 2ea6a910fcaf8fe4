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
  ///   - defaults: what the family has where the configuration is silent, and which members it reads.
  /// - Throws: ``JSONError`` for what is impossible or not supported.
  public init(
    _ config: ModelConfiguration, headDimension: Int, kind: String? = nil,
    defaults: RotaryDefaults = RotaryDefaults()
  ) throws(JSONError) {
    var parameters = try defaults.parameters(config)
    if let kind, let own = try parameters?.optionalMember(kind) { parameters = own }
    let share = try defaults.share(config, parameters)
    try self.init(
      scaling: parameters, config, theta: try defaults.theta(config, parameters),
      width: Int(Double(headDimension) * share), pairs: defaults.pairs)
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
