extension Table {
  /// The table in its own box, which scrolls if the page is narrower.
  ///
  /// - Parameters:
  ///   - caption: What the table shows.
  ///   - keys: The number of leading columns that identify a row; they are merged into one.
  /// - Returns: The box with the table in it.
  func html(caption: String, keys: Int = 1) -> Markup {
    // The box of a long table is at most one screen high, so that the headings stay in sight.
    let style = rows.count > 40 ? "tall box" : "box"
    return tag("div", ["class": style, "role": "region", "aria-label": caption, "tabindex": "0"]) {
      tag("table", ["style": "--columns:\(columns.count - keys + 1)"]) {
        tag("caption") { caption }
        tag("thead") { tag("tr") { header(keys: keys) } }
        tag("tbody") { for row in rows { tag("tr") { line(row, keys: keys) } } }
      }
    }
  }

  @MarkupBuilder private func header(keys: Int) -> Markup {
    tag("th", ["scope": "col", "class": "key"]) { stacked(columns.prefix(keys).map(\.heading)) }
    for column in columns.dropFirst(keys) {
      tag("th", ["scope": "col", "class": column.alignment.style]) {
        stacked([column.name, column.detail ?? ""])
      }
    }
  }

  @MarkupBuilder private func line(_ row: [Cell], keys: Int) -> Markup {
    tag("th", ["scope": "row", "class": "key"]) {
      stacked(row.prefix(keys).map { $0 == .missing ? "" : $0.text })
    }
    for (cell, column) in zip(row, columns).dropFirst(keys) {
      tag("td", ["class": column.alignment.style]) {
        if cell.isBest { tag("strong") { cell.text } } else { cell.text }
      }
    }
  }

  /// The first string in full size, the others small beside or beneath it.
  @MarkupBuilder private func stacked(_ words: [String]) -> Markup {
    for (position, word) in words.enumerated() {
      if position == 0 {
        breakable(word)
      } else if !word.isEmpty {
        " "
        tag("small") { word }
      }
    }
  }
}

/// A name that may be broken after each dot, so that long names fit a small screen.
@MarkupBuilder private func breakable(_ words: String) -> Markup {
  for (position, part) in words.split(separator: ".", omittingEmptySubsequences: false).enumerated()
  {
    if position > 0 {
      "."
      tag("wbr")
    }
    String(part)
  }
}

extension Table.Alignment {
  /// The CSS class of the alignment.
  fileprivate var style: String { self == .leading ? "words" : "number" }
}
