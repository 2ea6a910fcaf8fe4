/// A piece of HTML or SVG that is also well-formed XML.
///
/// All text in it is escaped, and every element is closed.
struct Markup: Sendable {
  /// The source text.
  private(set) var source = ""

  /// An empty piece.
  init() {}

  /// Text, which is shown literally whatever characters it contains.
  init(text: String) { source = text.escaped }

  /// A style sheet, which is not escaped; as a literal, it cannot contain input data.
  init(css: StaticString) { source = "<style>\n\(css)\n</style>\n" }

  fileprivate init(source: String) { self.source = source }
}

/// An element with its content, in which strings become text.
func tag(
  _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:],
  @MarkupBuilder _ content: () -> Markup = { Markup() }
) -> Markup {
  let attributes = attributes.map { " \($0.key)=\"\($0.value.escaped)\"" }.joined()
  let content = content().source
  // These two have no end tag in HTML; XML needs the slash, which HTML ignores.
  if ["meta", "wbr"].contains("\(name)") { return Markup(source: "<\(name)\(attributes)/>") }
  return Markup(source: "<\(name)\(attributes)>\(content)</\(name)>")
}

/// Joins the pieces that the lines of a block produce.
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
  /// The string, escaped for use as text or as an attribute in HTML and XML.
  fileprivate var escaped: String {
    spelled { scalar in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      case "'": "&#39;"
      case "\n", "\t": nil
      // XML cannot represent these.
      case "\u{FFFE}", "\u{FFFF}": "\u{FFFD}"
      default: scalar.properties.generalCategory == .control ? "\u{FFFD}" : nil
      }
    }
  }
}
