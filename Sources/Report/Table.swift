/// Rows of cells under headings, from which all formats of a table are made.
package struct Table: Sendable {
  /// How a column is aligned.
  package enum Alignment: Sendable {
    /// To the left, for words.
    case leading
    /// To the right, for numbers.
    case trailing
  }

  /// The heading of a column and how it is aligned.
  package struct Column: Sendable {
    /// What the column is about.
    let name: String
    /// What distinguishes it from columns of the same name, if there are any.
    let detail: String?
    let alignment: Alignment

    /// A column.
    package init(_ name: String, detail: String? = nil, _ alignment: Alignment = .trailing) {
      (self.name, self.detail, self.alignment) = (name, detail, alignment)
    }

    /// Name and detail on one line.
    var heading: String { name + (detail.map { " " + $0 } ?? "") }
  }

  let columns: [Column]
  private(set) var rows: [[Cell]] = []

  /// A table without rows.
  package init(_ columns: [Column]) { self.columns = columns }

  /// Whether there are no rows.
  package var isEmpty: Bool { rows.isEmpty }

  /// Appends a row.
  ///
  /// - Precondition: one cell for each column.
  public mutating func append(_ cells: [Cell]) {
    precondition(cells.count == columns.count, "\(cells.count) cells, \(columns.count) columns")
    rows.append(cells)
  }

  /// Appends a row of words.
  ///
  /// - Precondition: one word for each column.
  public mutating func append(_ words: [String]) { append(words.map(Cell.words)) }
}
