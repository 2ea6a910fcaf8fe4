import JSON
import Testing

@Suite struct `Values` {
  @Test func `reading and writing preserves the bytes`() throws {
    let text = """
      {
        "architectures": [
          "LlamaForCausalLM"
        ],
        "empty": [],
        "none": {},
        "rms_norm_eps": 1e-05,
        "rope_theta": 10000.0,
        "big": 123456789012345678901234567890,
        "name": "Żółć 中文 👩‍💻 \\"q\\" \\\\ \\n \\u0001\\u001f\u{7F}",
        "nothing": null
      }
      """
    #expect(try JSONValue(parsing: text).text(.pretty) == text)
    let compact = #"{"a":[1,2.50,{"b":[]}],"c":"d"}"#
    #expect(try JSONValue(parsing: compact).text() == compact)
  }

  @Test(arguments: [0, 5, 11, 12, 13, 40])
  func `members are replaced in place, appended and removed`(count: Int) throws {
    var value = JSONValue.object(JSONObject())
    var expected: [(String, Int)] = []
    for index in 0..<count {
      try value.setMember("k\(index)", to: .number(JSONNumber(index)))
      expected.append(("k\(index)", index))
    }
    if count > 2 {
      try value.setMember("k1", to: 100)
      expected[1].1 = 100
      #expect(try value.removeMember("k2") == 2)
      expected.remove(at: 2)
    }
    try value.setMember("new", to: -1)
    expected.append(("new", -1))
    #expect(try value.removeMember("absent") == nil)
    #expect(try value.field.object.names == expected.map(\.0))
    for (name, number) in expected { #expect(try value.member(name).int == number) }
    #expect(try value.optionalMember("k2")?.value == nil || count <= 2)
  }

  @Test func `members can be set only on objects`() {
    var value: JSONValue = [1]
    let error = #expect(throws: JSONError.self) { try value.setMember("a", to: 1) }
    #expect(error?.description == "the value: expected an object, found an array")
    #expect(value == [1])
  }

  @Test func `numbers keep their literal and are converted on demand`() throws {
    #expect(JSONNumber(literal: "1e-05")?.double == 1e-5)
    #expect(JSONNumber(literal: "1e-05")?.int == nil)
    #expect(JSONNumber(literal: "-0")?.int == 0)
    #expect(JSONNumber(literal: "9223372036854775807")?.int == .max)
    #expect(JSONNumber(literal: "9223372036854775808")?.int == nil)
    #expect(JSONNumber(literal: "1e999")?.double == nil)
    for bad in ["", " 1", "1 ", "01", "+1", "1.", "nan", "0x10", "[1]"] {
      #expect(JSONNumber(literal: bad) == nil)
    }
    #expect(JSONNumber(0.1).literal == "0.1")
    #expect(JSONNumber(1e-5).literal == "1e-05")
    #expect(JSONNumber(Int.min).literal == "-9223372036854775808")
    #expect(try JSONValue(parsing: "1") != JSONValue(parsing: "1.0"))
  }
}

@Suite struct `Typed access` {
  let root: JSONValue = [
    "model": ["vocab": [1, 2], "layers": [["bits": 4], ["bits": 4.5]], "none": nil],
    "text": "t", "flag": true, "list": ["a", 1], "numbers": [0.5, 2],
  ]

  @Test func `values are reached step by step`() throws {
    #expect(try root.member("model").member("vocab").ints == [1, 2])
    #expect(try root.member("model").member("layers").array[0].member("bits").int == 4)
    #expect(try root.member("text").string == "t")
    #expect(try root.member("flag").bool)
    #expect(try root.member("numbers").doubles == [0.5, 2])
    #expect(try root.member("model").optionalMember("none")?.value == nil)
    #expect(try root.member("model").member("none").isNull)
    #expect(try root.optionalMember("absent")?.value == nil)
    #expect(try root.member("model").members.map(\.field.path).first == "model.vocab")
    #expect(root["model"]?["vocab"] == [1, 2])
  }

  @Test func `an error names the path, what was found and what was expected`() {
    func message(_ read: (JSONValue) throws(JSONError) -> Void) -> String {
      do {
        try read(root)
        return "no error"
      } catch { return error.description }
    }
    #expect(
      message { root throws(JSONError) in _ = try root.member("model").member("vocab").object }
        == "model.vocab: expected an object, found an array")
    #expect(
      message { root throws(JSONError) in
        _ = try root.member("model").member("layers").array[1].member("bits").int
      } == "model.layers[1].bits: expected an integer, found the number 4.5")
    #expect(
      message { root throws(JSONError) in _ = try root.member("list").strings }
        == "list[1]: expected a string, found the number 1")
    #expect(
      message { root throws(JSONError) in _ = try root.member("model").member("merges") }
        == "model.merges: expected a value, found no such member")
    #expect(
      message { root throws(JSONError) in _ = try root.member("text").member("x") }
        == "text: expected an object, found a string")
    #expect(
      message { root throws(JSONError) in _ = try root.member("flag").double }
        == "flag: expected a number, found a boolean")
  }
}
