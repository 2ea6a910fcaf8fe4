package import Studies

extension ComparisonReport {
  /// The winner of each scheme, over all decoder blocks together and then block by block.
  ///
  /// Each row also has the mean rank of every method over the block's Linears. Ranks start at 1 and
  /// only compare candidates of the same scheme; a scheme with a single candidate has no row. The
  /// winner has the lowest mean rank; between several of those, the lowest mean error decides.
  package var ranking: Table {
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
        guard !block.members.isEmpty else { continue }
        let winner = standings.winner(among: scheme.members, in: block.members)
        let ranks = methods.map { method in
          method.members.first(where: scheme.members.contains).map { candidate in
            Table.Cell.fixed(
              standings.mean(of: standings.ranks, candidate, over: block.members), 2
            ).marked(candidate == winner)
          } ?? .missing
        }
        let best = winner.map { Table.Cell.words(standings.names[$0]) } ?? .missing
        table.append([.words(block.name), .words(scheme.name), best] + ranks)
      }
    }
    return table
  }
}

extension Standings {
  /// The rival with the lowest mean rank over some Linears.
  ///
  /// Between equal ranks the lowest mean error decides; if that is equal too, the result is nil.
  func winner(among rivals: [Int], in linears: [Int]) -> Int? {
    func least(_ rivals: [Int], of values: [[Double]]) -> [Int] {
      let means = rivals.map { mean(of: values, $0, over: linears) ?? .infinity }
      let least = means.min()
      return zip(rivals, means).filter { $0.1 == least }.map(\.0)
    }
    let first = least(rivals, of: ranks)
    let best = first.count > 1 ? least(first, of: errors) : first
    return best.count == 1 ? best[0] : nil
  }
}
