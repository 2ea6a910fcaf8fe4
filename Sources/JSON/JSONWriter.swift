/// The layout of a JSON text.
public enum JSONLayout: Sendable {
  /// Without white space.
  case compact
  /// One member or element per line, indented by two spaces per level, as by Python's
  /// `json.dumps(indent=2)`.
  case pretty
}

extension JSONValue {
  /// The text of this value; characters beyond ASCII are not escaped.
  ///
  /// - Parameter layout: The layout.
  /// - Returns: The text, without a final newline.
  public func text(_ layout: JSONLayout = .compact) -> String {
    String(decoding: bytes(layout), as: UTF8.self)
  }

  /// The text of this value as UTF-8.
  ///
  /// - Parameter layout: The layout.
  /// - Returns: The bytes, without a final newline.
  public func bytes(_ layout: JSONLayout = .compact) -> [UInt8] {
    var writer = JSONWriter(pretty: layout == .pretty)
    writer.write(self)
    return writer.bytes
  }
}

private struct JSONWriter {
  let pretty: Bool
  var bytes: [UInt8] = []
  private var level = 0

  init(pretty: Bool) { self.pretty = pretty }

  mutating func write(_ value: JSONValue) {
    switch value {
    case .null: bytes += "null".utf8
    case .bool(let bool): bytes += (bool ? "true" : "false").utf8
    case .number(let number): bytes += number.literal.utf8
    case .string(let string): write(string)
    case .array(let array):
      list(array, between: "[", and: "]") { $0.write($1) }
    case .object(let object):
      list(object, between: "{", and: "}") { writer, member in
        writer.write(member.name)
        writer.bytes += (writer.pretty ? ": " : ":").utf8
        writer.write(member.value)
      }
    }
  }

  private mutating func list<Items: RandomAccessCollection>(
    _ items: Items, between open: Unicode.Scalar, and close: Unicode.Scalar,
    write: (inout JSONWriter, Items.Element) -> Void
  ) {
    bytes.append(UInt8(ascii: open))
    level += 1
    var first = true
    for item in items {
      if !first { bytes.append(UInt8(ascii: ",")) }
      first = false
      newLine()
      write(&self, item)
    }
    level -= 1
    if !first { newLine() }
    bytes.append(UInt8(ascii: close))
  }

  private mutating func newLine() {
    guard pretty else { return }
    bytes.append(UInt8(ascii: "\n"))
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * level))
  }

  private mutating func write(_ string: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""): bytes += "\\\"".utf8
      case UInt8(ascii: "\\"): bytes += "\\\\".utf8
      case 0x08: bytes += "\\b".utf8
      case 0x09: bytes += "\\t".utf8
      case 0x0A: bytes += "\\n".utf8
      case 0x0C: bytes += "\\f".utf8
      case 0x0D: bytes += "\\r".utf8
      case ..<0x10: bytes += "\\u000\(String(byte, radix: 16))".utf8
      case ..<0x20: bytes += "\\u00\(String(byte, radix: 16))".utf8
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
