package import Studies

extension Divergence {
  /// The comparison by position in the window, and overall.
  package var table: Table {
    var table = Table([
      Table.Column("positions"), Table.Column("predictions"),
      Table.Column("KL divergence"), Table.Column("±"),
      Table.Column("same top token %"), Table.Column("±"),
      Table.Column("log-probability difference"), Table.Column("±"),
    ])
    for part in byPosition {
      table.append(
        part.cells("\(part.positions.lowerBound)-\(part.positions.upperBound)"))
    }
    table.append(overall.cells("all"))
    return table
  }
}

extension Divergence.Part {
  fileprivate func cells(_ positions: String) -> [String] {
    [positions, Numbers.count(predictions)] + klDivergence.cells(6) + agreement.cells(2, 100)
      + logProbabilityDifference.cells(5)
  }
}

extension Estimate {
  /// The value and its standard error, or a dash if there is none, both multiplied by a unit.
  fileprivate func cells(_ digits: Int, _ unit: Double = 1) -> [String] {
    [
      Numbers.fixed(unit * value, digits),
      standardError.map { Numbers.fixed(unit * $0, digits) } ?? "-",
    ]
  }
}
