import JSON
import TestSupport
import Testing

@Suite struct `The parser` {
  @Test(
    arguments: [
      ("null", JSONValue.null), (" true\n", true), ("false", false), ("0", 0), ("-12", -12),
      ("[]", []), ("{}", [:]), ("[ 1 , [ 2 ] ]", [1, [2]]), ("\"\"", ""),
      (#"{ "a" : { "b" : [ ] } , "c" : "d" }"#, ["a": ["b": []], "c": "d"]),
      (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
      (#""\u0041\u00e9\u4E2D\ud83d\ude00""#, "A\u{E9}\u{4E2D}\u{1F600}"),
      (#""x\u0000y""#, "x\0y"),
    ] as [(String, JSONValue)])
  func `every kind of value is parsed`(text: String, value: JSONValue) throws {
    #expect(try JSONValue(parsing: text) == value)
  }

  @Test(arguments: [
    ("", "line 1, column 1: expected a value, found the end of the text"),
    ("nul", "line 1, column 1: expected a value, found 'n'"),
    ("[1,]", "line 1, column 4: expected a value, found ']'"),
    ("{\"a\": 1,}", "line 1, column 9: expected a member name in quotes, found '}'"),
    ("{\"a\" 1}", "line 1, column 6: expected ':', found '1'"),
    ("{a: 1}", "line 1, column 2: expected a member name in quotes, found 'a'"),
    ("[1\n 2]", "line 2, column 2: expected ',' or ']', found '2'"),
    ("{\"a\": 1", "line 1, column 8: expected ',' or '}', found the end of the text"),
    ("01", "line 1, column 2: expected the end of the text, found '1'"),
    ("1.", "line 1, column 3: expected a digit, found the end of the text"),
    ("-", "line 1, column 2: expected a digit, found the end of the text"),
    (".5", "line 1, column 1: expected a value, found '.'"),
    ("+1", "line 1, column 1: expected a value, found '+'"),
    ("1e", "line 1, column 3: expected a digit, found the end of the text"),
    ("NaN", "line 1, column 1: expected a value, found 'N'"),
    ("-Infinity", "line 1, column 2: expected a digit, found 'I'"),
    ("// no\n1", "line 1, column 1: expected a value, found '/'"),
    ("'a'", "line 1, column 1: expected a value, found '''"),
    ("1 2", "line 1, column 3: expected the end of the text, found '2'"),
    ("\u{FEFF}1", "line 1, column 1: expected a value, found U+FEFF"),
    ("\"é\n\"", "line 1, column 3: expected an escape for a control character, found U+000A"),
    ("\"ab", "line 1, column 4: expected '\"', found the end of the text"),
    (#""\x""#, "line 1, column 3: expected one of \" \\ / b f n r t u, found 'x'"),
    (#""\"#, "line 1, column 3: expected one of \" \\ / b f n r t u, found the end of the text"),
    (#""\u12G4""#, "line 1, column 6: expected a hexadecimal digit, found 'G'"),
    (#""\ud800""#, "line 1, column 2: expected a surrogate pair, found only half of one"),
    (#""\udc00\ud800""#, "line 1, column 2: expected a surrogate pair, found only half of one"),
    (#""\ud800\u0041""#, "line 1, column 2: expected a surrogate pair, found only half of one"),
    ("{\"a\":1,\n\"a\":2}", "line 2, column 1: expected distinct member names, found \"a\" again"),
  ])
  func `invalid JSON is rejected with the position and the reason`(text: String, message: String) {
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    #expect(error?.description == message)
  }

  @Test(
    arguments: [
      [0x22, 0xFF, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
      [0x22, 0xC0, 0x80, 0x22],
      [0x22, 0xF5, 0x80, 0x80, 0x80, 0x22],
    ] as [[UInt8]])
  func `invalid UTF-8 is rejected`(bytes: [UInt8]) {
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
    #expect(error?.description == "line 1, column 2: the text is not valid UTF-8")
  }

  @Test func `the depth is limited, not the number of values`() throws {
    let nested = { String(repeating: "[", count: $0) + String(repeating: "]", count: $0) }
    _ = try JSONValue(parsing: nested(128))
    _ = try JSONValue(
      parsing: "[" + Array(repeating: "[],{}", count: 500).joined(separator: ",") + "]")
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: nested(129)) }
    #expect(
      error?.description
        == "line 1, column 129: expected at most 128 nested arrays and objects, found one more")
    #expect(throws: JSONError.self) {
      try JSONValue(parsing: String(repeating: "{\"a\":", count: 1_000_000))
    }
  }

  @Test func `composed and decomposed keys remain distinct`() throws {
    let value = try JSONValue(parsing: "{\"\u{E9}\": 1, \"e\u{301}\": 2}")
    #expect(try value.member("\u{E9}").int == 1)
    #expect(try value.member("e\u{301}").int == 2)
    #expect(JSONValue.string("\u{E9}") != .string("e\u{301}"))
  }

  @Test func `a span is parsed like an array`() throws {
    let bytes = Array("{\"a\": [1, 2]}".utf8)
    #expect(try JSONValue(parsing: bytes.span) == JSONValue(parsing: bytes))
  }

  @Test func `a truncated text is rejected at every length`() throws {
    let bytes = Array(sample.utf8)
    _ = try JSONValue(parsing: bytes)
    for length in 0..<bytes.count {
      #expect(throws: JSONError.self) { try JSONValue(parsing: Array(bytes.prefix(length))) }
    }
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `mutated bytes are rejected or survive a round trip`(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    for _ in 0..<500 {
      var bytes = Array(sample.utf8)
      for _ in 0...Int.random(in: 0..<3, using: &generator) {
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes.remove(at: place)
        case 2:
          bytes.insert(
            Array("{}[]\",:\\u01-.e".utf8).randomElement(using: &generator) ?? 0, at: place)
        default: bytes.swapAt(place, Int.random(in: 0..<bytes.count, using: &generator))
        }
      }
      guard let value = try? JSONValue(parsing: bytes) else { continue }
      #expect(try JSONValue(parsing: value.bytes()) == value)
      #expect(try JSONValue(parsing: value.bytes(.pretty)) == value)
    }
  }
}

private let sample = #"""
  {"version": "1.0", "é\u00e9\ud83d\ude00": [1, -2.5e-3, 1E+5, true, false, null],
   "nested": {"a": {}, "b": [[], [{}]], "escaped": "\"\\\/\b\f\n\r\t"}, "long": "0123456789abcdef"}
  """#
