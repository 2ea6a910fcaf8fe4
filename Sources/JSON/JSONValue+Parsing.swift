extension JSONValue {
  /// Parses a JSON text.
  ///
  /// Every deviation from RFC 8259 is an error, for instance trailing commas, comments, leading
  /// zeros, `NaN`, a byte order mark or text after the value; so are invalid UTF-8, unpaired
  /// surrogates and repeated member names.
  ///
  /// - Parameters:
  ///   - bytes: The text as UTF-8.
  ///   - depthLimit: The number of levels to which arrays and objects may be nested.
  /// - Throws: `JSONError` with the position and what was expected there.
  /// - Complexity: O(bytes).
  public init(parsing bytes: [UInt8], depthLimit: Int = 128) throws(JSONError) {
    var parser = JSONParser(bytes: bytes, depthLimit: depthLimit)
    self = try parser.text()
  }

  /// Parses a JSON text from a span.
  ///
  /// - Parameters:
  ///   - bytes: The text as UTF-8.
  ///   - depthLimit: The number of levels to which arrays and objects may be nested.
  /// - Throws: `JSONError` with the position and what was expected there.
  /// - Complexity: O(bytes); the bytes are copied.
  public init(parsing bytes: Span<UInt8>, depthLimit: Int = 128) throws(JSONError) {
    var copy: [UInt8] = []
    copy.reserveCapacity(bytes.count)
    for index in bytes.indices { copy.append(bytes[index]) }
    try self.init(parsing: copy, depthLimit: depthLimit)
  }

  /// Parses a JSON text from a string.
  ///
  /// - Parameters:
  ///   - text: The text.
  ///   - depthLimit: The number of levels to which arrays and objects may be nested.
  /// - Throws: `JSONError` with the position and what was expected there.
  /// - Complexity: O(bytes).
  public init(parsing text: String, depthLimit: Int = 128) throws(JSONError) {
    try self.init(parsing: Array(text.utf8), depthLimit: depthLimit)
  }
}
