// A strict parser of RFC 8259 over UTF-8 bytes, one method per rule of the grammar.
//
// Whatever the bytes are, it returns a value or throws; nothing in here can trap: every byte is
// read through `peek`, which answers nil at the end, and the nesting is limited.

extension JSONValue {
  /// Reads a JSON text.
  ///
  /// Refused are all departures from RFC 8259 (trailing commas, comments, leading zeros, `NaN`, a
  /// byte order mark, text after the value), invalid UTF-8, lone surrogates and repeated names.
  ///
  /// - Parameters:
  ///   - bytes: The text as UTF-8.
  ///   - depthLimit: How many levels of arrays and objects are accepted.
  /// - Throws: `JSONError` with line, column and what was expected.
  /// - Complexity: O(bytes).
  public init(parsing bytes: [UInt8], depthLimit: Int = 128) throws(JSONError) {
    var parser = JSONParser(bytes: bytes, depthLimit: depthLimit)
    self = try parser.text()
  }

  /// Reads a JSON text from a view of its bytes.
  ///
  /// - Parameters:
  ///   - bytes: The text as UTF-8.
  ///   - depthLimit: How many levels of arrays and objects are accepted.
  /// - Throws: `JSONError` with line, column and what was expected.
  /// - Complexity: O(bytes), one copy of them included.
  public init(parsing bytes: Span<UInt8>, depthLimit: Int = 128) throws(JSONError) {
    var copy: [UInt8] = []
    copy.reserveCapacity(bytes.count)
    for index in bytes.indices { copy.append(bytes[index]) }
    try self.init(parsing: copy, depthLimit: depthLimit)
  }

  /// Reads a JSON text from a string.
  ///
  /// - Parameters:
  ///   - text: The text.
  ///   - depthLimit: How many levels of arrays and objects are accepted.
  /// - Throws: `JSONError` with line, column and what was expected.
  /// - Complexity: O(bytes).
  public init(parsing text: String, depthLimit: Int = 128) throws(JSONError) {
    try self.init(parsing: Array(text.utf8), depthLimit: depthLimit)
  }
}

struct JSONParser {
  let bytes: [UInt8]
  let depthLimit: Int
  private var offset = 0
  private var depth = 0

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
    skipBlanks()
    let value = try value()
    skipBlanks()
    guard offset == bytes.count else { throw syntax("the end of the text") }
    return value
  }

  private mutating func value() throws(JSONError) -> JSONValue {
    switch peek.map(Unicode.Scalar.init) {
    case "{": .object(try object())
    case "[": .array(try array())
    case "\"": .string(try string())
    case "t": try word("true", .bool(true))
    case "f": try word("false", .bool(false))
    case "n": try word("null", .null)
    case .some("-"), .some("0"..."9"): .number(try number())
    default: throw syntax("a value")
    }
  }

  private mutating func object() throws(JSONError) -> JSONObject {
    var object = JSONObject()
    try enter()
    defer { depth -= 1 }
    if take("}") { return object }
    repeat {
      skipBlanks()
      let start = offset
      guard peek == UInt8(ascii: "\"") else { throw syntax("a member name in quotes") }
      let name = try string()
      skipBlanks()
      guard take(":") else { throw syntax("':'") }
      skipBlanks()
      guard object.appendIfNew(name, try value()) else {
        throw .duplicateMember(at: position(of: start), name: name)
      }
      skipBlanks()
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
      skipBlanks()
      array.append(try value())
      skipBlanks()
    } while take(",")
    guard take("]") else { throw syntax("',' or ']'") }
    return array
  }

  /// Steps over an opening bracket and the blanks after it.
  private mutating func enter() throws(JSONError) {
    guard depth < depthLimit else { throw .tooDeep(at: position(of: offset), limit: depthLimit) }
    offset += 1
    depth += 1
    skipBlanks()
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

// MARK: - Strings

extension JSONParser {
  /// The string whose opening quote is next: one copy of the bytes, unless there are escapes.
  private mutating func string() throws(JSONError) -> String {
    offset += 1
    var decoded: [UInt8] = []
    var start = offset
    while true {
      guard let byte = peek else { throw syntax("'\"'") }
      switch byte {
      case UInt8(ascii: "\""):
        let rest = bytes[start..<offset]
        offset += 1
        if decoded.isEmpty { return String(decoding: rest, as: UTF8.self) }
        return String(decoding: decoded + rest, as: UTF8.self)
      case UInt8(ascii: "\\"):
        decoded += bytes[start..<offset]
        decoded += UTF8.encode(try escape()) ?? UTF8.EncodedScalar()
        start = offset
      case ..<0x20: throw syntax("an escape for a control character")
      default: offset += 1
      }
    }
  }

  private mutating func escape() throws(JSONError) -> Unicode.Scalar {
    offset += 1
    let byte = peek
    offset += 1
    switch byte {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try unicodeEscape()
    default:
      offset -= 1
      throw syntax("one of \" \\ / b f n r t u")
    }
  }

  /// The scalar of `\uXXXX`, or of two of them that form a surrogate pair.
  private mutating func unicodeEscape() throws(JSONError) -> Unicode.Scalar {
    let start = offset - 2
    let first = try fourHexDigits()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard first < 0xDC00, take("\\"), take("u") else {
      throw .loneSurrogate(at: position(of: start))
    }
    let second = try fourHexDigits()
    guard (0xDC00...0xDFFF).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { throw .loneSurrogate(at: position(of: start)) }
    return scalar
  }

  private mutating func fourHexDigits() throws(JSONError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw syntax("a hexadecimal digit")
      }
      value = value << 4 | UInt32(digit)
      offset += 1
    }
    return value
  }
}

// MARK: - Bytes

extension JSONParser {
  private var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek == UInt8(ascii: character) else { return false }
    offset += 1
    return true
  }

  private mutating func skipBlanks() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      offset += 1
    }
  }

  private func syntax(_ expected: String) -> JSONError {
    var found = "the end of the text"
    let next = String(decoding: bytes[min(offset, bytes.count)...].prefix(4), as: UTF8.self)
    if let scalar = next.unicodeScalars.first {
      let code = String(scalar.value, radix: 16, uppercase: true)
      let hex = String(repeating: "0", count: max(0, 4 - code.count)) + code
      found = (0x20..<0x7F).contains(scalar.value) ? "'\(scalar)'" : "U+\(hex)"
    }
    return .syntax(at: position(of: offset), expected: expected, found: found)
  }

  private func position(of offset: Int) -> JSONPosition {
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
