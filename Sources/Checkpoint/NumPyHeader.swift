/// The header of a `.npy` file: a Python dictionary with three known keys.
struct NumPyHeader {
  /// The type of the elements, as NumPy spells it.
  private(set) var type = ""
  /// Whether the first index varies fastest.
  private(set) var isFortranOrder = false
  /// The length of each axis, never negative.
  private(set) var shape: [Int] = []

  /// The format allows headers of gigabytes, but that of a plain array is short.
  private static let longest = 1 << 16

  /// Reads the header, and returns where it ends as well.
  static func read(from file: MappedFile) throws(CheckpointError) -> (NumPyHeader, end: Int) {
    let head = file.copy(0..<min(12, file.byteCount))
    guard head.count >= 10, head.starts(with: [0x93] + Array("NUMPY".utf8)) else {
      throw .numPy(path: file.path, reason: "not a valid .npy file: it does not start as one")
    }
    let version = head[6]
    guard (1...3).contains(version) else {
      throw .numPy(path: file.path, reason: "version \(version) of the format is not read")
    }
    // A file of version 2 that ends within the length is rejected below, because it is too short.
    let start = version == 1 ? 10 : 12
    let length = head[8..<min(start, head.count)].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= longest, start + length <= file.byteCount else {
      throw .numPy(
        path: file.path,
        reason: "not a valid .npy file: it claims a header of \(length) bytes, and has "
          + "\(file.byteCount) in all; it may be truncated")
    }
    var parser = Parser(text: file.copy(start..<start + length))
    guard let header = parser.header() else {
      throw .numPy(
        path: file.path,
        reason: "not a valid .npy file, or not one of plain numbers: its header is "
          + String(decoding: parser.text.prefix(100), as: UTF8.self).debugDescription)
    }
    return (header, start + length)
  }

  /// Reads the dictionary; the result is nil for anything that NumPy does not write.
  private struct Parser {
    let text: [UInt8]
    private var position = 0

    init(text: [UInt8]) { self.text = text }

    /// Reads the whole text.
    mutating func header() -> NumPyHeader? {
      var header = NumPyHeader()
      var missing: Set = ["descr", "fortran_order", "shape"]
      guard skip("{") else { return nil }
      while !missing.isEmpty {
        guard let key = string(), missing.remove(key) != nil, skip(":"), member(key, of: &header),
          skip(",") || missing.isEmpty
        else { return nil }
      }
      return skip("}") && isAtEnd ? header : nil
    }

    private mutating func member(_ key: String, of header: inout NumPyHeader) -> Bool {
      switch key {
      case "descr":
        guard let type = string() else { return false }
        header.type = type
      case "fortran_order":
        header.isFortranOrder = skip("True")
        return header.isFortranOrder || skip("False")
      default:
        guard let shape = tuple() else { return false }
        header.shape = shape
      }
      return true
    }

    /// Reads `()`, `(2,)`, `(2, 3)` or `(2, 3,)`, but not `(2)`, which is not a tuple in Python.
    private mutating func tuple() -> [Int]? {
      guard skip("(") else { return nil }
      var (items, hasComma) = ([Int](), true)
      while !skip(")") {
        guard hasComma, items.count < 64, let item = number() else { return nil }
        items.append(item)
        hasComma = skip(",")
      }
      return items.count == 1 && !hasComma ? nil : items
    }

    private mutating func number() -> Int? {
      skipBlanks()
      let digits = text[position...].prefix { (48...57).contains($0) }
      position += digits.count
      return Int(String(decoding: digits, as: UTF8.self))
    }

    /// Reads a string in quotes of either kind, without escapes.
    private mutating func string() -> String? {
      skipBlanks()
      guard position < text.count, text[position] == 0x22 || text[position] == 0x27 else {
        return nil
      }
      let quote = text[position]
      let content = text[(position + 1)...].prefix { $0 != quote && $0 != 0x5C }
      guard content.endIndex < text.count, text[content.endIndex] == quote else { return nil }
      position = content.endIndex + 1
      return String(decoding: content, as: UTF8.self)
    }

    private mutating func skip(_ word: String) -> Bool {
      skipBlanks()
      guard text[position...].starts(with: word.utf8) else { return false }
      position += word.utf8.count
      return true
    }

    private var isAtEnd: Bool {
      mutating get {
        skipBlanks()
        return position == text.count
      }
    }

    private mutating func skipBlanks() {
      while position < text.count, text[position] == 0x20 || text[position] == 0x0A {
        position += 1
      }
    }
  }
}
