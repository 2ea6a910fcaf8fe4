package import Studies

extension ComparisonReport {
  /// One row for each candidate, with its size, its time and its losses over all Linears.
  ///
  /// Errors are plain means over Linears; *rank* is the mean over Linears of the place among the
  /// candidates of the same scheme, where 1 is the best. A value that no candidate has gets no column.
  package var totals: Table {
    let standings = Standings(self)
    let measures = Measure.all(of: self, standings).filter { measure in
      measure.cells.contains { $0 != .missing }
        || (measure.heading == Measure.perplexity && densePerplexity != nil)
    }
    var table = Table(
      [Table.Column("method", .leading), Table.Column("scheme", .leading)]
        + measures.map { Table.Column($0.heading) })
    if let densePerplexity {
      let cells = measures.map { measure in
        measure.heading == Measure.perplexity ? measure.cell(densePerplexity) : .missing
      }
      table.append([.words("dense"), .missing] + cells)
    }
    for (index, candidate) in candidates.enumerated() {
      table.append(
        [.words(standings.names[index]), .words(candidate.scheme)]
          + measures.map { $0.cells[index] })
    }
    return table
  }
}

/// A column of the totals.
private struct Measure {
  static let perplexity = "perplexity"

  let heading: String
  let cell: (Double?) -> Table.Cell
  /// One for each candidate.
  let cells: [Table.Cell]

  /// A column of values, in which the lowest among rivals is marked if standings are given.
  init(
    _ heading: String, _ values: [Double?], bestAmong standings: Standings? = nil,
    cell: @escaping (Double?) -> Table.Cell
  ) {
    let best = standings?.least(of: values) ?? []
    self.heading = heading
    self.cell = cell
    cells = values.indices.map { cell(values[$0]).marked(best.contains($0)) }
  }

  static func all(of report: ComparisonReport, _ standings: Standings) -> [Measure] {
    let totals = report.candidates.map { CandidateTotals($0) }
    let ranks = standings.ranks.indices.map { candidate in
      standings.schemes.contains { $0.members == [candidate] }
        ? nil : standings.ranks[candidate].mean
    }
    return [
      Measure("bits/weight", totals.map(\.bitsPerWeight)) { .fixed($0, 2) },
      Measure("output error %", totals.map(\.calibration), bestAmong: standings) { .percent($0) },
      Measure("held-out %", totals.map(\.heldOut), bestAmong: standings) { .percent($0) },
      Measure("input rounding %", totals.map(\.activation), bestAmong: standings) { .percent($0) },
      Measure("kept channels %", totals.map(\.keptChannels)) { .percent($0) },
      Measure("error they carried %", totals.map(\.keptError)) { .percent($0) },
      Measure("gap bits", totals.map(\.gap), bestAmong: standings) { .fixed($0, 3) },
      Measure("with scales", totals.map(\.totalGap)) { .fixed($0, 3) },
      Measure("rank", ranks, bestAmong: standings) { .fixed($0, 2) },
      Measure("SNR dB", totals.map(\.decibels)) { .fixed($0, 1) },
      Measure("weight MSE", totals.map(\.weightMSE)) { .scientific($0) },
      Measure("worst row %", totals.map(\.worstRow)) { .percent($0) },
      Measure("clipped %", totals.map(\.clippedShare)) { .percent($0) },
      Measure("seconds", totals.map(\.seconds)) { .fixed($0, 1) },
      Measure(perplexity, report.candidates.map(\.perplexity), bestAmong: standings) {
        .fixed($0, 3)
      },
    ]
  }
}
