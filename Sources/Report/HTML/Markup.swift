/// A piece of HTML or SVG that is well formed as XML, too: every text in it is escaped, every element
/// is closed.
struct Markup: Sendable {
  /// The characters of the piece.
  private(set) var source = ""

  /// Nothing.
  init() {}

  /// Text that says what it says, whatever is in it.
  init(text: String) { source = text.escaped }

  /// A style sheet, which HTML takes as it is; a literal, so nobody's data.
  init(css: StaticString) { source = "<style>\n\(css)\n</style>\n" }

  fileprivate init(source: String) { self.source = source }
}

/// An element with its content, to which strings contribute text.
func tag(
  _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:],
  @MarkupBuilder _ content: () -> Markup = { Markup() }
) -> Markup {
  let attributes = attributes.map { " \($0.key)=\"\($0.value.escaped)\"" }.joined()
  let content = content().source
  // HTML wants these two without an end; a slash does not disturb it, and XML needs it.
  if ["meta", "wbr"].contains("\(name)") { return Markup(source: "<\(name)\(attributes)/>") }
  return Markup(source: "<\(name)\(attributes)>\(content)</\(name)>")
}

/// Joins what the lines of a block say.
@resultBuilder enum MarkupBuilder {
  static func buildExpression(_ markup: Markup) -> Markup { markup }
  static func buildExpression(_ text: String) -> Markup { Markup(text: text) }
  static func buildBlock(_ parts: Markup...) -> Markup { buildArray(parts) }
  static func buildOptional(_ part: Markup?) -> Markup { part ?? Markup() }
  static func buildEither(first part: Markup) -> Markup { part }
  static func buildEither(second part: Markup) -> Markup { part }
  static func buildArray(_ parts: [Markup]) -> Markup {
    Markup(source: parts.map(\.source).joined())
  }
}

extension String {
  /// The string as text or attribute of HTML and XML.
  fileprivate var escaped: String {
    spelled { scalar in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      case "'": "&#39;"
      case "\n", "\t": nil
      // XML has no way to say these.
      case "\u{FFFE}", "\u{FFFF}": "\u{FFFD}"
      default: scalar.properties.generalCategory == .control ? "\u{FFFD}" : nil
      }
    }
  }
}
