public import JSON

/// What a family makes of a configuration that says little about its rotation, and the members that say it.
public struct RotaryDefaults: Sendable {
  /// The share of a head that turns.
  public var share = 1.0
  /// The member that gives another share, like `partial_rotary_factor` inside of the scaling; nil where the
  /// share is fixed.
  public var shareKey: String?
  /// θ.
  public var theta = 10_000.0
  /// The member that gives another θ.
  public var thetaKey = "rope_theta"
  /// Which channels turn together.
  public var pairs = RotaryConfiguration.Pairs.halves
  /// What stands for `rope_parameters` where there are none; nil for no scaling.
  public var parameters: JSONValue?

  /// What Llama has.
  public init() {}

  /// A family's rotation where its files are silent.
  init(
    share: Double = 1, shareKey: String? = nil, theta: Double = 10_000,
    pairs: RotaryConfiguration.Pairs = .halves
  ) {
    self.share = share
    self.shareKey = shareKey
    self.theta = theta
    self.pairs = pairs
  }

  /// The scaling, by `rope_scaling`, `rope_parameters` or the default; nil for none.
  func parameters(_ config: ModelConfiguration) throws(JSONError) -> JSONField? {
    let found = try config.firstMember(["rope_scaling", "rope_parameters"])
    config.ignore("rope_parameters")
    return found ?? parameters.map { JSONField(value: $0, path: "rope_parameters") }
  }

  /// The share of a head that turns.
  ///
  /// - Throws: ``JSONError`` for no share, or for another share in a member that the family does not read:
  ///   some engines do.
  func share(
    _ config: ModelConfiguration, _ parameters: JSONField?
  ) throws(JSONError) -> Double {
    let own = try parameters?.optionalMember("partial_rotary_factor")
    var part = share
    var others = [own]
    if let shareKey {
      let flat = try config.optionalMember(shareKey)
      part = try (own ?? flat)?.double(in: 0...1) ?? part
      others = []
    }
    for name in ["partial_rotary_factor", "rotary_pct"] where name != shareKey {
      others.append(try config.optionalMember(name))
    }
    try Self.agree(others, with: part, "the share of each head that turns in this architecture")
    return part
  }

  /// θ.
  ///
  /// - Throws: ``JSONError`` for an impossible one, or for another in a member that the family does not read.
  func theta(
    _ config: ModelConfiguration, _ parameters: JSONField?
  ) throws(JSONError) -> Double {
    let own = try parameters?.optionalMember("rope_theta")
    let flat = try config.optionalMember(thetaKey)
    let theta = try (own ?? flat)?.double(in: 1...1e15) ?? theta
    let other = thetaKey == "rope_theta" ? "rotary_emb_base" : "rope_theta"
    try Self.agree([try config.optionalMember(other)], with: theta, "the base of this architecture")
    return theta
  }

  /// Checks that members which are not read say the same as those that are.
  private static func agree(
    _ fields: [JSONField?], with value: Double, _ meaning: String
  ) throws(JSONError) {
    for field in fields.compactMap(\.self) {
      let found = try field.double
      guard found == value else {
        throw .wrongKind(
          path: field.path, expected: "\(value), \(meaning)", found: "\(found)")
      }
    }
  }
}
