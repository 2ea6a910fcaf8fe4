internal import Pipeline
internal import Studies

extension ComparisonFigures {
  func label(of candidate: Int) -> String {
    "\(standings.names[candidate]) \(report.candidates[candidate].scheme)"
  }

  func style(of candidate: Int) -> LineStyle {
    LineStyle(
      method: standings.methods.firstIndex { $0.members.contains(candidate) } ?? 0,
      scheme: standings.schemes.firstIndex { $0.members.contains(candidate) } ?? 0)
  }

  /// The number of a block; nil for a Linear outside all blocks.
  func layer(of block: Group) -> Double? {
    block.members.first.flatMap { report.candidates.first?.linears[$0].layer }.map(Double.init)
  }

  /// A line with one point for each block that has a value.
  func line(_ candidate: Int, _ value: (Group) -> Double?) -> Plot.Line {
    let points: [Plot.Point] = standings.blocks.compactMap { block in
      layer(of: block).flatMap { layer in value(block).map { (layer, $0) } }
    }
    return Plot.Line(name: label(of: candidate), style: style(of: candidate), points: points)
  }

  /// A figure over bits per weight, with a line through the candidates of each method.
  func overBits(
    _ title: String, _ yLabel: String, level: Plot.Level? = nil, _ value: (Int) -> Double?
  ) -> Plot? {
    let lines = standings.methods.enumerated().map { method, group in
      let points: [Plot.Point] = group.members.compactMap { candidate in
        CandidateTotals(report.candidates[candidate]).bitsPerWeight.flatMap { bits in
          value(candidate).map { (bits, $0) }
        }
      }
      return Plot.Line(
        name: group.name, style: LineStyle(method: method), points: points.sorted { $0.x < $1.x })
    }
    return Plot(
      title: title, xLabel: "bits per weight", yLabel: yLabel, x: .linear, y: .logarithmic,
      lines: lines, level: level)
  }
}
