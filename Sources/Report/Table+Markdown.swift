extension Table {
  /// The table in GitHub's Markdown; the best of rivals is bold.
  package var markdown: String {
    let rule = columns.map { $0.alignment == .leading ? ":--" : "--:" }
    let cells = rows.map { row in
      row.map { $0.isBest ? "**\($0.text.inMarkdown)**" : $0.text.inMarkdown }
    }
    return ([columns.map(\.heading.inMarkdown), rule] + cells)
      .map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
  }
}

extension String {
  /// The string with a backslash before every character that Markdown would take for markup.
  fileprivate var inMarkdown: String {
    // Underscores inside words are not markup, and names are full of them.
    var previous: Unicode.Scalar = " "
    let scalars = Array(withoutControls.unicodeScalars)
    var result = ""
    for (position, scalar) in scalars.enumerated() {
      let next = position + 1 < scalars.count ? scalars[position + 1] : " "
      let isInside = previous.properties.isAlphabetic && next.properties.isAlphabetic
      if "\\`*[]<>|~&".unicodeScalars.contains(scalar) || (scalar == "_" && !isInside) {
        result += "\\"
      }
      result.unicodeScalars.append(scalar)
      previous = scalar
    }
    return result
  }
}
