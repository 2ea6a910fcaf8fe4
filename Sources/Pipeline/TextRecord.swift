internal import JSON

/// The text of a record of a `.jsonl` file, in any of the forms that people have.
///
/// Conversations are the turns one after another, a line each, without the words that a chat template would
/// put around them.
struct TextRecord {
  /// The text.
  let text: String

  /// Reads a record: `text`; `content`; `messages` (OpenAI's) or `conversations` (ShareGPT's); `prompt` with
  /// `completion`; `instruction` with `input` and `output` (Alpaca's).
  ///
  /// - Throws: ``JSONError`` for anything else; what is missing then is `text`.
  init(_ record: JSONField) throws(JSONError) {
    for name in ["text", "content"] {
      if let field = try record.optionalMember(name) {
        text = try field.string
        return
      }
    }
    for name in ["messages", "conversations"] {
      if let turns = try record.optionalMember(name) {
        var said: [String] = []
        for turn in try turns.array { if let words = try Self.turn(turn) { said.append(words) } }
        text = said.joined(separator: "\n")
        return
      }
    }
    for names in [["prompt", "completion"], ["instruction", "input", "output"]] {
      var parts: [String] = []
      for name in names {
        if let part = try record.optionalMember(name) { parts.append(try part.string) }
      }
      guard parts.count > 1 else { continue }
      text = parts.filter { !$0.isEmpty }.joined(separator: "\n")
      return
    }
    text = try record.member("text").string
  }

  /// What is said in a turn: a text, or the texts among its parts; nil for one without words, such as the
  /// call of a tool.
  private static func turn(_ turn: JSONField) throws(JSONError) -> String? {
    var found = try turn.optionalMember("value")
    if found == nil { found = try turn.optionalMember("content") }
    guard let content = found else { return nil }
    guard case .array = content.value else { return try content.string }
    var texts: [String] = []
    for part in try content.array {
      if let text = try part.optionalMember("text") { texts.append(try text.string) }
    }
    return texts.joined(separator: "\n")
  }
}
