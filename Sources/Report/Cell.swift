extension Table {
  /// A cell of a table, with one text for people and another for programs.
  ///
  /// People see rounded numbers, and a dash for a missing value; programs get all digits, and an
  /// empty field.
  package struct Cell: Sendable, Equatable {
    /// What people read.
    let text: String
    /// What programs read.
    let field: String
    /// Whether the cell is the best among its rivals.
    var isBest = false

    /// The cell with a new mark, which says whether it is the best among its rivals.
    func marked(_ isBest: Bool) -> Cell {
      var cell = self
      cell.isBest = isBest
      return cell
    }

    /// A missing value.
    package static let missing = Cell(text: "-", field: "")

    /// Words, which are the same for people and programs.
    package static func words(_ words: String) -> Cell { Cell(text: words, field: words) }

    /// An integer.
    package static func integer(_ value: Int?) -> Cell { value.map { .words("\($0)") } ?? .missing }

    /// A ratio in per cent, which the column's heading should say.
    package static func percent(_ ratio: Double?) -> Cell {
      number(ratio.map { 100 * $0 }) { _ in Numbers.percent(ratio) }
    }

    /// A number that people see with a given number of digits after the point.
    package static func fixed(_ value: Double?, _ digits: Int) -> Cell {
      number(value) { Numbers.fixed($0, digits) }
    }

    /// A number of any size, which people see with three digits and a power of ten.
    package static func scientific(_ value: Double?) -> Cell {
      number(value, text: Numbers.scientific)
    }

    private static func number(_ value: Double?, text: (Double) -> String) -> Cell {
      value.map { Cell(text: text($0), field: "\($0)") } ?? .missing
    }
  }
}
