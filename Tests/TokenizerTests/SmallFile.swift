import Foundation
import JSON

/// Small files in which no section is empty, to be truncated and mutated.
enum SmallFile: CaseIterable {
  case bpe, affixes, unigram, wordPiece

  static let all = allCases

  func json() throws -> JSONValue {
    switch self {
    case .bpe: try Self.bpe()
    case .affixes: try Self.affixes()
    case .unigram: try Self.unigram()
    case .wordPiece: try Self.wordPiece()
    }
  }

  private static func bpe() throws -> JSONValue {
    var vocabulary: JSONValue = ["▁": 0, "a": 1, "b": 2, "ab": 3, "<unk>": 4, "<0xC3>": 5]
    try vocabulary.setMember("é", to: 6)
    return try Fixture.file(
      model: [
        "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true, "vocab": vocabulary,
      ],
      normalizer: [
        "type": "Sequence",
        "normalizers": [
          ["type": "NFC"], ["type": "Prepend", "prepend": "▁"],
          ["type": "Replace", "pattern": ["String": " "], "content": "▁"],
          ["type": "Strip", "strip_left": false, "strip_right": true],
        ],
      ],
      preTokenizer: [
        "type": "Sequence",
        "pretokenizers": [
          [
            "type": "Split", "pattern": ["Regex": "\\p{N}{1,3}|\\s+(?!\\S)"],
            "behavior": "MergedWithNext", "invert": false,
          ],
          ["type": "Digits", "individual_digits": true],
          ["type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": true],
          ["type": "Punctuation", "behavior": "Contiguous"],
        ],
      ],
      postProcessor: [
        "type": "TemplateProcessing",
        "single": [
          ["SpecialToken": ["id": "<s>", "type_id": 0]], ["Sequence": ["id": "A", "type_id": 0]],
        ],
        "special_tokens": ["<s>": ["id": "<s>", "ids": [7], "tokens": ["<s>"]]],
      ],
      addedTokens: [
        [
          "id": 7, "content": "<s>", "single_word": false, "lstrip": true, "rstrip": true,
          "normalized": false, "special": true,
        ],
        [
          "id": 1, "content": "a", "single_word": true, "lstrip": false, "rstrip": false,
          "normalized": true, "special": false,
        ],
      ])
  }

  private static func affixes() throws -> JSONValue {
    try Fixture.file(
      model: [
        "continuing_subword_prefix": "#", "end_of_word_suffix": "/",
        "vocab": ["a": 0, "#b": 1, "#b/": 2, "ab": 3, "ab/": 4, "#ab": 5, "a/": 6, "#a": 7],
        "merges": [["a", "#b"], ["#a", "#b"], ["a", "#b/"]],
      ],
      normalizer: [
        "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
        "strip_accents": nil, "lowercase": true,
      ],
      preTokenizer: [
        "type": "Sequence",
        "pretokenizers": [
          ["type": "Whitespace"], ["type": "CharDelimiterSplit", "delimiter": "x"],
          ["type": "BertPreTokenizer"], ["type": "FixedLength", "length": 4],
        ],
      ],
      postProcessor: ["type": "BertProcessing", "sep": ["a", 0], "cls": ["ab", 3]])
  }

  private static func unigram() throws -> JSONValue {
    var file = try Fixture.file(
      normalizer: [
        "type": "Sequence",
        "normalizers": [
          ["type": "Precompiled", "precompiled_charsmap": .string(charactersMap)],
          ["type": "Nmt"], ["type": "StripAccents"],
        ],
      ],
      preTokenizer: ["type": "WhitespaceSplit"],
      postProcessor: [
        "type": "RobertaProcessing", "sep": ["a", 1], "cls": ["<unk>", 0], "trim_offsets": true,
        "add_prefix_space": true,
      ])
    try file.setMember(
      "model",
      to: [
        "type": "Unigram", "unk_id": 0, "byte_fallback": true,
        "vocab": [["<unk>", 0], ["a", -1.5], ["ab", -2.25e0], ["b", -1], ["<0xC3>", -9.5]],
      ])
    return file
  }

  /// A character map that replaces "a" by "b".
  private static var charactersMap: String {
    var units = [UInt32](repeating: 0, count: 128)
    // The root has the base 0, so the unit of "a" is at its code; its value is at base 1 from there.
    units[97] = 97 | 1 << 8 | 1 << 10
    let bytes = ([512] + units).flatMap { unit in (0..<4).map { UInt8(unit >> (8 * $0) & 0xFF) } }
    return Data(bytes + "b\0".utf8).base64EncodedString()
  }

  private static func wordPiece() throws -> JSONValue {
    var file = try Fixture.file(preTokenizer: ["type": "BertPreTokenizer"])
    try file.setMember(
      "model",
      to: [
        "type": "WordPiece", "unk_token": "?", "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 20, "vocab": ["?": 0, "a": 1, "##b": 2, "ab": 3, "##": 4],
      ])
    return file
  }
}
