/// Rows of text under headings: the one way in which results become a table.
public struct Table: Sendable {
  /// How a column is aligned.
  public enum Alignment: Sendable {
    /// To the left, for words.
    case leading
    /// To the right, for numbers.
    case trailing
  }

  /// A heading and how its column is aligned.
  public struct Column: Sendable {
    let heading: String
    let alignment: Alignment

    /// A column.
    public init(_ heading: String, _ alignment: Alignment = .trailing) {
      self.heading = heading
      self.alignment = alignment
    }
  }

  private let columns: [Column]
  private var rows: [[String]] = []

  /// A table without rows.
  public init(_ columns: [Column]) { self.columns = columns }

  /// Appends a row.
  ///
  /// - Precondition: one cell for each column.
  public mutating func append(_ cells: [String]) {
    precondition(cells.count == columns.count, "\(cells.count) cells, \(columns.count) columns")
    rows.append(cells)
  }

  /// The table as aligned lines, for a terminal.
  public var text: String {
    let widths = columns.indices.map { column in
      ([columns[column].heading] + rows.map { $0[column] }).map(\.count).max() ?? 0
    }
    let lines = [columns.map(\.heading), widths.map { String(repeating: "-", count: $0) }] + rows
    return lines.map { cells in
      zip(cells, zip(columns, widths)).map { cell, column in
        let space = String(repeating: " ", count: column.1 - cell.count)
        return column.0.alignment == .leading ? cell + space : space + cell
      }.joined(separator: "  ").trimmingTrailingSpaces
    }.joined(separator: "\n")
  }
}

extension String {
  /// The string without spaces at its end.
  fileprivate var trimmingTrailingSpaces: String {
    String(reversed().drop { $0 == " " }.reversed())
  }
}
