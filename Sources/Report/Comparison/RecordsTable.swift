internal import Solvers
package import Studies

extension ComparisonReport {
  /// One row for each candidate and Linear, with every measurement, for other programs.
  package var records: Table {
    let hasExperts = candidates.contains { $0.linears.contains { $0.expertTokens != nil } }
    var table = Table(
      [
        Table.Column("method", .leading), Table.Column("scheme", .leading),
        Table.Column("linear", .leading), Table.Column("layer"), Table.Column("rows"),
        Table.Column("columns"), Table.Column("bits per weight"), Table.Column("output error %"),
        Table.Column("held-out %"), Table.Column("input rounding %"), Table.Column("worst row %"),
        Table.Column("weight error %"), Table.Column("weight MSE"), Table.Column("clipped %"),
        Table.Column("kept channels %"), Table.Column("error they carried %"),
        Table.Column("gap bits"), Table.Column("with scales"), Table.Column("order"),
        Table.Column("cell"), Table.Column("loading"), Table.Column("clipping"),
        Table.Column("smallest factor"), Table.Column("largest factor"), Table.Column("seconds"),
      ] + (hasExperts ? [Table.Column("tokens")] : []))
    for candidate in candidates {
      for linear in candidate.linears {
        table.append(
          [.words(candidate.method), .words(candidate.scheme), .words(linear.name)]
            + [linear.layer, linear.rows, linear.columns].map(Table.Cell.integer)
            + [.fixed(linear.bitsPerWeight, 3)] + linear.errorCells
            + linear.gapCells
            + [
              .fixed(linear.inputScales?.min().map(Double.init), 4),
              .fixed(linear.inputScales?.max().map(Double.init), 4), .fixed(linear.seconds, 3),
            ] + (hasExperts ? [.integer(linear.expertTokens)] : []))
      }
    }
    return table
  }
}

extension LinearComparison {
  fileprivate var gapCells: [Table.Cell] {
    let causes = gap?.causes
    return [
      gap?.gap, gap?.total, causes?.order, causes?.cell, causes?.loading, causes?.clipping,
    ].map { .fixed($0, 3) }
  }

  fileprivate var errorCells: [Table.Cell] {
    [error.calibration, error.heldOut, error.activation, error.worstRow, error.weight].map(
      Table.Cell.percent)
      + [.scientific(weightMSE), .percent(clippedShare)]
      + [outliers?.shareOfChannels, outliers?.shareOfError].map(Table.Cell.percent)
  }
}
