extension Table {
  /// What stands in one place of a table: a text for people, and another for programs.
  ///
  /// People get three digits, programs all of them; people get a dash where there is nothing,
  /// programs an empty field.
  public struct Cell: Sendable, Equatable {
    /// What people read.
    let text: String
    /// What programs read.
    let field: String
    /// Whether it is the best of those that it may be compared with.
    var isBest = false

    /// The cell, marked as the best of its rivals or not.
    func marked(_ isBest: Bool) -> Cell {
      var cell = self
      cell.isBest = isBest
      return cell
    }

    /// Nothing to say.
    public static let missing = Cell(text: "-", field: "")

    /// Words, the same for everybody.
    public static func words(_ words: String) -> Cell { Cell(text: words, field: words) }

    /// An integer.
    public static func integer(_ value: Int?) -> Cell { value.map { .words("\($0)") } ?? .missing }

    /// A ratio in per cent, as its heading should say.
    public static func percent(_ ratio: Double?) -> Cell {
      number(ratio.map { 100 * $0 }) { _ in Numbers.percent(ratio) }
    }

    /// A number of which people see so many digits after the point.
    public static func fixed(_ value: Double?, _ digits: Int) -> Cell {
      number(value) { Numbers.fixed($0, digits) }
    }

    /// A number of any size, of which people see three digits and the power of ten.
    public static func scientific(_ value: Double?) -> Cell {
      number(value, text: Numbers.scientific)
    }

    private static func number(_ value: Double?, text: (Double) -> String) -> Cell {
      value.map { Cell(text: text($0), field: "\($0)") } ?? .missing
    }
  }
}
