// A strict recursive-descent parser of RFC 8259, with one method per rule of the grammar.
//
// For arbitrary bytes it returns a value or throws, and cannot trap: every byte is read through
// `peek`, which is nil at the end, and the nesting is limited.

struct JSONParser {
  let bytes: [UInt8]
  let depthLimit: Int
  var offset = 0
  private var depth = 0
  private var valueCount = 0

  /// The most values in a text: enough for the tokenizers and headers there are, and few enough to fit in
  /// memory, since a value takes some 150 bytes however short it is.
  private static let valueLimit = 3_000_000

  init(bytes: [UInt8], depthLimit: Int) {
    self.bytes = bytes
    self.depthLimit = depthLimit
  }

  mutating func text() throws(JSONError) -> JSONValue {
    do {
      _ = try UTF8Span(validating: bytes.span)
    } catch {
      throw .invalidUTF8(at: position(of: error.byteOffsets.lowerBound))
    }
    skipWhiteSpace()
    let value = try value()
    skipWhiteSpace()
    guard offset == bytes.count else { throw syntax("the end of the text") }
    return value
  }

  private mutating func value() throws(JSONError) -> JSONValue {
    valueCount += 1
    guard valueCount <= Self.valueLimit else {
      throw .tooMany(at: position(of: offset), limit: Self.valueLimit)
    }
    switch peek.map(Unicode.Scalar.init) {
    case "{": return .object(try object())
    case "[": return .array(try array())
    case "\"": return .string(try string())
    case "t": return try word("true", .bool(true))
    case "f": return try word("false", .bool(false))
    case "n": return try word("null", .null)
    case .some("-"), .some("0"..."9"): return .number(try number())
    default: throw syntax("a value")
    }
  }

  private mutating func object() throws(JSONError) -> JSONObject {
    var object = JSONObject()
    try enter()
    defer { depth -= 1 }
    if take("}") { return object }
    repeat {
      skipWhiteSpace()
      let start = offset
      guard peek == UInt8(ascii: "\"") else { throw syntax("a member name in quotes") }
      let name = try string()
      skipWhiteSpace()
      guard take(":") else { throw syntax("':'") }
      skipWhiteSpace()
      guard object.appendIfNew(name, try value()) else {
        throw .duplicateMember(at: position(of: start), name: name)
      }
      skipWhiteSpace()
    } while take(",")
    guard take("}") else { throw syntax("',' or '}'") }
    return object
  }

  private mutating func array() throws(JSONError) -> [JSONValue] {
    var array: [JSONValue] = []
    try enter()
    defer { depth -= 1 }
    if take("]") { return array }
    repeat {
      skipWhiteSpace()
      array.append(try value())
      skipWhiteSpace()
    } while take(",")
    guard take("]") else { throw syntax("',' or ']'") }
    return array
  }

  /// Skips an opening bracket and the white space after it.
  private mutating func enter() throws(JSONError) {
    guard depth < depthLimit else { throw .tooDeep(at: position(of: offset), limit: depthLimit) }
    offset += 1
    depth += 1
    skipWhiteSpace()
  }

  private mutating func word(
    _ word: StaticString, _ value: JSONValue
  ) throws(JSONError) -> JSONValue {
    let rest = bytes[offset...].prefix(word.description.utf8.count)
    guard rest.elementsEqual(word.description.utf8) else { throw syntax("a value") }
    offset += rest.count
    return value
  }

  private mutating func number() throws(JSONError) -> JSONNumber {
    let start = offset
    _ = take("-")
    if !take("0") { try digits() }
    if take(".") { try digits() }
    if take("e") || take("E") {
      _ = take("+") || take("-")
      try digits()
    }
    return JSONNumber(checked: String(decoding: bytes[start..<offset], as: UTF8.self))
  }

  private mutating func digits() throws(JSONError) {
    let start = offset
    while let byte = peek, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { offset += 1 }
    guard offset > start else { throw syntax("a digit") }
  }
}

// MARK: - Bytes

extension JSONParser {
  var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek == UInt8(ascii: character) else { return false }
    offset += 1
    return true
  }

  private mutating func skipWhiteSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      offset += 1
    }
  }

  func syntax(_ expected: String) -> JSONError {
    var found = "the end of the text"
    let next = String(decoding: bytes[min(offset, bytes.count)...].prefix(4), as: UTF8.self)
    if let scalar = next.unicodeScalars.first {
      let code = String(scalar.value, radix: 16, uppercase: true)
      let hex = String(repeating: "0", count: max(0, 4 - code.count)) + code
      found = (0x20..<0x7F).contains(scalar.value) ? "'\(scalar)'" : "U+\(hex)"
    }
    return .syntax(at: position(of: offset), expected: expected, found: found)
  }

  func position(of offset: Int) -> JSONPosition {
    var (line, column) = (1, 1)
    for byte in bytes.prefix(offset) {
      if byte == UInt8(ascii: "\n") {
        (line, column) = (line + 1, 1)
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
    }
    return JSONPosition(line: line, column: column)
  }
}
