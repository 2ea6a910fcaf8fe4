import JSON

/// A section of a `tokenizer.json`: a JSON value whose readers throw `TokenizerError`.
struct Section {
  private let field: JSONField

  init(_ field: JSONField) { self.field = field }

  var path: String { field.path.isEmpty ? "tokenizer.json" : field.path }

  /// The member `type`.
  func type() throws(TokenizerError) -> String { try string("type") }

  func unsupported(_ found: String, supported: String) -> TokenizerError {
    .unsupported(section: path, found: found, supported: supported)
  }

  func inconsistent(_ found: String, needed: String) -> TokenizerError {
    .inconsistent(section: path, found: found, needed: needed)
  }

  // MARK: Members

  func section(_ name: String) throws(TokenizerError) -> Section {
    Section(try read { field throws(JSONError) in try field.member(name) })
  }

  /// The member, or nil if it is absent or null.
  func optionalSection(_ name: String) throws(TokenizerError) -> Section? {
    try read { field throws(JSONError) in try field.optionalMember(name) }.map(Section.init)
  }

  func list(_ name: String) throws(TokenizerError) -> [Section] {
    try read { field throws(JSONError) in try field.member(name).array }.map(Section.init)
  }

  func string(_ name: String) throws(TokenizerError) -> String {
    try read { field throws(JSONError) in try field.member(name).string }
  }

  func bytes(_ name: String) throws(TokenizerError) -> [UInt8] { Array(try string(name).utf8) }

  func optionalString(_ name: String) throws(TokenizerError) -> String? {
    try read { field throws(JSONError) in try field.optionalMember(name)?.string }
  }

  /// A string of exactly one Unicode scalar.
  func scalar(_ name: String) throws(TokenizerError) -> Unicode.Scalar {
    let text = try string(name)
    guard let scalar = text.unicodeScalars.first, text.unicodeScalars.count == 1 else {
      throw try section(name).inconsistent("\"\(text)\"", needed: "one Unicode scalar")
    }
    return scalar
  }

  func bool(_ name: String) throws(TokenizerError) -> Bool {
    try read { field throws(JSONError) in try field.member(name).bool }
  }

  func bool(_ name: String, default value: Bool) throws(TokenizerError) -> Bool {
    try read { field throws(JSONError) in try field.optionalMember(name)?.bool } ?? value
  }

  func int(_ name: String) throws(TokenizerError) -> Int {
    try read { field throws(JSONError) in try field.member(name).int }
  }

  func double(_ name: String, default value: Double) throws(TokenizerError) -> Double {
    try read { field throws(JSONError) in try field.optionalMember(name)?.double } ?? value
  }

  /// An array of token ids.
  func ids(_ name: String) throws(TokenizerError) -> [TokenID] {
    var ids: [TokenID] = []
    for value in try read({ field throws(JSONError) in try field.member(name).ints }) {
      guard let id = TokenID(exactly: value) else {
        throw try section(name).inconsistent("\(value)", needed: "ids of 32 bits")
      }
      ids.append(id)
    }
    return ids
  }

  // MARK: The value itself

  func object() throws(TokenizerError) -> JSONObject {
    try read { field throws(JSONError) in try field.object }
  }

  /// The elements without their paths, which would cost an allocation each.
  func values() throws(TokenizerError) -> [JSONValue] {
    if case .array(let values) = field.value { return values }
    return try read { field throws(JSONError) in try field.array }.map(\.value)
  }

  /// The members in the order of the file.
  func members() throws(TokenizerError) -> [(name: String, section: Section)] {
    try read { field throws(JSONError) in try field.members }.map { ($0.name, Section($0.field)) }
  }

  private func read<Value>(
    _ body: (JSONField) throws(JSONError) -> Value
  ) throws(TokenizerError) -> Value {
    do { return try body(field) } catch { throw .json(error) }
  }
}
