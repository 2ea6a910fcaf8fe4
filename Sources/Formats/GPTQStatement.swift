internal import Checkpoint
internal import JSON
internal import Tokenizer

/// What a GPTQ configuration says about one Linear.
///
/// `dynamic` overrides the rest for Linears whose names a pattern matches from their start; the first
/// pattern counts, and one after `-:` names what is not quantized.
struct GPTQStatement {
  /// The number of bits as read, which may be one that no scheme has.
  let bits: Int
  /// Whether zero points are in the middle.
  let isSymmetric: Bool
  /// The group size as read; nil for whole rows.
  let groupSize: Int?
  /// Whether zero points are stored as they are, and not less one.
  let isSecondVersion: Bool

  /// Reads what is said about a Linear.
  ///
  /// - Throws: ``CheckpointError`` for what is missing, or not of the kind it must be.
  init(
    _ configuration: JSONValue, of linear: String, in folder: ModelFolder
  ) throws(CheckpointError) {
    do throws(JSONError) {
      let own = try Self.override(in: configuration, of: linear)
      func member(_ name: String) throws(JSONError) -> JSONField {
        if let field = try own?.optionalMember(name) { return field }
        return try configuration.member(name)
      }
      bits = try member("bits").int
      isSymmetric = try member("sym").bool
      let size = try member("group_size").int
      groupSize = size == -1 ? nil : size
      let version = configuration["checkpoint_format"] ?? configuration["format"] ?? "gptq"
      guard version == "gptq" || version == "gptq_v2" || version == .null else {
        throw .wrongKind(
          path: "checkpoint_format", expected: "gptq or gptq_v2", found: version.text(.compact))
      }
      isSecondVersion = version == "gptq_v2"
    } catch {
      throw .json(path: "\(folder.path)/config.json", cause: error)
    }
  }

  /// The member of `dynamic` for a Linear; nil if there is none.
  private static func override(
    in configuration: JSONValue, of linear: String
  ) throws(JSONError) -> JSONField? {
    guard let dynamic = try configuration.field.optionalMember("dynamic") else { return nil }
    for (key, field) in try dynamic.members {
      let isExclusion = key.hasPrefix("-:")
      let pattern = isExclusion || key.hasPrefix("+:") ? String(key.dropFirst(2)) : key
      guard let matches = PrefixPattern(pattern)?.matches(linear) else {
        throw .wrongKind(
          path: field.path, expected: "a regular expression that can be searched for",
          found: "\"\(key)\"")
      }
      if matches { return isExclusion ? nil : field }
    }
    return nil
  }
}
