internal import JSON

/// How text is split in front of byte-level BPE, under the name that llama.cpp has for it.
enum GGUFSplit: String, CaseIterable {
  /// GPT-2's own: words, runs of digits, and everything else.
  case gpt2 = "gpt-2"
  /// The same with each digit by itself.
  case smolLM = "smollm"
  /// Llama 3: up to three digits together.
  case llama3 = "llama-bpe"
  /// Qwen 2 and 3: each digit by itself.
  case qwen2 = "qwen2"

  /// The way of a section `pre_tokenizer`; nil for any other.
  init?(_ section: JSONField) {
    guard let found = Self.allCases.first(where: { $0.matches(section) }) else { return nil }
    self = found
  }

  /// The section `pre_tokenizer`.
  var section: JSONValue {
    switch self {
    case .gpt2: Self.byteLevel(usesExpression: true)
    case .smolLM:
      [
        "type": "Sequence",
        "pretokenizers": [
          ["type": "Digits", "individual_digits": true], Self.byteLevel(usesExpression: true),
        ],
      ]
    case .llama3, .qwen2:
      [
        "type": "Sequence",
        "pretokenizers": [
          [
            "type": "Split", "pattern": ["Regex": .string(expression)], "behavior": "Isolated",
            "invert": false,
          ], Self.byteLevel(usesExpression: false),
        ],
      ]
    }
  }

  /// The expression of words, in which the two families differ by their digits.
  private var expression: String {
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"#
      + (self == .llama3 ? #"\p{N}{1,3}"# : #"\p{N}"#)
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }

  private static func byteLevel(usesExpression: Bool) -> JSONValue {
    [
      "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
      "use_regex": .bool(usesExpression),
    ]
  }

  private func matches(_ section: JSONField) -> Bool {
    Self.canonical(section.value) == Self.canonical(self.section)
  }

  /// What decides how text is split, without what does not.
  private static func canonical(_ section: JSONValue) -> JSONValue {
    guard case .object(var object) = section else { return section }
    switch object["type"] {
    case "ByteLevel":
      // It only decides what positions are reported.
      object["trim_offsets"] = nil
      if object["use_regex"] == nil { object["use_regex"] = true }
      return sorted(object)
    case "Sequence":
      guard case .array(let parts)? = object["pretokenizers"] else { return section }
      let canonical = parts.map(Self.canonical)
      return canonical.count == 1
        ? canonical[0] : ["type": "Sequence", "pretokenizers": .array(canonical)]
    default: return sorted(object)
    }
  }

  private static func sorted(_ object: JSONObject) -> JSONValue {
    var result = JSONObject()
    for member in object.sorted(by: { $0.name < $1.name }) { result[member.name] = member.value }
    return .object(result)
  }
}
