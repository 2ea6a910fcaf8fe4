import Dispatch
import JSON
import Synchronization
import Testing

@testable import Tokenizer

/// Files and texts that would take exponential time or memory.
@Suite(.timeLimit(.minutes(2))) struct `Limits` {
  @Test(arguments: [
    #"(?:a|a)*\z"#,  // exponential
    #"(?:a*)*\z"#,
    #"(?:a*a*a*a*a*b|a)\z"#,  // polynomial
    #"(?:.*.*c)?."#,  // few retries, but much scanning, for every match
  ])
  func `catastrophic backtracking is an error that shows the place`(pattern: String) throws {
    let tokenizer = try Tokenizer(Fixture.file(preTokenizer: Fixture.split(pattern)))
    let text = "!\n" + String(repeating: "a", count: 5000) + "!\nc"
    let error = #expect(throws: TokenizerError.self) { try tokenizer.encode(text) }
    guard
      case .matchingFailed("pre_tokenizer.pattern", pattern, let offset, let excerpt, _)? = error
    else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(excerpt == String(text.dropFirst(offset).prefix(32)))
    #expect(error?.description.contains(": catastrophic backtracking; correct the") == true)
  }

  @Test func `a pattern that exhausts the stack is an error`() throws {
    let tokenizer = try Tokenizer(Fixture.file(preTokenizer: Fixture.split("(a)*")))
    let text = String(repeating: "a", count: 5_000_000)
    let error = #expect(throws: TokenizerError.self) { try tokenizer.encode(text) }
    #expect(error?.description.contains("match-stack limit over") == true)
  }

  @Test func `overlapping matches are an error`() throws {
    let tokenizer = try Tokenizer(Fixture.file(preTokenizer: Fixture.split(#"a|(?<=\Ka)b"#)))
    let error = #expect(throws: TokenizerError.self) { try tokenizer.encode("abab") }
    #expect(error?.description.contains("byte 1 of the text to split, before \"bab\"") == true)
    #expect(error?.description.contains("the match overlaps the one before it") == true)
  }

  /// ICU gave up on such runs.
  @Test func `a run of white space may have any length`() throws {
    let tokenizer = try Fixture.tokenizer("gpt2")
    let text = String(repeating: " \n", count: 300_000) + "x"
    let ids = try tokenizer.encode(text)
    #expect(
      ids.compactMap(tokenizer.token(of:)).joined() == String(repeating: "ĠĊ", count: 300_000) + "x"
    )
  }

  @Test func `normalizers cannot multiply a text without limit`() throws {
    let doubling: JSONValue = [
      "type": "Replace", "pattern": ["String": "a"], "content": "aa",
    ]
    let long: JSONValue = [
      "type": "Replace", "pattern": ["Regex": "a"],
      "content": .string(String(repeating: "b", count: 1 << 20)),
    ]
    for (steps, isAllowed) in [
      (Array(repeating: doubling, count: 6), true), (Array(repeating: doubling, count: 60), false),
      (Array(repeating: ["type": "ByteLevel"], count: 60), false), ([long], false),
    ] {
      let tokenizer = try Tokenizer(
        Fixture.file(normalizer: ["type": "Sequence", "normalizers": .array(steps)]))
      let text = String(repeating: "aé", count: 10_000)
      if isAllowed {
        #expect(try tokenizer.encode(text).count == 64 * 10_000)
        continue
      }
      let error = #expect(throws: TokenizerError.self) { try tokenizer.encode(text) }
      #expect(error == .textTooLong(section: "normalizer", byteCount: 30_000, limit: 1_985_536))
    }
  }

  @Test func `pre-tokenizers cannot multiply a text without limit`() throws {
    let step: JSONValue = ["type": "ByteLevel", "add_prefix_space": false, "use_regex": false]
    let steps = JSONValue.array(Array(repeating: step, count: 60))
    let tokenizer = try Tokenizer(
      Fixture.file(preTokenizer: ["type": "Sequence", "pretokenizers": steps]))
    let error = #expect(throws: TokenizerError.self) { try tokenizer.encode(" ") }
    #expect(error == .textTooLong(section: "pre_tokenizer", byteCount: 1, limit: 65_600))
  }

  /// The Python package panics, or repeats a token, where two tokens claim the same white space.
  @Test func `white space that a token strips is not matched again`() throws {
    func token(_ id: Int, _ content: String, left: Bool, right: Bool) -> JSONValue {
      [
        "id": .number(JSONNumber(id)), "content": .string(content), "single_word": false,
        "lstrip": .bool(left), "rstrip": .bool(right), "normalized": false, "special": false,
      ]
    }
    let tokenizer = try Tokenizer(
      Fixture.file(addedTokens: [
        token(0, "a", left: false, right: true), token(3, " ", left: true, right: false),
      ]))
    #expect(try tokenizer.encode("a") == [0])
    #expect(try tokenizer.encode("a ") == [0])
    #expect(try tokenizer.encode("a   b") == [0, 1])
    #expect(try tokenizer.encode("b  a  b") == [1, 3, 3, 0, 1])
    #expect(try tokenizer.encode(String(repeating: " ", count: 1_000_000)).count == 1_000_000)
  }

  @Test func `threads can share a tokenizer`() throws {
    let tokenizer = try Fixture.tokenizer("llama3")
    let texts = try Fixture.texts()
    let expected = try texts.map { text in try tokenizer.encode(text) }
    let failures = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      for (index, text) in texts.enumerated()
      where (try? tokenizer.encode(text)) != expected[index] {
        failures.withLock { $0 += 1 }
      }
    }
    #expect(failures.withLock { $0 } == 0)
  }
}
