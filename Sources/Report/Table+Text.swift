extension Table {
  /// The table as aligned lines, for a terminal; a star follows the best of rivals.
  package var text: String {
    // If one cell of a column has a star, the others get a space, to keep digits aligned.
    let hasStars = columns.indices.map { column in rows.contains { $0[column].isBest } }
    let cells = rows.map { row in
      zip(row, hasStars).map { cell, hasStars in
        cell.text.withoutControls + (cell.isBest ? "*" : hasStars ? " " : "")
      }
    }
    let headings = columns.map(\.heading.withoutControls)
    let widths = columns.indices.map { column in
      ([headings] + cells).map { $0[column].count }.max() ?? 0
    }
    let rule = widths.map { String(repeating: "-", count: $0) }
    return ([headings, rule] + cells).map { line in
      zip(line, zip(columns, widths)).map { cell, place in
        let space = String(repeating: " ", count: place.1 - cell.count)
        return place.0.alignment == .leading ? cell + space : space + cell
      }.joined(separator: "  ").trimmingTrailingSpaces
    }.joined(separator: "\n")
  }
}

extension String {
  /// The string with some of its scalars replaced; nil keeps a scalar.
  ///
  /// This goes by scalars, not characters: to Swift, a quote and a combining accent after it are one
  /// character, which is not a quote; to a reader of the output, the quote still is one.
  func spelled(_ spelling: (Unicode.Scalar) -> String?) -> String {
    var result = ""
    for scalar in unicodeScalars {
      if let replacement = spelling(scalar) {
        result += replacement
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// The string on one line, with a visible sign for each control character.
  var withoutControls: String {
    spelled { $0.properties.generalCategory == .control ? "\u{FFFD}" : nil }
  }

  /// The string without trailing spaces.
  fileprivate var trimmingTrailingSpaces: String {
    String(reversed().drop { $0 == " " }.reversed())
  }
}
