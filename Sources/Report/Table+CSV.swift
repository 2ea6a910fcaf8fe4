extension Table {
  /// The table as comma-separated values (RFC 4180), with all digits of every number.
  package var csv: String {
    ([columns.map(\.heading)] + rows.map { $0.map(\.field) })
      .map { $0.map(\.quotedIfNeeded).joined(separator: ",") + "\r\n" }.joined()
  }
}

extension String {
  /// The string as a field, in quotes if it contains a comma, a quote or a line break.
  fileprivate var quotedIfNeeded: String {
    guard unicodeScalars.contains(where: { ",\"\r\n".unicodeScalars.contains($0) }) else {
      return self
    }
    return "\"" + spelled { $0 == "\"" ? "\"\"" : nil } + "\""
  }
}
