/// What a reader must refuse, and all that it must say about that: one line of a table.
///
///     place | what stands there | message
package struct HostileCase: Sendable, CustomStringConvertible {
  /// What is in front of the message.
  package let fields: [String]
  /// The whole message, in which `$FOLDER` stands for the folder of the test.
  package let message: String

  /// The fields.
  package var description: String { fields.joined(separator: " | ") }

  /// The cases of a table, whose columns have bars between them.
  ///
  /// - Precondition: every line has as many columns.
  package static func table(_ text: String, columns: Int) -> [HostileCase] {
    text.split(separator: "\n").map { line in
      let cells = line.split(separator: " | ", maxSplits: columns - 1).map {
        String($0.drop { $0 == " " })
      }
      precondition(cells.count == columns, "\(cells.count) columns: \(line)")
      return HostileCase(fields: Array(cells.dropLast()), message: cells[columns - 1])
    }
  }
}
