// A page as an XML parser reads it, which checks that everything is closed and escaped.

import Foundation
import FoundationXML

/// The elements and the text of a page.
final class Page: NSObject, XMLParserDelegate {
  struct Element {
    let name: String
    let attributes: [String: String]
  }

  private(set) var elements: [Element] = []
  private(set) var text = ""
  private(set) var failure: (any Error)?

  init(_ source: String) {
    super.init()
    let parser = XMLParser(data: Data(source.utf8))
    parser.delegate = self
    if !parser.parse() { failure = parser.parserError ?? CocoaError(.fileReadCorruptFile) }
  }

  func elements(_ name: String) -> [Element] { elements.filter { $0.name == name } }

  /// The points of all lines, in the order of the page.
  var lines: [[Substring]] {
    elements("polyline").filter { $0.attributes["points"] != "1,6 35,6" }
      .map { ($0.attributes["points"] ?? "").split(separator: " ") }
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String]
  ) {
    elements.append(Element(name: name, attributes: attributes))
  }

  func parser(_ parser: XMLParser, foundCharacters characters: String) { text += characters }
}
