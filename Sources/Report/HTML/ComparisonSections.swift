internal import Solvers
internal import Studies

/// The sections of the page, from the answer to the details.
struct ComparisonSections {
  let report: ComparisonReport
  let figures: ComparisonFigures

  private var standings: Standings { figures.standings }

  @MarkupBuilder var markup: Markup {
    verdicts
    section(
      "Totals",
      """
      Errors are means over Linears. Rank is the mean over Linears of the place among the candidates \
      of the same scheme; 1 is the best. The best of each scheme is underlined.\(activationNote)
      """
    ) { report.totals.html(caption: "Totals", keys: 2) }
    plots(
      "Loss and size", "", [figures.errorOverBits, figures.perplexityOverBits],
      legend: figures.legend(withSchemes: false))
    section(
      "By kind of Linear", "The mean \(standings.judge.words) in per cent."
    ) { report.byModule.html(caption: "By kind of Linear", keys: 2) }
    plots(
      "Over depth", "Each plot has its own scale.", figures.depth,
      legend: figures.legend(withSchemes: true))
    plots(
      "Scale factors",
      """
      The factors s by which input channels were divided and weights multiplied, over all Linears of a \
      block: the line is the median, the band goes from the smallest to the largest, and the dots \
      are at 1.
      """, figures.scales)
    if !report.ranking.isEmpty {
      section("Ranking by block", "Mean ranks over the Linears of a block.") {
        report.ranking.html(caption: "Ranking by block", keys: 2)
      }
    }
    section("Every Linear", "The \(standings.judge.words) in per cent.") {
      report.byLinear.html(caption: "Every Linear", keys: 2)
    }
  }

  /// A sentence for each scheme, with the candidates that lose the least and the most.
  @MarkupBuilder private var verdicts: Markup {
    let means = standings.errors.map(\.mean)
    let best = standings.least(of: means)
    if !best.isEmpty {
      tag("ul") {
        for scheme in standings.schemes {
          if let winner = scheme.members.first(where: best.contains),
            let loser = scheme.members.max(by: { (means[$0] ?? 0) < (means[$1] ?? 0) })
          {
            tag("li") {
              scheme.name + ": "
              tag("strong") { standings.names[winner] }
              " loses least, \(Numbers.percent(means[winner]))\u{A0}% (\(standings.judge.words)); "
              "\(standings.names[loser]) most, \(Numbers.percent(means[loser]))\u{A0}%."
            }
          }
        }
      }
    }
  }

  /// A note that errors include the rounding of inputs, if they do.
  private var activationNote: String {
    report.candidates.contains { $0.linears.contains { $0.error.activation != nil } }
      ? " Ranks, plots and the tables below include the error that rounding the inputs adds." : ""
  }

  private func section(_ title: String, _ words: String, @MarkupBuilder _ content: () -> Markup)
    -> Markup
  {
    tag("section") {
      tag("h2") { title }
      if !words.isEmpty { tag("p", ["class": "quiet"]) { words } }
      content()
    }
  }

  /// A section of figures; empty if there are none.
  @MarkupBuilder private func plots(
    _ title: String, _ words: String, _ plots: [Plot?], legend: Markup = Markup()
  ) -> Markup {
    let plots = plots.compactMap { $0 }
    if !plots.isEmpty {
      section(title, words) {
        legend
        tag("div", ["class": "plots"]) { for plot in plots { plot.figure } }
      }
    }
  }
}
