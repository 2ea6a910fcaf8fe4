internal import Studies

/// The figures of a comparison; those with nothing to draw are left out.
struct ComparisonFigures {
  let report: ComparisonReport
  let standings: Standings

  init(_ report: ComparisonReport) {
    self.report = report
    standings = Standings(report)
  }

  /// The colours and markers of methods and, on request, the dashes of schemes.
  func legend(withSchemes: Bool) -> Markup {
    let schemes = withSchemes && standings.schemes.count > 1 ? standings.schemes : []
    return tag("ul", ["class": "legend"]) {
      for (method, group) in standings.methods.enumerated() {
        LegendEntry(name: group.name, style: LineStyle(method: method)).markup
      }
      for (scheme, group) in schemes.enumerated() {
        LegendEntry(name: group.name, style: LineStyle(method: 6, scheme: scheme), hasMarker: false)
          .markup
      }
    }
  }

  /// The error over depth, one plot for each kind of Linear, each with its own scale.
  var depth: [Plot] {
    standings.modules.compactMap { module in
      let lines = report.candidates.indices.map { candidate in
        line(candidate) { block in
          let linears = block.members.filter(Set(module.members).contains)
          return standings.mean(of: standings.errors, candidate, over: linears).map { 100 * $0 }
        }
      }
      return Plot(
        title: module.name, xLabel: "decoder block", yLabel: "\(standings.judge.words), %",
        x: .integer, y: .logarithmic, lines: lines)
    }
  }

  /// The mean error over the bits per weight, with a line for each method.
  var errorOverBits: Plot? {
    overBits("Error and size", "\(standings.judge.words), %") { candidate in
      standings.errors[candidate].mean.map { 100 * $0 }
    }
  }

  /// The perplexity over the bits per weight, with that of the dense model.
  var perplexityOverBits: Plot? {
    let dense = report.densePerplexity.map { Plot.Level(name: "dense", value: $0) }
    return overBits("Perplexity and size", "perplexity", level: dense) {
      report.candidates[$0].perplexity
    }
  }

  /// The range of the factors s over depth, one plot for each candidate that scales its inputs.
  var scales: [Plot] {
    report.candidates.indices.compactMap { candidate in
      let linears = report.candidates[candidate].linears
      let sorted = standings.blocks.map { block in
        block.members.flatMap { linears[$0].inputScales ?? [] }.filter(\.isFinite).sorted()
      }
      func points(_ choose: ([Float]) -> Float?) -> [Plot.Point] {
        zip(standings.blocks, sorted).compactMap { block, scales in
          layer(of: block).flatMap { layer in choose(scales).map { (layer, Double($0)) } }
        }
      }
      let style = style(of: candidate)
      let (least, median, most) = (
        points(\.first), points { $0.isEmpty ? nil : $0[$0.count / 2] }, points(\.last)
      )
      return Plot(
        title: label(of: candidate), xLabel: "decoder block",
        yLabel: "factor s: least, median, most", x: .integer, y: .logarithmic,
        lines: [
          Plot.Line(name: "median", style: style, points: median)
        ], band: Plot.Band(style: style, lower: least, upper: most),
        level: Plot.Level(name: "", value: 1))
    }
  }
}
