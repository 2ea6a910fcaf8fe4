package import Studies

extension ComparisonReport {
  /// One row for each candidate, one column for each kind of Linear: the mean error in per cent.
  ///
  /// It fits a terminal whatever the number of blocks. The best of each scheme is marked.
  package var byModule: Table {
    let standings = Standings(self)
    var table = Table(
      [Table.Column("method", .leading), Table.Column("scheme", .leading)]
        + standings.modules.map { Table.Column($0.name) })
    let means = standings.modules.map { module in
      candidates.indices.map {
        standings.mean(of: standings.errors, $0, over: module.members)
      }
    }
    let best = means.map(standings.least)
    for (index, candidate) in candidates.enumerated() {
      let cells = zip(means, best).map { means, best in
        Table.Cell.percent(means[index]).marked(best.contains(index))
      }
      table.append([.words(standings.names[index]), .words(candidate.scheme)] + cells)
    }
    return table
  }

  /// One row for each Linear, one column for each candidate: the error in per cent.
  ///
  /// It is too long and wide for a terminal. The best of each scheme is marked.
  package var byLinear: Table {
    let standings = Standings(self)
    var table = Table(
      [Table.Column("Linear", .leading), Table.Column("shape")]
        + zip(standings.names, candidates).map { Table.Column($0, detail: $1.scheme) })
    let count = standings.errors.first?.count ?? 0
    for (position, linear) in (candidates.first?.linears ?? []).prefix(count).enumerated() {
      let errors = standings.errors.map { $0[position] }
      let best = standings.least(of: errors)
      let cells = errors.indices.map { candidate in
        Table.Cell.percent(errors[candidate]).marked(best.contains(candidate))
      }
      table.append([.words(linear.name), .words("\(linear.rows) x \(linear.columns)")] + cells)
    }
    return table
  }
}
