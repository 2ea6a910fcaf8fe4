public import Pipeline

extension ComparisonReport {
  /// Who wins in which decoder block: for each scheme one row of all blocks, then one for each, with
  /// the winner and the mean rank of every method over the block's Linears.
  ///
  /// Ranks count from 1 and compare candidates of one scheme only; a scheme with one candidate has no
  /// row. The winner has the least mean rank, and of several such the least mean error.
  public var ranking: Table {
    let standings = Standings(self)
    let rivalries = standings.schemes.filter { $0.members.count > 1 }
    let methods = standings.methods.filter { method in
      rivalries.contains { !Set($0.members).isDisjoint(with: method.members) }
    }
    var table = Table(
      [Table.Column("block"), Table.Column("scheme", .leading), Table.Column("best", .leading)]
        + methods.map { Table.Column($0.name) })
    let everything = Group(name: "all", members: Array(standings.errors.first?.indices ?? 0..<0))
    for scheme in rivalries {
      for block in [everything] + standings.blocks {
        guard let winner = standings.winner(among: scheme.members, in: block.members) else {
          continue
        }
        let ranks = methods.map { method in
          method.members.first(where: scheme.members.contains).map { candidate in
            Table.Cell.fixed(
              standings.mean(of: standings.ranks, candidate, over: block.members), 2
            ).marked(candidate == winner)
          } ?? .missing
        }
        table.append(
          [.words(block.name), .words(scheme.name), .words(standings.names[winner])] + ranks)
      }
    }
    return table
  }
}

extension Standings {
  /// The rival with the least mean rank over some Linears, and of several such the least mean error.
  func winner(among rivals: [Int], in linears: [Int]) -> Int? {
    guard !linears.isEmpty else { return nil }
    return rivals.min { one, other in
      let (rank, otherRank) = (place(one, in: linears), place(other, in: linears))
      return (rank.0, rank.1) < (otherRank.0, otherRank.1)
    }
  }

  private func place(_ candidate: Int, in linears: [Int]) -> (Double, Double) {
    (
      mean(of: ranks, candidate, over: linears) ?? .infinity,
      mean(of: errors, candidate, over: linears) ?? .infinity
    )
  }
}
