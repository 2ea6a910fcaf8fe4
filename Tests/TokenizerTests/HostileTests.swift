import JSON
import TestSupport
import Testing

@testable import Tokenizer

/// Arbitrary files and texts lead to a result or an error, never to a trap or a hang.
@Suite struct `Hostile input` {
  @Test func `a truncated file is rejected at every length`() throws {
    let bytes = try small().bytes()
    _ = try Tokenizer(parsing: bytes)
    for length in 0..<bytes.count {
      #expect(throws: TokenizerError.self) { try Tokenizer(parsing: Array(bytes.prefix(length))) }
    }
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `a mutated file is rejected or can be used`(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let bytes = try small().bytes()
    for _ in 0..<200 {
      var mutated = bytes
      for _ in 0...Int.random(in: 0..<3, using: &generator) {
        let place = Int.random(in: 0..<mutated.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: mutated[place] = UInt8.random(in: 0x20...0x7E, using: &generator)
        case 1: mutated.remove(at: place)
        default: mutated.swapAt(place, Int.random(in: 0..<mutated.count, using: &generator))
        }
      }
      try use(mutated)
    }
  }

  /// Replaces each value of the file by a value of each kind; byte mutations rarely find these.
  @Test func `a file with a value of another kind anywhere is rejected or can be used`() throws {
    let file = try small()
    let others: [JSONValue] = [
      nil, true, -1, 4_294_967_296, 1.5, "", "é", [], [:], [nil], ["a": 1],
    ]
    for index in 0..<500 {
      for other in others {
        var place = index
        let changed = replace(file, at: &place, by: other)
        guard place < 0 else { return }
        try use(changed.bytes())
      }
    }
  }

  @Test(arguments: Fixture.names)
  func `random texts can be encoded`(name: String) throws {
    let tokenizer = try Fixture.tokenizer(name)
    var generator = SplitMix64(seed: 7)
    for _ in 0..<300 {
      var text = String.UnicodeScalarView()
      for _ in 0..<Int.random(in: 0...40, using: &generator) {
        let limit: UInt32 = [0x80, 0x250, 0x3100, 0x11_0000].randomElement(using: &generator) ?? 1
        text.append(Unicode.Scalar(UInt32.random(in: 0..<limit, using: &generator)) ?? " ")
      }
      _ = try tokenizer.encode(String(text))
    }
  }

  @Test(arguments: Fixture.names)
  func `long runs of one unit can be encoded`(name: String) throws {
    let tokenizer = try Fixture.tokenizer(name)
    for unit in [" ", "a", "\n", " \n", "1", "中", "ab ", "👩‍💻", "<|star"] {
      let text = String(repeating: unit, count: 60_000 / unit.utf8.count)
      let ids = try tokenizer.encode(text + "x", addSpecialTokens: false)
      #expect(ids.count > 1)
    }
  }

  private func use(_ bytes: [UInt8]) throws {
    guard let tokenizer = try? Tokenizer(parsing: bytes) else { return }
    _ = try? tokenizer.encode("<s> ab  ÄÖ\u{301} 12 ba\n<unk>x")
  }

  /// A small file in which no section is empty.
  private func small() throws -> JSONValue {
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

  /// Replaces the n-th part of a value in depth-first order; afterwards n is negative.
  private func replace(_ value: JSONValue, at n: inout Int, by other: JSONValue) -> JSONValue {
    n -= 1
    if n == -1 { return other }
    switch value {
    case .array(let array): return .array(array.map { replace($0, at: &n, by: other) })
    case .object(var object):
      for member in object { object[member.name] = replace(member.value, at: &n, by: other) }
      return .object(object)
    default: return value
    }
  }
}
