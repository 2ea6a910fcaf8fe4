package import Studies

extension ComparisonReport {
  /// The report as a self-contained HTML page: no scripts, no network, no other files.
  package var html: String {
    let title = "Quantizations of \(model) compared"
    let page = tag("html", ["lang": "en"]) {
      tag("head") {
        tag("meta", ["charset": "utf-8"])
        tag("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
        // The page loads nothing; the browser enforces that even if a name from a file tries to.
        tag(
          "meta",
          [
            "http-equiv": "Content-Security-Policy",
            "content": "default-src 'none'; style-src 'unsafe-inline'",
          ])
        tag("title") { title }
        Markup.stylesheet
      }
      tag("body") {
        tag("main") {
          tag("h1") { title }
          tag("p", ["class": "quiet"]) { origin }
          ComparisonSections(report: self, figures: ComparisonFigures(self)).markup
        }
      }
    }
    return "<!DOCTYPE html>\n" + page.source + "\n"
  }

  private var origin: String {
    let linears = candidates.first?.linears.count ?? 0
    return "Candidates: \(candidates.count); Linears: \(linears); "
      + "\(Numbers.count(calibrationTokens)) calibration and \(Numbers.count(heldOutTokens)) "
      + "held-out tokens; \(Numbers.duration(seconds))."
  }
}
